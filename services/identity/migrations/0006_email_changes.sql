-- Addresses that accounts had, and can go back to for a week: whoever reads the mails of such an
-- address gets a link for it. Only those that were verified.
CREATE TABLE email_changes (
    user_id    UUID        NOT NULL REFERENCES users (id),
    email      TEXT        NOT NULL,
    -- Of the account, when it left the address; an older one goes before a younger one.
    version    BIGINT      NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    -- Of the link's token, once it was made. Only the last one counts.
    hash       BYTEA       UNIQUE,
    PRIMARY KEY (user_id, email)
);

CREATE INDEX email_changes_email ON email_changes (email);
CREATE INDEX email_changes_expires_at ON email_changes (expires_at);
