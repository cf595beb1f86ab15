-- The address each account has proven to be its own; also the queue of those whose guests' orders have
-- yet to join the account.
CREATE TABLE proven_emails (
    user_id     UUID        NOT NULL PRIMARY KEY,
    -- Null where it has proven none, or is gone: the row stays, as older news may come later.
    email       TEXT,
    -- The account's, as its events say it.
    version     BIGINT      NOT NULL,
    state       TEXT        NOT NULL CHECK (state IN ('waiting', 'done')),
    due_at      TIMESTAMPTZ NOT NULL,
    lease_until TIMESTAMPTZ,
    fence       BIGINT      NOT NULL DEFAULT 0
);

CREATE INDEX proven_emails_by_email ON proven_emails (email);
CREATE INDEX proven_emails_due ON proven_emails (due_at) WHERE state = 'waiting';

CREATE INDEX orders_of_guests ON orders (email) WHERE user_id IS NULL;
