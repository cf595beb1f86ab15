ALTER TABLE variants DROP COLUMN cost;
ALTER TABLE variants DROP COLUMN revision;
ALTER TABLE products DROP COLUMN revision;
