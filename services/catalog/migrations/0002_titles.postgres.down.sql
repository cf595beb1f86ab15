ALTER TABLE product_tags ALTER COLUMN tag TYPE TEXT COLLATE "default";
ALTER TABLE products ALTER COLUMN title_key TYPE TEXT COLLATE "default";
