ALTER TABLE payments DROP COLUMN capture;
