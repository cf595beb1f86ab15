-- When an import goes on, apart from until when it is somebody's, and what tells whose it is: until
-- now a lease stood for the one, the number of attempts for the other.
ALTER TABLE imports ADD COLUMN due_at TIMESTAMPTZ;
ALTER TABLE imports ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
UPDATE imports SET due_at = created_at, fence = attempts;
