-- The column stays without its CHECK.
UPDATE orders SET payment_status = 'pending' WHERE payment_status = 'processing';
