-- The days a cart got a line, and whether it was bought after that. Days are those of UTC.
CREATE TABLE cart_days (
    day     TEXT    NOT NULL,
    cart_id UUID    NOT NULL,
    ordered BOOLEAN NOT NULL,
    PRIMARY KEY (day, cart_id)
);

CREATE INDEX cart_days_open ON cart_days (cart_id) WHERE NOT ordered;
