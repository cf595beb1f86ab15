ALTER TABLE categories DROP COLUMN field_versions;
ALTER TABLE variants DROP COLUMN field_versions;
ALTER TABLE products DROP COLUMN field_versions;
