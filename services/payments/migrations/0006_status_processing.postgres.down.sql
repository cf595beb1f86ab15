UPDATE payments SET status = 'pending' WHERE status = 'processing';
ALTER TABLE payments ALTER COLUMN status DROP DEFAULT;
ALTER TABLE payments ADD CONSTRAINT payments_status_check CHECK (status IN
    ('pending', 'requires_action', 'authorized', 'declined', 'capturing', 'captured',
     'voiding', 'voided', 'partially_refunded', 'refunded'));
