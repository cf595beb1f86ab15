-- Since when a line is held, and whether it is held without money, for as long as a customer takes:
-- such holds together may take no more than a share of each SKU.
ALTER TABLE reservation ADD COLUMN held_at TIMESTAMPTZ;
ALTER TABLE reservation ADD COLUMN unpaid BOOLEAN NOT NULL DEFAULT FALSE;
