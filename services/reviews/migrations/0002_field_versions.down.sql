ALTER TABLE reviews DROP COLUMN field_versions;
