-- Events this service tells others. Sequences become visible out of order, so followers go by
-- transaction and then sequence, and stop before the oldest transaction that is still open.
CREATE TABLE outbox (
    sequence      BIGINT      NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    xid           BIGINT      NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT),
    id            UUID        NOT NULL UNIQUE,
    type          TEXT        NOT NULL,
    subject       TEXT        NOT NULL,
    version       BIGINT      NOT NULL,
    time          TIMESTAMPTZ NOT NULL,
    data          JSONB       NOT NULL,
    claimed_until TIMESTAMPTZ,
    sent_at       TIMESTAMPTZ
);

CREATE INDEX outbox_pending ON outbox (sequence) WHERE sent_at IS NULL;
CREATE INDEX outbox_feed ON outbox (xid, sequence);
