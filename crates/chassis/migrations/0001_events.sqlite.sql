-- Events this service tells others. The sequence is the order of commits: SQLite has one writer.
CREATE TABLE outbox (
    sequence      INTEGER     NOT NULL PRIMARY KEY AUTOINCREMENT,
    xid           BIGINT      NOT NULL DEFAULT 0,
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
