DROP INDEX messages_recipient;
CREATE INDEX messages_recipient ON messages (lower(recipient), created_at);
