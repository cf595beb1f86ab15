DROP TABLE sagas;
DROP TABLE order_history;
DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE numbers;
DROP TABLE secrets;
