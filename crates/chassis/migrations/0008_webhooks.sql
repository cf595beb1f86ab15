-- What other companies told this service: stored when it came, applied later by a queue.
CREATE TABLE webhooks (
    id           UUID        NOT NULL PRIMARY KEY,
    provider     TEXT        NOT NULL,
    event_id     TEXT        NOT NULL,
    type         TEXT        NOT NULL,
    subject      TEXT,
    payload      JSONB       NOT NULL,
    status       TEXT        NOT NULL CHECK (status IN ('pending', 'done', 'ignored', 'dead')),
    attempts     BIGINT      NOT NULL,
    received_at  TIMESTAMPTZ NOT NULL,
    available_at TIMESTAMPTZ NOT NULL,
    done_at      TIMESTAMPTZ,
    error        TEXT,
    lease_until  TIMESTAMPTZ,
    fence        BIGINT      NOT NULL DEFAULT 0
);

CREATE INDEX webhooks_pending ON webhooks (available_at, id) WHERE status = 'pending';
CREATE INDEX webhooks_subject ON webhooks (provider, subject, received_at, id) WHERE subject IS NOT NULL;
CREATE INDEX webhooks_received ON webhooks (received_at, id);
CREATE INDEX webhooks_dead ON webhooks (received_at, id) WHERE status = 'dead';
CREATE INDEX webhooks_old ON webhooks (done_at) WHERE status <> 'pending';
