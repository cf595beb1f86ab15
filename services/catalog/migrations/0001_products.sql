-- The tree of categories. Depth and freedom from cycles are kept by the code that moves them.
CREATE TABLE categories (
    id          UUID        NOT NULL PRIMARY KEY,
    parent_id   UUID        REFERENCES categories (id),
    slug        TEXT        NOT NULL UNIQUE,
    name        TEXT        NOT NULL,
    description TEXT        NOT NULL,
    position    BIGINT      NOT NULL,
    version     BIGINT      NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

CREATE INDEX categories_parent ON categories (parent_id);

-- Ids are UUIDv7, so their order is the order in which products were made.
CREATE TABLE products (
    id              UUID        NOT NULL PRIMARY KEY,
    slug            TEXT        NOT NULL UNIQUE,
    title           TEXT        NOT NULL,
    title_key       TEXT        NOT NULL,
    description     TEXT        NOT NULL,
    vendor          TEXT        NOT NULL,
    product_type    TEXT        NOT NULL,
    tags            JSONB       NOT NULL,
    status          TEXT        NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    options         JSONB       NOT NULL,
    images          JSONB       NOT NULL,
    seo_title       TEXT,
    seo_description TEXT,
    price           BIGINT      NOT NULL CHECK (price >= 0),
    rating_count    BIGINT      NOT NULL,
    rating_sum      BIGINT      NOT NULL,
    rating_score    BIGINT      NOT NULL,
    rating_version  BIGINT      NOT NULL,
    version         BIGINT      NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL
);

-- The ways a list walks: each without reading a product that is not on the page.
CREATE INDEX products_newest ON products (status, id);
CREATE INDEX products_price ON products (status, price, id);
CREATE INDEX products_title ON products (status, title_key, id);
CREATE INDEX products_rating ON products (status, rating_score, id);
CREATE INDEX products_vendor ON products (status, vendor, id);

CREATE TABLE variants (
    id                UUID    NOT NULL PRIMARY KEY,
    product_id        UUID    NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    sku               TEXT    NOT NULL UNIQUE,
    title             TEXT    NOT NULL,
    options           JSONB   NOT NULL,
    price             BIGINT  NOT NULL CHECK (price >= 0),
    compare_at_price  BIGINT  CHECK (compare_at_price >= 0),
    position          BIGINT  NOT NULL,
    barcode           TEXT,
    weight_grams      BIGINT  NOT NULL,
    weight_unit       TEXT    NOT NULL,
    requires_shipping BOOLEAN NOT NULL,
    taxable           BOOLEAN NOT NULL,
    tax_code          TEXT,
    image             TEXT
);

CREATE INDEX variants_product ON variants (product_id, position);

-- A product is in the categories it was put in (direct) and in all above them, so that a
-- category's list is one walk over one index.
CREATE TABLE product_categories (
    category_id UUID    NOT NULL REFERENCES categories (id) ON DELETE CASCADE,
    product_id  UUID    NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    direct      BOOLEAN NOT NULL,
    price       BIGINT  NOT NULL,
    PRIMARY KEY (category_id, product_id)
);

CREATE INDEX product_categories_product ON product_categories (product_id);
CREATE INDEX product_categories_price ON product_categories (category_id, price, product_id);

CREATE TABLE product_tags (
    tag        TEXT NOT NULL,
    product_id UUID NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, product_id)
);

CREATE INDEX product_tags_product ON product_tags (product_id);

-- Pictures of the shop's own, served as they are.
CREATE TABLE pictures (
    id           UUID        NOT NULL PRIMARY KEY,
    content_type TEXT        NOT NULL,
    bytes        BYTEA       NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL
);
