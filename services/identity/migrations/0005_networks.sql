-- Failures count where they come from: `account` is the hash of a login as it was typed, or a
-- session or device that is known, `network` the neighbourhood of the address.
ALTER TABLE attempts ADD COLUMN network TEXT NOT NULL DEFAULT '';
CREATE INDEX attempts_network ON attempts (account, network, kind, id);

-- Browsers somebody has logged in with: their failures are counted apart from everybody else's.
CREATE TABLE devices (
    hash       BYTEA       NOT NULL,
    user_id    UUID        NOT NULL REFERENCES users (id),
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (hash, user_id)
);

CREATE INDEX devices_user ON devices (user_id, expires_at);
CREATE INDEX devices_expires_at ON devices (expires_at);

-- Whether there are hashes that take longer to compare than ours.
CREATE INDEX users_foreign_hash ON users (id) WHERE password_hash NOT LIKE '$argon2%';
