-- The token that was given for a spent one, sealed with the spent one itself, until it is used: who
-- asks again with the spent one gets the same, and who only reads this table gets nothing.
ALTER TABLE refresh_tokens ADD COLUMN successor BYTEA;

-- A session has one token that can be used. Before this there could be several; the newest stays,
-- and who comes with another one ends the session, as with any token that was used long ago.
UPDATE refresh_tokens
SET spent_at = (SELECT sessions.created_at FROM sessions
                WHERE sessions.id = refresh_tokens.session_id)
WHERE spent_at IS NULL AND EXISTS (
    SELECT 1 FROM refresh_tokens AS later
    WHERE later.session_id = refresh_tokens.session_id AND later.spent_at IS NULL
      AND (later.expires_at > refresh_tokens.expires_at
           OR (later.expires_at = refresh_tokens.expires_at
               AND later.hash > refresh_tokens.hash)));

CREATE UNIQUE INDEX refresh_tokens_live ON refresh_tokens (session_id) WHERE spent_at IS NULL;
DROP INDEX refresh_tokens_parent;
