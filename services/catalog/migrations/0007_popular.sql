-- The walk of a list by what is bought most, and the only index that counts of demand touch.
CREATE INDEX products_popular ON products (status, sold, views, id);
