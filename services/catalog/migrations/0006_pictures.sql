-- A picture is kept in the largest width it is shown in; smaller ones are beside it. What is not
-- made of pixels has neither width nor height.
ALTER TABLE pictures ADD COLUMN width BIGINT;
ALTER TABLE pictures ADD COLUMN height BIGINT;
-- When it was last sent, or let go by a product: one that nobody uses is kept for a day.
ALTER TABLE pictures RENAME COLUMN created_at TO seen_at;

CREATE INDEX pictures_seen ON pictures (seen_at, id);

CREATE TABLE picture_sizes (
    picture_id UUID   NOT NULL REFERENCES pictures (id) ON DELETE CASCADE,
    width      BIGINT NOT NULL,
    bytes      BYTEA  NOT NULL,
    PRIMARY KEY (picture_id, width)
);

-- Which pictures the products use; a picture in use cannot be deleted.
CREATE TABLE product_pictures (
    picture_id UUID NOT NULL REFERENCES pictures (id),
    product_id UUID NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    PRIMARY KEY (picture_id, product_id)
);

CREATE INDEX product_pictures_product ON product_pictures (product_id);
