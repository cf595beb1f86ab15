-- The units of an order's lines that a refund is for, each with the share it was sold for. Units
-- of a refund that failed count for nothing.
CREATE TABLE refund_lines (
    refund_id UUID    NOT NULL REFERENCES refunds (id),
    sku       TEXT    NOT NULL,
    quantity  BIGINT  NOT NULL CHECK (quantity > 0),
    amount    BIGINT  NOT NULL CHECK (amount >= 0),
    -- Whether these units are put back into stock.
    restock   BOOLEAN NOT NULL,
    PRIMARY KEY (refund_id, sku)
);

-- Whether everything of the order that is still out is put back into stock.
ALTER TABLE refunds ADD COLUMN restock BOOLEAN NOT NULL DEFAULT FALSE;
-- For staff only.
ALTER TABLE refunds ADD COLUMN note TEXT;
-- The member of staff who asked for it; null where the shop did, or where it was not kept.
ALTER TABLE refunds ADD COLUMN staff UUID;

-- A reason is a code; what people wrote is a note. The refund of a cancelled order, which has no
-- fingerprint, has the order's reason.
UPDATE refunds SET note = reason WHERE fingerprint IS NOT NULL AND reason <> '';
UPDATE refunds SET reason = 'other' WHERE fingerprint IS NOT NULL;
