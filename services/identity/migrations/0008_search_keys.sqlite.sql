-- What users are searched by: their texts, folded. Written with the row; NULL where it has to be made.
ALTER TABLE users ADD COLUMN search_key TEXT;
CREATE INDEX users_without_search_key ON users (id) WHERE search_key IS NULL;
CREATE INDEX users_updated ON users (updated_at, id);

CREATE TRIGGER users_search_key AFTER UPDATE OF email, name, username ON users
WHEN NEW.search_key IS OLD.search_key
     AND (NEW.email IS NOT OLD.email OR NEW.name IS NOT OLD.name
          OR NEW.username IS NOT OLD.username)
BEGIN
    UPDATE users SET search_key = NULL WHERE id = NEW.id;
END;
