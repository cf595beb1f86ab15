ALTER TABLE sagas RENAME COLUMN fence TO version;
