-- What clients compare when they write: `version` also rises with ratings and stock.
ALTER TABLE products ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE variants ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
-- What the shop pays for one, in minor units.
ALTER TABLE variants ADD COLUMN cost BIGINT CHECK (cost >= 0);

UPDATE products SET revision = version;
