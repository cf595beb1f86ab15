-- What lists sort and filter by. `title_sort` is the title in the order of the shop's language, hex of
-- bytes, and `title_order` which order that is: a worker replaces what was made for another one, or
-- written by an older process. `vendor_key` is the vendor without case and accents.
ALTER TABLE products ADD COLUMN title_sort TEXT NOT NULL DEFAULT '';
ALTER TABLE products ADD COLUMN title_order TEXT NOT NULL DEFAULT '';
ALTER TABLE products ADD COLUMN vendor_key TEXT NOT NULL DEFAULT '';
-- The highest price of the variants, beside `price`, the lowest one.
ALTER TABLE products ADD COLUMN price_max BIGINT NOT NULL DEFAULT 0;
ALTER TABLE product_categories ADD COLUMN price_max BIGINT NOT NULL DEFAULT 0;

UPDATE products
SET title_sort = title_key, vendor_key = vendor,
    price_max = coalesce((SELECT max(v.price) FROM variants v WHERE v.product_id = products.id),
                         price);
UPDATE product_categories
SET price_max = (SELECT p.price_max FROM products p WHERE p.id = product_categories.product_id);

DROP INDEX products_title;
DROP INDEX products_vendor;
CREATE INDEX products_title_sort ON products (status, title_sort, id);
CREATE INDEX products_vendor_key ON products (status, vendor_key, id);
CREATE INDEX products_updated ON products (updated_at, id);
CREATE INDEX products_updated_status ON products (status, updated_at, id);
CREATE INDEX products_title_order ON products (title_order, id);

-- Products of several prices: which of them begin below a price and reach it.
CREATE INDEX products_spread ON products (status, price, id, price_max) WHERE price_max > price;
CREATE INDEX product_categories_spread
    ON product_categories (category_id, price, product_id, price_max) WHERE price_max > price;
