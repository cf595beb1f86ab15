-- What users are searched by: their texts, folded. Written with the row; NULL where it has to be made.
ALTER TABLE users ADD COLUMN search_key TEXT;
CREATE INDEX users_without_search_key ON users (id) WHERE search_key IS NULL;
CREATE INDEX users_updated ON users (updated_at, id);

CREATE FUNCTION clear_search_key() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.search_key := NULL; RETURN NEW; END $$;

CREATE TRIGGER users_search_key BEFORE UPDATE OF email, name, username ON users
FOR EACH ROW
WHEN (NEW.search_key IS NOT DISTINCT FROM OLD.search_key
      AND (NEW.email, NEW.name, NEW.username)
          IS DISTINCT FROM (OLD.email, OLD.name, OLD.username))
EXECUTE FUNCTION clear_search_key();
