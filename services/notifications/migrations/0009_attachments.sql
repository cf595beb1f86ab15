-- Files that go with e-mails.
CREATE TABLE attachments (
    message_id   UUID   NOT NULL,
    position     BIGINT NOT NULL,
    filename     TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    content      BYTEA  NOT NULL,
    PRIMARY KEY (message_id, position)
);
