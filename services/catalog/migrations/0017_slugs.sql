-- What a slug looks like, whatever letters it is written with: no two products look alike. Filled in
-- for older products by the service.
ALTER TABLE products ADD COLUMN slug_key TEXT;

CREATE UNIQUE INDEX products_look_alike ON products (slug_key);

-- Slugs that products and categories had, which lead to where they are now.
CREATE TABLE product_slugs (
    slug       TEXT NOT NULL PRIMARY KEY,
    product_id UUID NOT NULL REFERENCES products (id) ON DELETE CASCADE
);

CREATE INDEX product_slugs_product ON product_slugs (product_id);

CREATE TABLE category_slugs (
    slug        TEXT NOT NULL PRIMARY KEY,
    category_id UUID NOT NULL REFERENCES categories (id) ON DELETE CASCADE
);

CREATE INDEX category_slugs_category ON category_slugs (category_id);
