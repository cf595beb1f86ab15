DROP TABLE order_searches;
DROP TABLE order_keys;
