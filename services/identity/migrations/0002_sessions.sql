-- What access tokens are signed with. The generation keeps two processes that start at once from
-- making a key each. A retired key signs nothing, but what it signed is still verified.
CREATE TABLE signing_keys (
    kid         TEXT        NOT NULL PRIMARY KEY,
    generation  BIGINT      NOT NULL UNIQUE,
    private_pem TEXT        NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    retired_at  TIMESTAMPTZ
);

-- A login somewhere, and the family of its refresh tokens.
CREATE TABLE sessions (
    id           UUID        NOT NULL PRIMARY KEY,
    user_id      UUID        NOT NULL REFERENCES users (id),
    user_agent   TEXT,
    address      TEXT,
    created_at   TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL,
    ended_at     TIMESTAMPTZ
);

CREATE INDEX sessions_user ON sessions (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Only SHA-256 hashes: who reads this table can refresh nothing.
CREATE TABLE refresh_tokens (
    hash       BYTEA       NOT NULL PRIMARY KEY,
    session_id UUID        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- The token this one was given for.
    parent     BYTEA,
    expires_at TIMESTAMPTZ NOT NULL,
    spent_at   TIMESTAMPTZ
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_parent ON refresh_tokens (parent);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);

-- At most one per user and purpose: a new one replaces the old.
CREATE TABLE one_time_tokens (
    user_id    UUID        NOT NULL REFERENCES users (id),
    purpose    TEXT        NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    hash       BYTEA       NOT NULL UNIQUE,
    -- Where it was sent to: worthless once the user has another address.
    email      TEXT        NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, purpose)
);

-- Attempts that count against an account or an address. `account` is a user's id, or the hash of
-- a login nobody has: people type passwords into the wrong field.
CREATE TABLE attempts (
    id      UUID        NOT NULL PRIMARY KEY,
    kind    TEXT        NOT NULL CHECK (kind IN ('login', 'reset')),
    account TEXT        NOT NULL,
    address TEXT,
    at      TIMESTAMPTZ NOT NULL
);

CREATE INDEX attempts_account ON attempts (account, kind, id);
CREATE INDEX attempts_address ON attempts (address, kind, id) WHERE address IS NOT NULL;
CREATE INDEX attempts_at ON attempts (at);
