ALTER TABLE imports DROP COLUMN remove_missing;
