UPDATE orders SET payment_status = 'pending' WHERE payment_status = 'processing';
ALTER TABLE orders ALTER COLUMN payment_status DROP DEFAULT;
ALTER TABLE orders ADD CONSTRAINT orders_payment_status_check CHECK (payment_status IN
    ('pending', 'requires_action', 'authorized', 'paid', 'failed', 'voided', 'partially_refunded',
     'refunded'));
