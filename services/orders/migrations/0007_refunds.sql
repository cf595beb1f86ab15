-- What was given back of an order, refund by refund, and which goods go back into stock for it.
CREATE TABLE order_refunds (
    -- Payments' id of it.
    id         UUID        NOT NULL PRIMARY KEY,
    order_id   UUID        NOT NULL REFERENCES orders (id),
    amount     BIGINT      NOT NULL CHECK (amount >= 0),
    reason     TEXT,
    -- The units it is for, where it names any: sku, quantity, restock.
    lines      JSONB       NOT NULL,
    -- Whether everything that is still out goes back into stock.
    whole      BOOLEAN     NOT NULL,
    -- Whether something is put back, and whether that is done.
    restock    TEXT        NOT NULL CHECK (restock IN ('none', 'wanted', 'done')),
    at         TIMESTAMPTZ NOT NULL
);

CREATE INDEX order_refunds_of_order ON order_refunds (order_id);

-- What is known of earlier ones is their sum.
INSERT INTO order_refunds (id, order_id, amount, reason, lines, whole, restock, at)
SELECT id, id, refunded, NULL, '[]', FALSE, 'none', updated_at FROM orders WHERE refunded > 0;

-- Who moved an order (`staff:…`, `customer` or `system`; null where it was not kept), and what was
-- given back by that.
ALTER TABLE order_history ADD COLUMN actor TEXT;
ALTER TABLE order_history ADD COLUMN amount BIGINT;
ALTER TABLE sagas ADD COLUMN cancelled_by TEXT;

-- What of shipping and tax a line bears. Of earlier lines it is not known.
ALTER TABLE order_lines ADD COLUMN taxable BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE order_lines ADD COLUMN requires_shipping BOOLEAN NOT NULL DEFAULT TRUE;

-- The status is about goods; that the money went back is payment_status. What was never shipped is
-- confirmed, not cancelled: its goods were not put back, so that they are still taken out of the
-- stock. Cancelling such an order puts them back.
UPDATE orders SET status = CASE
    WHEN EXISTS (SELECT 1 FROM order_history
                 WHERE order_id = orders.id AND to_status = 'delivered') THEN 'delivered'
    WHEN EXISTS (SELECT 1 FROM order_history
                 WHERE order_id = orders.id AND to_status = 'shipped') THEN 'shipped'
    ELSE 'confirmed' END
WHERE status = 'refunded';
