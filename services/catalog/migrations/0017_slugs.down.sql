DROP TABLE category_slugs;
DROP TABLE product_slugs;
DROP INDEX products_look_alike;
ALTER TABLE products DROP COLUMN slug_key;
