ALTER TABLE products ALTER COLUMN title_sort TYPE TEXT COLLATE "default";
