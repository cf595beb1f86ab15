-- Which variant was bought, whatever its SKU is by now. Null for what was ordered before: there the
-- SKU counts, and what the catalog has written down for the order.
ALTER TABLE order_lines ADD COLUMN variant_id UUID;
