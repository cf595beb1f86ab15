-- A charge can be processing. A column's CHECK cannot be changed on SQLite: the column is made anew,
-- and the program, which reads the states it knows alone, keeps the list.
ALTER TABLE sandbox_charges ADD COLUMN new_state TEXT NOT NULL DEFAULT 'authorized';
UPDATE sandbox_charges SET new_state = state;
ALTER TABLE sandbox_charges DROP COLUMN state;
ALTER TABLE sandbox_charges RENAME COLUMN new_state TO state;
