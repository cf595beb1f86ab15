-- Whether the payment is captured when the order is shipped, and until when it can be.
ALTER TABLE sagas ADD COLUMN on_shipment BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sagas ADD COLUMN capture_before TIMESTAMPTZ;
-- What was captured of the total; null for all of it.
ALTER TABLE orders ADD COLUMN captured BIGINT;
