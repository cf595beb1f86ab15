-- What a SKU is searched by: its own text and those of its variant and product, folded. Written with
-- the variant; NULL where it has to be made. `search_row` is its row in SQLite's index.
ALTER TABLE variants ADD COLUMN search_key TEXT;
ALTER TABLE variants ADD COLUMN search_row BIGINT;
CREATE INDEX variants_without_search_key ON variants (id) WHERE search_key IS NULL;

CREATE INDEX stock_updated ON stock (updated_at, sku);
