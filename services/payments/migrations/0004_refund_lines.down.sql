UPDATE refunds SET reason = note WHERE note IS NOT NULL;
ALTER TABLE refunds DROP COLUMN staff;
ALTER TABLE refunds DROP COLUMN note;
ALTER TABLE refunds DROP COLUMN restock;
DROP TABLE refund_lines;
