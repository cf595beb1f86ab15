DROP TABLE cart_orders;
