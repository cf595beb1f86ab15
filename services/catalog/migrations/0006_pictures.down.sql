DROP TABLE product_pictures;
DROP TABLE picture_sizes;
DROP INDEX pictures_seen;
ALTER TABLE pictures RENAME COLUMN seen_at TO created_at;
ALTER TABLE pictures DROP COLUMN height;
ALTER TABLE pictures DROP COLUMN width;
