ALTER TABLE operations DROP COLUMN save;
DROP TABLE customers;
