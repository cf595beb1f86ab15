ALTER TABLE preferences DROP COLUMN version;
ALTER TABLE templates DROP COLUMN version;
