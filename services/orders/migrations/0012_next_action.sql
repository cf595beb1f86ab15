-- What the customer has to do, while the order waits for them. It can hold a secret of theirs.
ALTER TABLE sagas ADD COLUMN next_action JSONB;
-- Whether the customer disputes the payment with their bank, or has.
ALTER TABLE orders ADD COLUMN disputed BOOLEAN NOT NULL DEFAULT FALSE;
-- When a refund that had taken effect came back: it counts for nothing since.
ALTER TABLE order_refunds ADD COLUMN failed_at TIMESTAMPTZ;
