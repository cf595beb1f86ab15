DROP TRIGGER products_search_keys;
DROP TRIGGER variants_search_key;
DROP TRIGGER variants_search_delete;
DROP TRIGGER variants_search_update;
DROP TRIGGER variants_search_insert;
DROP TABLE variant_search;
DROP INDEX variants_search_row;
