-- How an order is sent; null where nothing is.
ALTER TABLE orders ADD COLUMN shipping_method TEXT;
UPDATE orders SET shipping_method = 'standard' WHERE shipping_address IS NOT NULL;

-- What was given back, in minor units. What was given back in part before is not known here.
ALTER TABLE orders ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;
UPDATE orders SET refunded = total WHERE payment_status = 'refunded';

-- Reports go by the day an order was placed.
CREATE INDEX orders_by_time ON orders (created_at);
