-- As in every queue: what tells who may write is its fence.
ALTER TABLE sagas RENAME COLUMN version TO fence;
