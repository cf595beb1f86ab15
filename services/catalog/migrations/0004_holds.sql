-- Whose a hold is that belongs to no order.
ALTER TABLE reservation ADD COLUMN held_by UUID;

CREATE INDEX reservation_held_by ON reservation (held_by) WHERE state = 'held' AND held_by IS NOT NULL;
