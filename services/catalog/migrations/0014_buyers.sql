-- Whose hold it is: the user's and the cart's that is bought. Their own hold is available to them.
ALTER TABLE reservation ADD COLUMN buyer_id UUID;
ALTER TABLE reservation ADD COLUMN cart_id UUID;

UPDATE reservation SET buyer_id = held_by WHERE held_by IS NOT NULL AND state = 'held';

CREATE INDEX reservation_of_buyer ON reservation (buyer_id)
    WHERE state = 'held' AND buyer_id IS NOT NULL;
CREATE INDEX reservation_of_cart ON reservation (cart_id)
    WHERE state = 'held' AND cart_id IS NOT NULL;
