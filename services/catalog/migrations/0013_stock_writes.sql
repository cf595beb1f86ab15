-- Why somebody changed a stock, in their words.
ALTER TABLE stock_ledger ADD COLUMN reason TEXT;

-- What files of an export have added to a SKU: each file does so once, however often it is imported.
CREATE INDEX stock_ledger_adjust ON stock_ledger (sku, version)
    WHERE kind IN ('created', 'adjust');

-- Whether the figures of a file are the stock there is, whatever moved since.
ALTER TABLE imports ADD COLUMN set_stock BOOLEAN NOT NULL DEFAULT FALSE;
