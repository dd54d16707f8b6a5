-- Accounts that were deleted, by what clients know them: so that those whose lists had them can be told
-- that they are gone. Kept as long as the log of touched accounts.
CREATE TABLE deleted (
    account INTEGER PRIMARY KEY,
    guid    TEXT    NOT NULL,                             -- 32 hexadecimal digits
    email   TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX deleted_at ON deleted (at);
