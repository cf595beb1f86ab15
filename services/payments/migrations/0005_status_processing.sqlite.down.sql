-- The column stays without its CHECK; a payment that is processing waits for the provider.
UPDATE payments SET status = 'pending' WHERE status = 'processing';
