-- What every queue has: until when a row is somebody's, and which time that is.
ALTER TABLE outbox RENAME COLUMN claimed_until TO lease_until;
ALTER TABLE outbox ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN lease_until TIMESTAMPTZ;
ALTER TABLE inbox ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
