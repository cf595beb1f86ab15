-- What the customer has to do, while the payment waits for them. It can hold a secret of theirs.
ALTER TABLE payments ADD COLUMN next_action JSONB;
-- How many minutes the customer, or their bank, may need for what the payment waits for.
ALTER TABLE payments ADD COLUMN hold_minutes BIGINT;
-- Until when what is held can be captured.
ALTER TABLE payments ADD COLUMN capture_before TIMESTAMPTZ;
-- When the provider is asked how it stands, unless a webhook says so earlier.
ALTER TABLE payments ADD COLUMN look_at TIMESTAMPTZ;

-- Whether the customer disputes it with their bank, or has.
ALTER TABLE payments ADD COLUMN disputed BOOLEAN NOT NULL DEFAULT FALSE;

CREATE INDEX payments_look ON payments (look_at) WHERE look_at IS NOT NULL;
-- A webhook names a payment by what its provider calls it.
CREATE INDEX payments_reference ON payments (reference);

-- What the provider calls a refund; null until it has answered.
ALTER TABLE refunds ADD COLUMN reference TEXT;

-- Payments that customers dispute with their banks.
CREATE TABLE disputes (
    payment_id UUID        NOT NULL REFERENCES payments (id),
    -- What the provider calls it.
    reference  TEXT        NOT NULL,
    status     TEXT        NOT NULL CHECK (status IN
        ('warning', 'needs_response', 'under_review', 'won', 'lost')),
    -- The provider's code.
    reason     TEXT        NOT NULL,
    amount     BIGINT      NOT NULL CHECK (amount >= 0),
    -- What the provider has taken from the shop for it by now.
    withdrawn  BIGINT      NOT NULL CHECK (withdrawn >= 0),
    -- Until when it can be answered.
    due_at     TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (payment_id, reference)
);
