-- A payment can be `processing`. As on SQLite, the program keeps the list of statuses.
ALTER TABLE payments DROP CONSTRAINT payments_status_check;
ALTER TABLE payments ALTER COLUMN status SET DEFAULT 'pending';
