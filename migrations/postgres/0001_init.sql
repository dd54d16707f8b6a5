-- Accounts, their lists, what the operator's tool changed, and cookies. Times are Unix
-- milliseconds unless their column says otherwise; switches are 0 or 1. Every number is a
-- BIGINT, so that the same statements bind and read the same types as on SQLite.

CREATE TABLE account (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,      -- never used twice
    email         TEXT   COLLATE "C" NOT NULL UNIQUE,                   -- lower case
    guid          TEXT   NOT NULL,                                      -- 32 hexadecimal digits
    name          TEXT   NOT NULL,                                      -- the friendly name
    password_hash TEXT   NOT NULL,                                      -- argon2id, in PHC form
    sealed        BYTEA,                                                -- the MD5 sign-in secret, sealed; null: none
    token_epoch   BIGINT NOT NULL DEFAULT 0,                            -- tickets of an earlier epoch are void
    verified      BIGINT NOT NULL DEFAULT 1 CHECK (verified IN (0, 1)),
    suspended     BIGINT NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    serial        BIGINT NOT NULL DEFAULT 1,                            -- modulo 2^32; a client without a copy says 0
    lists_at      BIGINT NOT NULL,
    settings_at   BIGINT NOT NULL,
    prompt        BIGINT NOT NULL DEFAULT 0 CHECK (prompt IN (0, 1)),   -- 0 ask, 1 allow
    privacy       BIGINT NOT NULL DEFAULT 0 CHECK (privacy IN (0, 1)),  -- 0 all but blocked, 1 only allowed
    home          TEXT   NOT NULL DEFAULT '',
    work          TEXT   NOT NULL DEFAULT '',
    mobile        TEXT   NOT NULL DEFAULT '',
    pages         BIGINT NOT NULL DEFAULT 0 CHECK (pages IN (0, 1)),
    enabled       BIGINT NOT NULL DEFAULT 0 CHECK (enabled IN (0, 1)),
    created_at    BIGINT NOT NULL
) WITH (fillfactor = 85);                                               -- room for in-page updates of the serial

-- Who has whom on a list. RL (8) is derived from the other side's FL (1) and never stored.
CREATE TABLE contact (
    owner  BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    peer   BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    lists  BIGINT NOT NULL CHECK (lists <> 0 AND (lists & ~23) = 0 AND (lists & 6) <> 6),
    groups BIGINT NOT NULL,                                             -- a bit per group number
    name   TEXT   NOT NULL,                                             -- what the owner calls the peer
    added  BIGINT NOT NULL,                                             -- Unix microseconds: the order of the list
    PRIMARY KEY (owner, peer)
);

CREATE INDEX contact_peer ON contact (peer, owner, lists);

CREATE TABLE grp (
    owner BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    id    BIGINT NOT NULL CHECK (id BETWEEN 0 AND 29),
    guid  TEXT   NOT NULL,                                              -- 32 hexadecimal digits
    name  TEXT   NOT NULL,
    PRIMARY KEY (owner, id)
);

-- Those who chose to be found. The columns ending in _key are folded for the comparison.
CREATE TABLE directory (
    account     BIGINT PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
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
);

CREATE INDEX directory_last ON directory (last_key, first_key);

-- Accounts changed from outside the daemons, which poll this.
CREATE TABLE touched (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account BIGINT NOT NULL,                                            -- may be gone by now
    at      BIGINT NOT NULL
);

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Switchboard cookies. Unlogged: losing them in a crash costs people one more try, and a commit
-- does not wait for the disk. SQLite keeps them in a file of their own.
CREATE UNLOGGED TABLE cookie (
    hash    BYTEA  PRIMARY KEY,                                         -- SHA-256 of the cookie
    body    BYTEA  NOT NULL,                                            -- what it stands for
    expires BIGINT NOT NULL
);
