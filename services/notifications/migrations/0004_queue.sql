-- Until when a message is its sender's, apart from when it is due, and what tells whose it is.
ALTER TABLE messages ADD COLUMN lease_until TIMESTAMPTZ;
ALTER TABLE messages ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;

-- Given-up messages are counted for the operators.
CREATE INDEX messages_dead ON messages (id) WHERE state = 'dead';
