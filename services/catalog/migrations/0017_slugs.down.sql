DROP TABLE category_slugs;
DROP TABLE product_slugs;
DROP INDEX products_slug_key;
ALTER TABLE products DROP COLUMN slug_key;
