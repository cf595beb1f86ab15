-- Whether the token's means of payment is to be saved for the customer's next orders.
ALTER TABLE sagas ADD COLUMN save BOOLEAN NOT NULL DEFAULT FALSE;
