DROP INDEX reservation_held_by;
ALTER TABLE reservation DROP COLUMN held_by;
