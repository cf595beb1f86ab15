CREATE TABLE reviews (
    id         UUID        NOT NULL PRIMARY KEY,
    product_id UUID        NOT NULL,
    user_id    UUID        NOT NULL,
    -- What the public sees of the author's name.
    author     TEXT        NOT NULL,
    rating     BIGINT      NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title      TEXT        NOT NULL,
    body       TEXT        NOT NULL,
    status     TEXT        NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
    -- Why a moderator decided so.
    reason     TEXT,
    -- Rises with every change, so that two changes at once are noticed.
    version    BIGINT      NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (product_id, user_id)
);

CREATE INDEX reviews_newest ON reviews (product_id, id) WHERE status = 'approved';
CREATE INDEX reviews_by_rating ON reviews (product_id, rating, id) WHERE status = 'approved';
CREATE INDEX reviews_by_status ON reviews (status, id);
CREATE INDEX reviews_by_user ON reviews (user_id);

-- How many approved reviews give how many stars; the version is that of `rating.changed`.
CREATE TABLE ratings (
    product_id UUID   NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    one        BIGINT NOT NULL CHECK (one >= 0),
    two        BIGINT NOT NULL CHECK (two >= 0),
    three      BIGINT NOT NULL CHECK (three >= 0),
    four       BIGINT NOT NULL CHECK (four >= 0),
    five       BIGINT NOT NULL CHECK (five >= 0)
);

-- Who bought what, as orders told. An order that was cancelled or refunded stays as a row that
-- does not count, so that older news arriving late changes nothing.
CREATE TABLE purchases (
    order_id   UUID    NOT NULL,
    product_id UUID    NOT NULL,
    user_id    UUID    NOT NULL,
    counts     BOOLEAN NOT NULL,
    version    BIGINT  NOT NULL,
    PRIMARY KEY (order_id, product_id)
);

CREATE INDEX purchases_by_user ON purchases (user_id, product_id) WHERE counts;
