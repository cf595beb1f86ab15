-- What providers report of a message, and what it was made of. A message that is tried again is
-- `queued`, and one that was given up is `failed`.
ALTER TABLE messages DROP CONSTRAINT messages_state_check;
DROP INDEX messages_due;
DROP INDEX messages_dead;
UPDATE messages SET state = CASE state WHEN 'failed' THEN 'queued' WHEN 'dead' THEN 'failed' ELSE state END
WHERE state IN ('failed', 'dead');
ALTER TABLE messages ADD CONSTRAINT messages_state_check
    CHECK (state IN ('queued', 'sending', 'sent', 'delivered', 'bounced', 'complained', 'failed', 'skipped',
                        'logged'));
ALTER TABLE messages
    -- What recipients may turn off, and a language tag.
    ADD COLUMN topic TEXT NOT NULL DEFAULT 'transactional',
    ADD COLUMN language TEXT,
    -- What the template was filled to, masked as the body is.
    ADD COLUMN markdown TEXT,
    -- Attempts of which nobody knows whether a provider took the message.
    ADD COLUMN uncertain BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN provider TEXT,
    ADD COLUMN provider_message_id TEXT,
    -- The parts a text message was sent in.
    ADD COLUMN segments BIGINT,
    ADD COLUMN delivered_at TIMESTAMPTZ;
UPDATE messages SET topic = 'order_updates' WHERE order_id IS NOT NULL;
CREATE INDEX messages_due ON messages (next_at) WHERE state IN ('queued', 'sending');
-- Given-up messages are counted for the operators.
CREATE INDEX messages_dead ON messages (id) WHERE state = 'failed';
CREATE INDEX messages_provider ON messages (provider_message_id) WHERE provider_message_id IS NOT NULL;
