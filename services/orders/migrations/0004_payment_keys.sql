-- The client's keys for further payments of an order: what was asked for under each, and what came
-- of the attempt once there is a later one.
CREATE TABLE payment_keys (
    order_id    UUID   NOT NULL REFERENCES orders (id),
    key         TEXT   NOT NULL,
    -- Null where it was not kept yet.
    fingerprint BYTEA,
    attempt     BIGINT NOT NULL,
    refusal     JSONB,
    PRIMARY KEY (order_id, key)
);

INSERT INTO payment_keys (order_id, key, attempt)
SELECT order_id, payment_key, attempt FROM sagas WHERE payment_key IS NOT NULL;

ALTER TABLE sagas DROP COLUMN payment_key;
