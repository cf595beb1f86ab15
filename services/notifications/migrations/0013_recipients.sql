-- Recipients are kept in one normal form and compared as they are. Addresses of messages from before
-- that may have capitals.
UPDATE messages SET recipient = lower(recipient)
WHERE channel = 'email' AND recipient <> lower(recipient);

DROP INDEX messages_recipient;
CREATE INDEX messages_recipient ON messages (recipient, created_at);
