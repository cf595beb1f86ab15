CREATE TABLE messages_new (
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
                 CHECK (state IN ('queued', 'sending', 'sent', 'logged', 'failed', 'dead', 'skipped')),
    attempts     BIGINT      NOT NULL,
    next_at      TIMESTAMPTZ,
    error        TEXT,
    order_id     UUID,
    order_number TEXT,
    user_id      UUID,
    -- Of the request, where it came with an Idempotency-Key.
    fingerprint  TEXT,
    created_at   TIMESTAMPTZ NOT NULL,
    sent_at      TIMESTAMPTZ,
    lease_until  TIMESTAMPTZ,
    fence        BIGINT      NOT NULL DEFAULT 0
);

INSERT INTO messages_new (id, channel, template, recipient, subject, body, data, state, attempts, next_at, error,
                          order_id, order_number, user_id, fingerprint, created_at, sent_at, lease_until, fence)
SELECT id, channel, template, recipient, subject, body, data, CASE WHEN state = 'failed' OR state = 'bounced' THEN 'dead'
            WHEN state IN ('delivered', 'complained') THEN 'sent'
            WHEN state = 'queued' AND attempts > 0 THEN 'failed' ELSE state END, attempts, next_at, error,
       order_id, order_number, user_id, fingerprint, created_at, sent_at, lease_until, fence
FROM messages;
DROP TABLE messages;
ALTER TABLE messages_new RENAME TO messages;

CREATE INDEX messages_due ON messages (next_at) WHERE state IN ('queued', 'failed', 'sending');
CREATE INDEX messages_newest ON messages (created_at, id);
CREATE INDEX messages_order ON messages (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX messages_user ON messages (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX messages_recipient ON messages (lower(recipient), created_at);
CREATE INDEX messages_dead ON messages (id) WHERE state = 'dead';
