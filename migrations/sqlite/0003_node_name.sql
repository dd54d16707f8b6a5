-- What the operator calls a daemon, and how much it has said to the others.
ALTER TABLE node ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE node ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;                       -- bus messages since its start
