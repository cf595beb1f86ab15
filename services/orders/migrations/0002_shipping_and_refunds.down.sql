DROP INDEX orders_by_time;
ALTER TABLE orders DROP COLUMN refunded;
ALTER TABLE orders DROP COLUMN shipping_method;
