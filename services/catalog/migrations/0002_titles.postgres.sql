-- Titles sort as they do on SQLite whatever the database's own collation is.
ALTER TABLE products ALTER COLUMN title_key TYPE TEXT COLLATE "C";
ALTER TABLE product_tags ALTER COLUMN tag TYPE TEXT COLLATE "C";
