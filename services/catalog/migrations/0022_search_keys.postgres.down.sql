DROP TRIGGER products_search_keys ON products;
DROP FUNCTION clear_search_keys();
DROP TRIGGER variants_search_key ON variants;
DROP FUNCTION clear_search_key();
DROP INDEX IF EXISTS variants_search_key;
