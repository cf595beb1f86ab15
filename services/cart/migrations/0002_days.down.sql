DROP TABLE cart_days;
