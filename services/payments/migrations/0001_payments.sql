-- A payment: one try to pay one order. `reference` is the provider's name for it. A payment that
-- was voided before it was asked for has no order yet.
CREATE TABLE payments (
    id               UUID        NOT NULL PRIMARY KEY,
    order_id         UUID,
    order_number     TEXT        NOT NULL,
    user_id          UUID,
    order_token_hash TEXT,
    status           TEXT        NOT NULL CHECK (status IN
        ('pending', 'requires_action', 'authorized', 'declined', 'capturing', 'captured',
         'voiding', 'voided', 'partially_refunded', 'refunded')),
    amount           BIGINT      NOT NULL CHECK (amount >= 0),
    captured         BIGINT      NOT NULL CHECK (captured >= 0 AND captured <= amount),
    refunded         BIGINT      NOT NULL CHECK (refunded >= 0),
    -- What running refunds will give back: reserved before the provider is asked.
    refund_pending   BIGINT      NOT NULL CHECK (refund_pending >= 0),
    currency         TEXT        NOT NULL CHECK (length(currency) = 3),
    provider         TEXT        NOT NULL,
    reference        TEXT,
    reason           TEXT,
    version          BIGINT      NOT NULL,
    created_at       TIMESTAMPTZ NOT NULL,
    updated_at       TIMESTAMPTZ NOT NULL,
    CHECK (refunded + refund_pending <= captured)
);

CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_newest ON payments (created_at, id);

-- What a provider is asked, written before it is asked. The id is the key under which the
-- provider does it once. `fence` rises with each process that takes the operation over.
CREATE TABLE operations (
    id          UUID        NOT NULL PRIMARY KEY,
    payment_id  UUID        NOT NULL REFERENCES payments (id),
    kind        TEXT        NOT NULL CHECK (kind IN
        ('authorize', 'confirm', 'capture', 'void', 'refund')),
    state       TEXT        NOT NULL CHECK (state IN ('intended', 'unknown', 'done', 'refused')),
    amount      BIGINT      NOT NULL CHECK (amount >= 0),
    -- The customer's token or choice, to ask the provider again; gone when the outcome is known.
    input       TEXT,
    attempts    BIGINT      NOT NULL,
    next_at     TIMESTAMPTZ NOT NULL,
    lease_until TIMESTAMPTZ,
    fence       BIGINT      NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    settled_at  TIMESTAMPTZ
);

CREATE INDEX operations_payment ON operations (payment_id);
CREATE INDEX operations_open ON operations (next_at) WHERE settled_at IS NULL;

CREATE TABLE refunds (
    id          UUID        NOT NULL PRIMARY KEY,
    payment_id  UUID        NOT NULL REFERENCES payments (id),
    amount      BIGINT      NOT NULL CHECK (amount > 0),
    reason      TEXT        NOT NULL,
    status      TEXT        NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    -- Why the provider refused it.
    failure     TEXT,
    -- SHA-256, in hex, of the request, to know a repetition from another one.
    fingerprint TEXT,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

CREATE INDEX refunds_payment ON refunds (payment_id, created_at);

-- Double entry: the amounts of a transaction sum to zero. A debit is positive, a credit negative.
-- The transaction is the operation that moved the money, so it cannot be posted twice.
CREATE TABLE ledger_entries (
    transaction_id UUID        NOT NULL,
    account        TEXT        NOT NULL,
    payment_id     UUID        NOT NULL REFERENCES payments (id),
    amount         BIGINT      NOT NULL CHECK (amount <> 0),
    currency       TEXT        NOT NULL CHECK (length(currency) = 3),
    created_at     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (transaction_id, account)
);

CREATE INDEX ledger_entries_payment ON ledger_entries (payment_id);
