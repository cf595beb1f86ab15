DROP TABLE lines;
DROP TABLE carts;
