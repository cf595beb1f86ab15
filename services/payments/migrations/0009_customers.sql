-- Which customer of a provider a user is. The id is the key under which the provider makes it once.
-- Of what customers save there the shop keeps nothing.
CREATE TABLE customers (
    id          UUID        NOT NULL PRIMARY KEY,
    user_id     UUID        NOT NULL,
    provider    TEXT        NOT NULL,
    -- What the provider calls it; null until it has answered, and once it is gone.
    reference   TEXT,
    created_at  TIMESTAMPTZ NOT NULL,
    -- When the user was deleted: from then on there is no customer of theirs.
    deleted_at  TIMESTAMPTZ,
    -- When the provider is asked to delete it; null if it need not be.
    remove_at   TIMESTAMPTZ,
    attempts    BIGINT      NOT NULL,
    lease_until TIMESTAMPTZ,
    fence       BIGINT      NOT NULL DEFAULT 0,
    UNIQUE (user_id, provider)
);

CREATE INDEX customers_to_remove ON customers (remove_at) WHERE remove_at IS NOT NULL;

-- Whether an authorisation also saves the means of payment for the customer's next orders.
ALTER TABLE operations ADD COLUMN save BOOLEAN NOT NULL DEFAULT FALSE;
