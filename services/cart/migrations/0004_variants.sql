-- Which variant was put aside. Null for lines of before: there whatever has the SKU counts, until
-- more of it is added.
ALTER TABLE lines ADD COLUMN variant_id UUID;
