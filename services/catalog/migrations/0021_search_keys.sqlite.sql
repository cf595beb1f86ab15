-- An index of the three letters in a row that are in search keys. Its rows have numbers of their own,
-- as VACUUM may change those of a table whose key is no integer.
CREATE UNIQUE INDEX variants_search_row ON variants (search_row);
CREATE VIRTUAL TABLE variant_search USING fts5(
    search_key, content = 'variants', content_rowid = 'search_row',
    tokenize = 'trigram'
);

CREATE TRIGGER variants_search_insert AFTER INSERT ON variants WHEN NEW.search_key IS NOT NULL
BEGIN
    UPDATE variants SET search_row = (SELECT COALESCE(MAX(search_row), 0) + 1 FROM variants)
    WHERE id = NEW.id;
    INSERT INTO variant_search (rowid, search_key)
    SELECT search_row, search_key FROM variants WHERE id = NEW.id;
END;

CREATE TRIGGER variants_search_update AFTER UPDATE OF search_key ON variants
WHEN NEW.search_key IS NOT OLD.search_key
BEGIN
    INSERT INTO variant_search (variant_search, rowid, search_key)
    SELECT 'delete', OLD.search_row, OLD.search_key
    WHERE OLD.search_key IS NOT NULL AND OLD.search_row IS NOT NULL;
    UPDATE variants SET search_row = (SELECT COALESCE(MAX(search_row), 0) + 1 FROM variants)
    WHERE id = NEW.id AND search_row IS NULL;
    INSERT INTO variant_search (rowid, search_key)
    SELECT search_row, search_key FROM variants WHERE id = NEW.id AND search_key IS NOT NULL;
END;

CREATE TRIGGER variants_search_delete AFTER DELETE ON variants
WHEN OLD.search_key IS NOT NULL AND OLD.search_row IS NOT NULL
BEGIN
    INSERT INTO variant_search (variant_search, rowid, search_key)
    VALUES ('delete', OLD.search_row, OLD.search_key);
END;

-- Whoever changes a text without the key takes the key off.
CREATE TRIGGER variants_search_key AFTER UPDATE OF sku, title, barcode ON variants
WHEN NEW.search_key IS OLD.search_key
     AND (NEW.sku IS NOT OLD.sku OR NEW.title IS NOT OLD.title
          OR NEW.barcode IS NOT OLD.barcode)
BEGIN
    UPDATE variants SET search_key = NULL WHERE id = NEW.id;
END;

CREATE TRIGGER products_search_keys AFTER UPDATE OF title ON products
WHEN NEW.title IS NOT OLD.title
BEGIN
    UPDATE variants SET search_key = NULL WHERE product_id = NEW.id;
END;
