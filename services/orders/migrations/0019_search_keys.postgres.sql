-- What orders are searched by: their texts, folded. Written with the row; NULL where it has to be made.
ALTER TABLE orders ADD COLUMN search_key TEXT;
CREATE INDEX orders_without_search_key ON orders (id) WHERE search_key IS NULL;
CREATE INDEX orders_updated ON orders (updated_at, id);

CREATE FUNCTION clear_search_key() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.search_key := NULL; RETURN NEW; END $$;

CREATE TRIGGER orders_search_key BEFORE UPDATE OF number, email, name ON orders
FOR EACH ROW
WHEN (NEW.search_key IS NOT DISTINCT FROM OLD.search_key
      AND (NEW.number, NEW.email, NEW.name)
          IS DISTINCT FROM (OLD.number, OLD.email, OLD.name))
EXECUTE FUNCTION clear_search_key();
