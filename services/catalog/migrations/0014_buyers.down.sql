DROP INDEX reservation_of_cart;
DROP INDEX reservation_of_buyer;
ALTER TABLE reservation DROP COLUMN cart_id;
ALTER TABLE reservation DROP COLUMN buyer_id;
