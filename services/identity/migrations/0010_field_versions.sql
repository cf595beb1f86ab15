-- Which version last changed each field, as JSON: what a writer is told who has seen an older one.
ALTER TABLE users ADD COLUMN field_versions JSONB NOT NULL DEFAULT '{}';
-- Rises with every change of the address.
ALTER TABLE addresses ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE addresses ADD COLUMN field_versions JSONB NOT NULL DEFAULT '{}';
