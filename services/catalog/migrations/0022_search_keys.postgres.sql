-- An index of the three letters in a row that are in search keys. Where the extension is not installed
-- on the server, or this user may not create it, searches read all keys instead.
DO $$
DECLARE place TEXT;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('pg_trgm'));
    CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
    SELECT nspname INTO place FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
    WHERE extname = 'pg_trgm';
    EXECUTE format('CREATE INDEX variants_search_key ON variants USING gin (search_key %I.gin_trgm_ops)',
                   place);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported
               OR invalid_schema_name OR undefined_object THEN
    RAISE NOTICE 'search keys have no index: %', SQLERRM;
END $$;

-- Whoever changes a text without the key takes the key off.
CREATE FUNCTION clear_search_key() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.search_key := NULL; RETURN NEW; END $$;

CREATE TRIGGER variants_search_key BEFORE UPDATE OF sku, title, barcode ON variants
FOR EACH ROW
WHEN (NEW.search_key IS NOT DISTINCT FROM OLD.search_key
      AND (NEW.sku, NEW.title, NEW.barcode) IS DISTINCT FROM (OLD.sku, OLD.title, OLD.barcode))
EXECUTE FUNCTION clear_search_key();

CREATE FUNCTION clear_search_keys() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN UPDATE variants SET search_key = NULL WHERE product_id = NEW.id; RETURN NULL; END $$;

CREATE TRIGGER products_search_keys AFTER UPDATE OF title ON products
FOR EACH ROW WHEN (NEW.title IS DISTINCT FROM OLD.title)
EXECUTE FUNCTION clear_search_keys();
