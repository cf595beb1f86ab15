UPDATE messages SET state = 'sent', sent_at = created_at WHERE state = 'logged';
ALTER TABLE messages DROP CONSTRAINT messages_state_check;
ALTER TABLE messages ADD CONSTRAINT messages_state_check
    CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'dead', 'skipped'));
