-- Devices that get the push messages of their user.
CREATE TABLE devices (
    id           UUID        NOT NULL PRIMARY KEY,
    user_id      UUID        NOT NULL,
    -- What the provider knows the device by.
    token        TEXT        NOT NULL UNIQUE,
    platform     TEXT        NOT NULL CHECK (platform IN ('android', 'ios', 'web')),
    name         TEXT,
    created_at   TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX devices_user ON devices (user_id, last_seen_at);
