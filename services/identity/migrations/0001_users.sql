-- People with an account. A deleted one keeps its row, so that its id stays known, without
-- anything that says who it was.
CREATE TABLE users (
    id                UUID        NOT NULL PRIMARY KEY,
    email             TEXT        UNIQUE,
    email_verified_at TIMESTAMPTZ,
    username          TEXT        UNIQUE,
    name              TEXT        NOT NULL,
    phone             TEXT,
    password_hash     TEXT,
    roles             JSONB       NOT NULL,
    -- What a staff member may do; NULL for what staff may do by default.
    permissions       JSONB,
    active            BOOLEAN     NOT NULL,
    -- Access tokens with a lower version no longer count.
    token_version     BIGINT      NOT NULL,
    token_version_at  TIMESTAMPTZ,
    -- Rises with every change; the version of the user's events.
    version           BIGINT      NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL,
    updated_at        TIMESTAMPTZ NOT NULL,
    last_login_at     TIMESTAMPTZ,
    deleted_at        TIMESTAMPTZ,
    CHECK (deleted_at IS NOT NULL OR email IS NOT NULL)
);

CREATE INDEX users_token_version_at ON users (token_version_at)
    WHERE token_version_at IS NOT NULL;

-- A row to lock where a rule concerns several users: there is always an admin.
CREATE TABLE locks (
    name TEXT NOT NULL PRIMARY KEY
);

INSERT INTO locks (name) VALUES ('admins');

CREATE TABLE addresses (
    id         UUID        NOT NULL PRIMARY KEY,
    user_id    UUID        NOT NULL REFERENCES users (id),
    address    JSONB       NOT NULL,
    is_default BOOLEAN     NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX addresses_user ON addresses (user_id, id);
CREATE UNIQUE INDEX addresses_default ON addresses (user_id) WHERE is_default;

-- Who did what to whom. Names of fields, never their values.
CREATE TABLE audit_log (
    id      UUID        NOT NULL PRIMARY KEY,
    at      TIMESTAMPTZ NOT NULL,
    actor   UUID,
    action  TEXT        NOT NULL,
    user_id UUID        NOT NULL,
    details JSONB       NOT NULL
);

CREATE INDEX audit_log_user ON audit_log (user_id, id);
