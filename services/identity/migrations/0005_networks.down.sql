DROP INDEX users_foreign_hash;
DROP TABLE devices;
DROP INDEX attempts_network;
ALTER TABLE attempts DROP COLUMN network;
