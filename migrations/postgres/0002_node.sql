-- The daemons that run, as each of them reports itself, and what the operator wants of them.
CREATE TABLE node (
    id         BIGINT PRIMARY KEY,                        -- drawn at each start
    role       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    address    TEXT    NOT NULL,                          -- where clients find it
    load       BIGINT  NOT NULL,                          -- users, or rooms
    draining   BIGINT  NOT NULL CHECK (draining IN (0, 1)),
    drain      BIGINT  NOT NULL DEFAULT 0 CHECK (drain IN (0, 1)),  -- the operator wants it emptied
    started_at BIGINT  NOT NULL,
    seen_at    BIGINT  NOT NULL
);
