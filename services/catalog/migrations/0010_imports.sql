-- Files of products that staff sent, and how far they have come. Whoever works on one has it until
-- `lease_until`; the number of attempts tells who that is.
CREATE TABLE imports (
    id            UUID        NOT NULL PRIMARY KEY,
    state         TEXT        NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    file_name     TEXT        NOT NULL,
    created_by    UUID        NOT NULL,
    rows          BIGINT      NOT NULL,
    rows_done     BIGINT      NOT NULL,
    products_done BIGINT      NOT NULL,
    report        JSONB       NOT NULL,
    error         TEXT,
    attempts      BIGINT      NOT NULL,
    lease_until   TIMESTAMPTZ,
    created_at    TIMESTAMPTZ NOT NULL,
    finished_at   TIMESTAMPTZ
);

CREATE INDEX imports_open ON imports (created_at, id) WHERE state IN ('waiting', 'running');

-- The file in pieces, until the import has ended.
CREATE TABLE import_parts (
    import_id UUID   NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    part      BIGINT NOT NULL,
    bytes     BYTEA  NOT NULL,
    PRIMARY KEY (import_id, part)
);
