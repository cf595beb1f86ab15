-- What is looked for by age: handled events to delete, dead letters to show.
CREATE INDEX inbox_done ON inbox (done_at) WHERE status = 'done';
CREATE INDEX inbox_dead ON inbox (received_at, event_id) WHERE status = 'dead';
