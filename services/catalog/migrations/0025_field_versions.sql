-- Which revision last changed each field, as JSON: what a writer is told who has seen an older one.
ALTER TABLE products ADD COLUMN field_versions JSONB NOT NULL DEFAULT '{}';
-- By the revision of the product: a variant's own is that of its last edit, too.
ALTER TABLE variants ADD COLUMN field_versions JSONB NOT NULL DEFAULT '{}';
ALTER TABLE categories ADD COLUMN field_versions JSONB NOT NULL DEFAULT '{}';
