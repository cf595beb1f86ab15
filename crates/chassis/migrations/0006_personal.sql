-- Whether an event says who somebody is: what it says goes once it is sent, and from inboxes once
-- it is handled. Events told before this are known by an e-mail address.
ALTER TABLE outbox ADD COLUMN personal BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE outbox SET personal = TRUE WHERE CAST(data AS TEXT) LIKE '%"email"%';
UPDATE outbox SET data = '{}' WHERE personal AND sent_at IS NOT NULL;
UPDATE inbox SET envelope = '{}' WHERE status = 'done';
