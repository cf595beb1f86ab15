-- The secret order tokens of guests derive from. One row.
CREATE TABLE secrets (
    name  TEXT  NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- The last number given to an order. One row.
CREATE TABLE numbers (
    name TEXT   NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);

INSERT INTO numbers (name, last) VALUES ('orders', 100000);

CREATE TABLE orders (
    id                 UUID        NOT NULL PRIMARY KEY,
    number             TEXT        NOT NULL UNIQUE,
    -- Who asked, and the client's key for it: `user:…`, `cart:…` or `email:…`.
    owner              TEXT        NOT NULL,
    idempotency_key    TEXT        NOT NULL,
    fingerprint        BYTEA       NOT NULL,
    user_id            UUID,
    email              TEXT        NOT NULL,
    name               TEXT        NOT NULL,
    status             TEXT        NOT NULL CHECK (status IN ('pending', 'confirmed', 'shipped',
                                                   'delivered', 'cancelled', 'refunded')),
    payment_status     TEXT        NOT NULL CHECK (payment_status IN ('pending', 'requires_action',
                                                   'authorized', 'paid', 'failed', 'voided',
                                                   'partially_refunded', 'refunded')),
    fulfillment_status TEXT        NOT NULL CHECK (fulfillment_status IN ('unfulfilled',
                                                   'partially_fulfilled', 'fulfilled', 'delivered',
                                                   'returned')),
    currency           TEXT        NOT NULL,
    subtotal           BIGINT      NOT NULL CHECK (subtotal >= 0),
    shipping           BIGINT      NOT NULL CHECK (shipping >= 0),
    tax                BIGINT      NOT NULL CHECK (tax >= 0),
    total              BIGINT      NOT NULL CHECK (total >= 0),
    shipping_address   JSONB,
    billing_address    JSONB,
    note               TEXT,
    cart_id            UUID,
    cart_version       BIGINT,
    payment_id         UUID,
    reason             TEXT,
    tracking_number    TEXT,
    version            BIGINT      NOT NULL,
    created_at         TIMESTAMPTZ NOT NULL,
    updated_at         TIMESTAMPTZ NOT NULL,
    UNIQUE (owner, idempotency_key)
);

-- One state of a cart is bought once.
CREATE UNIQUE INDEX orders_live_cart ON orders (cart_id, cart_version) WHERE status <> 'cancelled';
CREATE INDEX orders_of_user ON orders (user_id, id);
CREATE INDEX orders_by_status ON orders (status, id);

CREATE TABLE order_lines (
    order_id      UUID   NOT NULL REFERENCES orders (id),
    position      BIGINT NOT NULL,
    sku           TEXT   NOT NULL,
    product_id    UUID   NOT NULL,
    title         TEXT   NOT NULL,
    variant_title TEXT,
    image         TEXT,
    quantity      BIGINT NOT NULL CHECK (quantity > 0),
    unit_price    BIGINT NOT NULL CHECK (unit_price >= 0),
    total         BIGINT NOT NULL CHECK (total >= 0),
    PRIMARY KEY (order_id, position)
);

CREATE TABLE order_history (
    order_id    UUID        NOT NULL REFERENCES orders (id),
    version     BIGINT      NOT NULL,
    from_status TEXT,
    to_status   TEXT        NOT NULL,
    payment     TEXT        NOT NULL,
    fulfillment TEXT        NOT NULL,
    reason      TEXT,
    at          TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (order_id, version)
);

-- Where the work on an order stands: what is to be done next, by whom, until when.
CREATE TABLE sagas (
    order_id    UUID        NOT NULL PRIMARY KEY REFERENCES orders (id),
    step        TEXT        NOT NULL,
    -- Rises with every change; whoever holds an older one has lost its turn.
    version     BIGINT      NOT NULL,
    attempt     BIGINT      NOT NULL,
    provider    TEXT        NOT NULL,
    -- The provider's token, until the payment is decided.
    token       TEXT,
    payment_key TEXT,
    rereserved  BOOLEAN     NOT NULL,
    -- Why the order is being, or will be, cancelled.
    cancel      TEXT,
    -- The problem the client was, or will be, answered with.
    refusal     JSONB,
    tries       BIGINT      NOT NULL,
    hold_until  TIMESTAMPTZ,
    due_at      TIMESTAMPTZ NOT NULL,
    lease_until TIMESTAMPTZ NOT NULL,
    deadline    TIMESTAMPTZ NOT NULL
);

CREATE INDEX sagas_due ON sagas (due_at) WHERE step <> 'done';
