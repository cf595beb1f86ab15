-- Whether the refresh token of a session stays the same when it is used.
ALTER TABLE sessions ADD COLUMN fixed BOOLEAN NOT NULL DEFAULT FALSE;
