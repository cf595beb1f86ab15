ALTER TABLE sessions DROP COLUMN fixed;
