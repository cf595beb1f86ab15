ALTER TABLE orders DROP COLUMN cancel_note;
