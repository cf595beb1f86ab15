ALTER TABLE outbox DROP COLUMN personal;
