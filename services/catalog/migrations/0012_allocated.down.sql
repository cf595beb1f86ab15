DROP TABLE stray_units;
DROP TABLE restocks;

-- What was sold and not shipped leaves on_hand again, and so says the ledger.
UPDATE stock SET on_hand = on_hand - allocated, allocated = 0;
UPDATE stock_ledger SET delta_on_hand = delta_on_hand - delta_allocated;
UPDATE reservation SET quantity = quantity - restocked, restocked = 0
WHERE restocked > 0 AND restocked < quantity;

DROP INDEX reservation_unbooked;
DROP INDEX reservation_allocated;
DROP INDEX reservation_leads;
ALTER TABLE reservation DROP COLUMN leads;
ALTER TABLE reservation DROP COLUMN parcel_id;
ALTER TABLE reservation DROP COLUMN allocated;
ALTER TABLE reservation DROP COLUMN restocked;
ALTER TABLE reservation DROP COLUMN variant_id;
ALTER TABLE stock_ledger DROP COLUMN delta_allocated;
DROP INDEX stock_variant;
ALTER TABLE stock DROP COLUMN variant_id;
ALTER TABLE stock DROP COLUMN allocated;
