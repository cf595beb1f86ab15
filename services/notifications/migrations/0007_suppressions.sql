-- Addresses that get no more messages, or not all of them.
CREATE TABLE suppressions (
    id         UUID        NOT NULL PRIMARY KEY,
    channel    TEXT        NOT NULL CHECK (channel IN ('email', 'sms')),
    recipient  TEXT        NOT NULL,
    reason     TEXT        NOT NULL
               CHECK (reason IN ('bounced', 'complained', 'opted_out', 'unsubscribed')),
    -- What the provider said, such as 5.1.1.
    detail     TEXT,
    message_id UUID,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (recipient, channel, reason)
);
CREATE INDEX suppressions_newest ON suppressions (created_at, id);
