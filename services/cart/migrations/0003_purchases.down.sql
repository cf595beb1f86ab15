DROP INDEX carts_merged;
ALTER TABLE carts DROP COLUMN last_purchase;
DROP TABLE purchases;
