-- Messages to people, from queued to sent; the history is this table.
CREATE TABLE messages (
    id           UUID        NOT NULL PRIMARY KEY,
    channel      TEXT        NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    template     TEXT,
    recipient    TEXT        NOT NULL,
    subject      TEXT,
    -- As it was sent, but with **** where a one-time token stood.
    body         TEXT        NOT NULL,
    -- What the template was filled with, without secrets.
    data         JSONB       NOT NULL,
    state        TEXT        NOT NULL
                 CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'dead', 'skipped')),
    attempts     BIGINT      NOT NULL,
    -- When it is due; while it is being sent, when the sender's lease ends.
    next_at      TIMESTAMPTZ,
    error        TEXT,
    order_id     UUID,
    order_number TEXT,
    user_id      UUID,
    -- Of the request, where it came with an Idempotency-Key.
    fingerprint  TEXT,
    created_at   TIMESTAMPTZ NOT NULL,
    sent_at      TIMESTAMPTZ
);

CREATE INDEX messages_due ON messages (next_at) WHERE state IN ('queued', 'failed', 'sending');
CREATE INDEX messages_newest ON messages (created_at, id);
CREATE INDEX messages_order ON messages (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX messages_user ON messages (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX messages_recipient ON messages (lower(recipient), created_at);

-- What staff wrote instead of the built-in text.
CREATE TABLE templates (
    key        TEXT        NOT NULL,
    channel    TEXT        NOT NULL,
    locale     TEXT        NOT NULL,
    subject    TEXT        NOT NULL,
    body       TEXT        NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    updated_by UUID        NOT NULL,
    PRIMARY KEY (key, channel, locale)
);

CREATE TABLE preferences (
    user_id    UUID        NOT NULL PRIMARY KEY,
    settings   JSONB       NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- The latest news heard of each order, to tell old news from new.
CREATE TABLE heard_orders (
    order_id UUID   NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    status   TEXT   NOT NULL
);

-- Accounts that are gone: nothing is sent to them any more.
CREATE TABLE deleted_users (
    user_id    UUID        NOT NULL PRIMARY KEY,
    deleted_at TIMESTAMPTZ NOT NULL
);
