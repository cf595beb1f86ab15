DROP INDEX stock_updated;
DROP INDEX variants_without_search_key;
ALTER TABLE variants DROP COLUMN search_row;
ALTER TABLE variants DROP COLUMN search_key;
