-- What orders are searched by: their texts, folded. Written with the row; NULL where it has to be made.
ALTER TABLE orders ADD COLUMN search_key TEXT;
CREATE INDEX orders_without_search_key ON orders (id) WHERE search_key IS NULL;
CREATE INDEX orders_updated ON orders (updated_at, id);

CREATE TRIGGER orders_search_key AFTER UPDATE OF number, email, name ON orders
WHEN NEW.search_key IS OLD.search_key
     AND (NEW.number IS NOT OLD.number OR NEW.email IS NOT OLD.email
          OR NEW.name IS NOT OLD.name)
BEGIN
    UPDATE orders SET search_key = NULL WHERE id = NEW.id;
END;
