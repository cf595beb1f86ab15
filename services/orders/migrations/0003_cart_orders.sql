-- The last order of every cart, so that what is in a cart is bought once, whatever was done to it
-- meanwhile. An order of a cart that others went into is the last one of those, too.
CREATE TABLE cart_orders (
    cart_id      UUID   NOT NULL PRIMARY KEY,
    order_id     UUID   NOT NULL,
    -- `undecided` keeps every other order of the cart away. What a `paid` one has bought may still
    -- be in the cart.
    state        TEXT   NOT NULL CHECK (state IN ('undecided', 'paid', 'cancelled')),
    -- The state of the cart that was ordered; an older one cannot be any more.
    cart_version BIGINT NOT NULL
);

CREATE INDEX cart_orders_of_order ON cart_orders (order_id);

INSERT INTO cart_orders (cart_id, order_id, state, cart_version)
SELECT o.cart_id, o.id, 'undecided', o.cart_version FROM orders o
WHERE o.status = 'pending' AND o.cart_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM orders later
                  WHERE later.cart_id = o.cart_id AND later.status = 'pending'
                    AND later.id > o.id);
