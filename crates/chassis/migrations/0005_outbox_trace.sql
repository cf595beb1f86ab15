-- The trace an event belongs to (W3C traceparent); events told before this have none.
ALTER TABLE outbox ADD COLUMN traceparent TEXT;
