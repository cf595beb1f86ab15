ALTER TABLE order_refunds DROP COLUMN failed_at;
ALTER TABLE orders DROP COLUMN disputed;
ALTER TABLE sagas DROP COLUMN next_action;
