DROP TABLE ledger_entries;
DROP TABLE refunds;
DROP TABLE operations;
DROP TABLE payments;
