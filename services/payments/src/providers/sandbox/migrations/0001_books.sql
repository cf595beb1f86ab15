-- What the sandbox provider did, as a real one would know it. The id is the key it was asked
-- with, which is the payment's id.
CREATE TABLE sandbox_charges (
    id         UUID        NOT NULL PRIMARY KEY,
    token      TEXT        NOT NULL,
    amount     BIGINT      NOT NULL CHECK (amount >= 0),
    currency   TEXT        NOT NULL,
    state      TEXT        NOT NULL CHECK (state IN
        ('requires_action', 'authorized', 'declined', 'captured', 'voided')),
    reason     TEXT,
    captured   BIGINT      NOT NULL CHECK (captured >= 0 AND captured <= amount),
    refunded   BIGINT      NOT NULL CHECK (refunded >= 0 AND refunded <= captured),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sandbox_refunds (
    id         UUID        NOT NULL PRIMARY KEY,
    charge_id  UUID        NOT NULL REFERENCES sandbox_charges (id),
    amount     BIGINT      NOT NULL CHECK (amount > 0),
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX sandbox_refunds_charge ON sandbox_refunds (charge_id);
