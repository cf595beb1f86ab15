-- Rise with every change. What staff write begins with the time in microseconds, so that a text that
-- was taken back and written again has a version that nobody has seen.
ALTER TABLE templates ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE preferences ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
