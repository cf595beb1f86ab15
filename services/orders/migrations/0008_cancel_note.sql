-- What somebody said in their own words about a cancel: for staff only. `reason` is a code.
ALTER TABLE orders ADD COLUMN cancel_note TEXT;
