CREATE INDEX refresh_tokens_parent ON refresh_tokens (parent);
DROP INDEX refresh_tokens_live;
ALTER TABLE refresh_tokens DROP COLUMN successor;
