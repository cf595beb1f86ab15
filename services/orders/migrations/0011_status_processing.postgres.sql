-- An order's payment can be `processing`. As on SQLite, the program keeps the list of statuses.
ALTER TABLE orders DROP CONSTRAINT orders_payment_status_check;
ALTER TABLE orders ALTER COLUMN payment_status SET DEFAULT 'pending';
