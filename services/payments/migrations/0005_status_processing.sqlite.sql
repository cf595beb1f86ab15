-- A payment can be `processing`. A column's CHECK cannot be changed: the column is made anew, and the
-- program, which reads the statuses it knows alone, keeps the list.
ALTER TABLE payments ADD COLUMN new_status TEXT NOT NULL DEFAULT 'pending';
UPDATE payments SET new_status = status;
ALTER TABLE payments DROP COLUMN status;
ALTER TABLE payments RENAME COLUMN new_status TO status;
