-- What there is of each SKU. Overselling is impossible: the database itself refuses it.
CREATE TABLE stock (
    sku        TEXT        NOT NULL PRIMARY KEY,
    product_id UUID        NOT NULL REFERENCES products (id),
    policy     TEXT        NOT NULL CHECK (policy IN ('deny', 'continue', 'untracked')),
    on_hand    BIGINT      NOT NULL,
    reserved   BIGINT      NOT NULL,
    version    BIGINT      NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK (policy <> 'deny' OR (reserved >= 0 AND reserved <= on_hand))
);

CREATE INDEX stock_product ON stock (product_id);

-- What an order holds or has taken. A line that was not counted (the stock was untracked when it
-- was held) never touches the stock.
CREATE TABLE reservation (
    order_id   UUID        NOT NULL,
    sku        TEXT        NOT NULL,
    quantity   BIGINT      NOT NULL CHECK (quantity > 0),
    state      TEXT        NOT NULL CHECK (state IN ('held', 'committed', 'released', 'expired')),
    counted    BOOLEAN     NOT NULL,
    holds      BIGINT      NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (order_id, sku)
);

CREATE INDEX reservation_held ON reservation (expires_at, order_id) WHERE state = 'held';
CREATE INDEX reservation_held_sku ON reservation (sku) WHERE state = 'held';

-- Every change of on_hand or reserved, append-only. The version is the one the change gave the
-- stock: no change can be written down twice, and none left out.
CREATE TABLE stock_ledger (
    sku             TEXT        NOT NULL,
    version         BIGINT      NOT NULL,
    kind            TEXT        NOT NULL,
    delta_on_hand   BIGINT      NOT NULL,
    delta_reserved  BIGINT      NOT NULL,
    reference       TEXT        NOT NULL,
    at              TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (sku, version)
);
