-- Which version last changed each field, as JSON: what a writer is told who has seen an older one.
ALTER TABLE reviews ADD COLUMN field_versions JSONB NOT NULL DEFAULT '{}';
