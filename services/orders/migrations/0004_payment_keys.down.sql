ALTER TABLE sagas ADD COLUMN payment_key TEXT;
UPDATE sagas SET payment_key = (SELECT key FROM payment_keys
                                WHERE payment_keys.order_id = sagas.order_id
                                  AND payment_keys.attempt = sagas.attempt);
DROP TABLE payment_keys;
