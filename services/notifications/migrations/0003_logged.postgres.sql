-- A message that only the log has seen was not sent. Until now there was no other carrier, so that is
-- what became of every message that is `sent`.
ALTER TABLE messages DROP CONSTRAINT messages_state_check;
ALTER TABLE messages ADD CONSTRAINT messages_state_check
    CHECK (state IN ('queued', 'sending', 'sent', 'logged', 'failed', 'dead', 'skipped'));
UPDATE messages SET state = 'logged', sent_at = NULL WHERE state = 'sent';
