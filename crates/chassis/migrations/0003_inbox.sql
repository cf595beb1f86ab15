-- Events others told this service, one row per consumer: stored first, handled once.
CREATE TABLE inbox (
    consumer     TEXT        NOT NULL,
    event_id     UUID        NOT NULL,
    type         TEXT        NOT NULL,
    envelope     JSONB       NOT NULL,
    status       TEXT        NOT NULL CHECK (status IN ('pending', 'done', 'dead')),
    attempts     BIGINT      NOT NULL,
    received_at  TIMESTAMPTZ NOT NULL,
    available_at TIMESTAMPTZ NOT NULL,
    done_at      TIMESTAMPTZ,
    error        TEXT,
    PRIMARY KEY (consumer, event_id)
);

CREATE INDEX inbox_pending ON inbox (consumer, available_at) WHERE status = 'pending';
