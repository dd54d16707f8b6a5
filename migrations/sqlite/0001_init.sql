-- Accounts, their lists, and what the operator's tool changed. Times are Unix milliseconds
-- unless their column says otherwise; switches are 0 or 1.
--
-- Switchboard cookies are not here: SQLite keeps them in a file of their own beside this one
-- (crates/store/src/cookie.rs), so that they never wait for this file's disk flush.

CREATE TABLE account (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,      -- never used twice
    email         TEXT    NOT NULL UNIQUE,                -- lower case
    guid          TEXT    NOT NULL,                       -- 32 hexadecimal digits
    name          TEXT    NOT NULL,                       -- the friendly name
    password_hash TEXT    NOT NULL,                       -- argon2id, in PHC form
    sealed        BLOB,                                   -- the MD5 sign-in secret, sealed; null: none
    token_epoch   INTEGER NOT NULL DEFAULT 0,             -- tickets of an earlier epoch are void
    verified      INTEGER NOT NULL DEFAULT 1 CHECK (verified IN (0, 1)),
    suspended     INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    serial        INTEGER NOT NULL DEFAULT 1,             -- modulo 2^32; a client without a copy says 0
    lists_at      INTEGER NOT NULL,
    settings_at   INTEGER NOT NULL,
    prompt        INTEGER NOT NULL DEFAULT 0 CHECK (prompt IN (0, 1)),   -- 0 ask, 1 allow
    privacy       INTEGER NOT NULL DEFAULT 0 CHECK (privacy IN (0, 1)),  -- 0 all but blocked, 1 only allowed
    home          TEXT    NOT NULL DEFAULT '',
    work          TEXT    NOT NULL DEFAULT '',
    mobile        TEXT    NOT NULL DEFAULT '',
    pages         INTEGER NOT NULL DEFAULT 0 CHECK (pages IN (0, 1)),
    enabled       INTEGER NOT NULL DEFAULT 0 CHECK (enabled IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT;

-- Who has whom on a list. RL (8) is derived from the other side's FL (1) and never stored.
CREATE TABLE contact (
    owner  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    peer   INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    lists  INTEGER NOT NULL CHECK (lists <> 0 AND (lists & ~23) = 0 AND (lists & 6) <> 6),
    groups INTEGER NOT NULL,                              -- a bit per group number
    name   TEXT    NOT NULL,                              -- what the owner calls the peer
    added  INTEGER NOT NULL,                              -- Unix microseconds: the order of the list
    PRIMARY KEY (owner, peer)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_peer ON contact (peer, owner, lists);

CREATE TABLE grp (
    owner INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    id    INTEGER NOT NULL CHECK (id BETWEEN 0 AND 29),
    guid  TEXT    NOT NULL,                               -- 32 hexadecimal digits
    name  TEXT    NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

-- Those who chose to be found. The columns ending in _key are folded for the comparison.
CREATE TABLE directory (
    account     INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    first       TEXT NOT NULL,
    last        TEXT NOT NULL,
    city        TEXT NOT NULL,
    state       TEXT NOT NULL,
    country     TEXT NOT NULL,
    first_key   TEXT NOT NULL,
    last_key    TEXT NOT NULL,
    city_key    TEXT NOT NULL,
    state_key   TEXT NOT NULL,
    country_key TEXT NOT NULL
) STRICT;

CREATE INDEX directory_last ON directory (last_key, first_key);

-- Accounts changed from outside the daemons, which poll this.
CREATE TABLE touched (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,                             -- may be gone by now
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
