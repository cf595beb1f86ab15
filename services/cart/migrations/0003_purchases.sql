-- Orders whose lines have left the cart they were bought from: each leaves it once, whoever asks.
CREATE TABLE purchases (
    order_id UUID NOT NULL PRIMARY KEY,
    cart_id  UUID NOT NULL REFERENCES carts (id) ON DELETE CASCADE,
    -- The cart they were in by then, and the first state of it without them.
    left_cart    UUID,
    left_version BIGINT
);

CREATE INDEX purchases_of_cart ON purchases (cart_id);

-- The last of them, so that it is read with the lines.
ALTER TABLE carts ADD COLUMN last_purchase UUID;

-- A checkout asks which carts went into this one.
CREATE INDEX carts_merged ON carts (merged_into) WHERE merged_into IS NOT NULL;
