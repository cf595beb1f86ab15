DROP TRIGGER users_search_key ON users;
DROP FUNCTION clear_search_key();
DROP INDEX users_updated;
DROP INDEX users_without_search_key;
ALTER TABLE users DROP COLUMN search_key;
