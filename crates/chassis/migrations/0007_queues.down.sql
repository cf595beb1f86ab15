ALTER TABLE inbox DROP COLUMN fence;
ALTER TABLE inbox DROP COLUMN lease_until;
ALTER TABLE outbox DROP COLUMN fence;
ALTER TABLE outbox RENAME COLUMN lease_until TO claimed_until;
