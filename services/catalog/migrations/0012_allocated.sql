-- Sold and not shipped yet: such units are still on the shelf, so that they are on hand. Until the
-- orders of before are booked as well (reservation.allocated), on_hand is without theirs.
-- `variant_id` is whose stock it is, whatever its SKU.
ALTER TABLE stock ADD COLUMN allocated BIGINT NOT NULL DEFAULT 0
    CHECK (allocated >= 0 AND (policy <> 'deny' OR reserved + allocated <= on_hand));
ALTER TABLE stock ADD COLUMN variant_id UUID;
UPDATE stock SET variant_id = (SELECT id FROM variants WHERE variants.sku = stock.sku);
CREATE UNIQUE INDEX stock_variant ON stock (variant_id);

ALTER TABLE stock_ledger ADD COLUMN delta_allocated BIGINT NOT NULL DEFAULT 0;

-- Of which variant the units are; null where that was not written down and the SKU has changed
-- hands since, or may have.
ALTER TABLE reservation ADD COLUMN variant_id UUID;
-- How many of a line's units were put back.
ALTER TABLE reservation ADD COLUMN restocked BIGINT NOT NULL DEFAULT 0
    CHECK (restocked >= 0 AND restocked <= quantity);
-- Whether the stock counts the units as allocated: not before they are sold, not once they are
-- shipped, and not yet where they were sold before this was counted.
ALTER TABLE reservation ADD COLUMN allocated BOOLEAN NOT NULL DEFAULT FALSE;
-- What the units left with; null until they are shipped.
ALTER TABLE reservation ADD COLUMN parcel_id UUID;
-- One line of each order: so that of a hold and its release that meet only one is first.
ALTER TABLE reservation ADD COLUMN leads BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX reservation_leads ON reservation (order_id) WHERE leads;
CREATE INDEX reservation_allocated ON reservation (variant_id) WHERE allocated;
-- What is yet to be asked of orders: whether it was shipped.
CREATE INDEX reservation_unbooked ON reservation (order_id)
    WHERE state = 'committed' AND NOT allocated AND parcel_id IS NULL;

UPDATE reservation
SET variant_id = (SELECT id FROM variants WHERE variants.sku = reservation.sku)
WHERE NOT EXISTS (SELECT 1 FROM stock_ledger
                  WHERE stock_ledger.sku = reservation.sku AND stock_ledger.kind = 'removed'
                    AND (reservation.held_at IS NULL OR stock_ledger.at >= reservation.held_at));

-- Each time units of an order were put back.
CREATE TABLE restocks (
    id       UUID        NOT NULL PRIMARY KEY,
    order_id UUID        NOT NULL,
    at       TIMESTAMPTZ NOT NULL
);

-- Units that were put back and belong to no stock, since their variant is gone.
CREATE TABLE stray_units (
    restock_id UUID        NOT NULL REFERENCES restocks (id),
    sku        TEXT        NOT NULL,
    order_id   UUID        NOT NULL,
    variant_id UUID,
    quantity   BIGINT      NOT NULL CHECK (quantity > 0),
    at         TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (restock_id, sku)
);
