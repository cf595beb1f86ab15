DROP INDEX messages_dead;
UPDATE messages SET next_at = lease_until WHERE state = 'sending' AND lease_until IS NOT NULL;
ALTER TABLE messages DROP COLUMN fence;
ALTER TABLE messages DROP COLUMN lease_until;
