DROP TABLE disputes;
ALTER TABLE refunds DROP COLUMN reference;
DROP INDEX payments_reference;
DROP INDEX payments_look;
ALTER TABLE payments DROP COLUMN disputed;
ALTER TABLE payments DROP COLUMN look_at;
ALTER TABLE payments DROP COLUMN capture_before;
ALTER TABLE payments DROP COLUMN hold_minutes;
ALTER TABLE payments DROP COLUMN next_action;
