ALTER TABLE reservation DROP COLUMN unpaid;
ALTER TABLE reservation DROP COLUMN held_at;
