-- A cart belongs to a user or to the guest who holds a token; of the token only the hash is kept.
-- `version` rises with every change, so that an order can say which state of the cart it bought.
CREATE TABLE carts (
    id          UUID        NOT NULL PRIMARY KEY,
    user_id     UUID        UNIQUE,
    token_hash  TEXT        UNIQUE,
    version     BIGINT      NOT NULL,
    -- The user's cart a guest's cart went into; its token no longer counts.
    merged_into UUID,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    CHECK ((user_id IS NULL) <> (token_hash IS NULL)),
    CHECK (user_id IS NULL OR merged_into IS NULL)
);

CREATE INDEX carts_updated ON carts (updated_at);

CREATE TABLE lines (
    cart_id  UUID   NOT NULL REFERENCES carts (id) ON DELETE CASCADE,
    sku      TEXT   NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity BETWEEN 1 AND 999),
    -- The order in which lines were added.
    position BIGINT NOT NULL,
    PRIMARY KEY (cart_id, sku)
);
