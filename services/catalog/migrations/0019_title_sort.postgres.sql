-- Bytes, whatever the database's own collation is.
ALTER TABLE products ALTER COLUMN title_sort TYPE TEXT COLLATE "C";
