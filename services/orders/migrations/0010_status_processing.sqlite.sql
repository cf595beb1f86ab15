-- An order's payment can be `processing`. A column's CHECK cannot be changed: the column is made anew,
-- and the program, which reads the statuses it knows alone, keeps the list.
ALTER TABLE orders ADD COLUMN new_payment_status TEXT NOT NULL DEFAULT 'pending';
UPDATE orders SET new_payment_status = payment_status;
ALTER TABLE orders DROP COLUMN payment_status;
ALTER TABLE orders RENAME COLUMN new_payment_status TO payment_status;
