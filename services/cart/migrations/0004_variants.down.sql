ALTER TABLE lines DROP COLUMN variant_id;
