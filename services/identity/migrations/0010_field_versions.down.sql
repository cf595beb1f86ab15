ALTER TABLE addresses DROP COLUMN field_versions;
ALTER TABLE addresses DROP COLUMN version;
ALTER TABLE users DROP COLUMN field_versions;
