-- The daemons that run, as each of them reports itself, and what the operator wants of them.
CREATE TABLE node (
    id         INTEGER PRIMARY KEY,                       -- drawn at each start
    role       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    address    TEXT    NOT NULL,                          -- where clients find it
    load       INTEGER NOT NULL,                          -- users, or rooms
    draining   INTEGER NOT NULL CHECK (draining IN (0, 1)),
    drain      INTEGER NOT NULL DEFAULT 0 CHECK (drain IN (0, 1)),  -- the operator wants it emptied
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;
