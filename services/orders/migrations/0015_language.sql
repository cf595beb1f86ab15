-- The language the buyer reads, where it is known: a primary language tag such as `de`.
ALTER TABLE orders ADD COLUMN language TEXT;
