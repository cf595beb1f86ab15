DROP TRIGGER orders_search_key;
DROP INDEX orders_updated;
DROP INDEX orders_without_search_key;
ALTER TABLE orders DROP COLUMN search_key;
