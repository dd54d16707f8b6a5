-- Lists as they are read at a sign-in, in one piece (crates/store/src/copy.rs). One whose time is not the
-- account's is out of date. All of it may be deleted at any time.
CREATE TABLE roster_copy (
    owner    INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    lists_at INTEGER NOT NULL,                            -- of the account, when this was made
    body     BLOB    NOT NULL
) STRICT;
