-- How often a product was looked at and bought: counted beside its edits, so no version rises.
ALTER TABLE products ADD COLUMN views BIGINT NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN sold BIGINT NOT NULL DEFAULT 0;
