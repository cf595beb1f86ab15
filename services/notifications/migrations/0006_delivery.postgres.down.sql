DROP INDEX messages_provider;
DROP INDEX messages_due;
DROP INDEX messages_dead;
ALTER TABLE messages DROP CONSTRAINT messages_state_check;
UPDATE messages
SET state = CASE WHEN state = 'failed' OR state = 'bounced' THEN 'dead'
            WHEN state IN ('delivered', 'complained') THEN 'sent'
            WHEN state = 'queued' AND attempts > 0 THEN 'failed' ELSE state END;
ALTER TABLE messages ADD CONSTRAINT messages_state_check
    CHECK (state IN ('queued', 'sending', 'sent', 'logged', 'failed', 'dead', 'skipped'));
ALTER TABLE messages
    DROP COLUMN topic, DROP COLUMN language, DROP COLUMN markdown, DROP COLUMN uncertain,
    DROP COLUMN provider, DROP COLUMN provider_message_id, DROP COLUMN segments,
    DROP COLUMN delivered_at;
CREATE INDEX messages_due ON messages (next_at) WHERE state IN ('queued', 'failed', 'sending');
CREATE INDEX messages_dead ON messages (id) WHERE state = 'dead';
