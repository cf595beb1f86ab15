-- The keys of links in mails that open an order: their SHA-256.
CREATE TABLE order_keys (
    -- Later ones are higher.
    id         UUID        NOT NULL PRIMARY KEY,
    order_id   UUID        NOT NULL REFERENCES orders (id),
    hash       BYTEA       NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    UNIQUE (order_id, hash)
);

CREATE INDEX order_keys_expiring ON order_keys (expires_at);

-- Who looks for an order gets few mails: when the last three were granted, newest first, by the SHA-256
-- of number and address.
CREATE TABLE order_searches (
    hash      BYTEA       NOT NULL PRIMARY KEY,
    at        TIMESTAMPTZ NOT NULL,
    second_at TIMESTAMPTZ,
    third_at  TIMESTAMPTZ
);

CREATE INDEX order_searches_by_time ON order_searches (at);
