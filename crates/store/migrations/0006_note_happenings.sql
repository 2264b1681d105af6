-- What happened outside of deployments; `happening` is JSON, `gist` what is the same for all that count as
-- the same. No part of any journal: rows are replaced and dropped.
CREATE TABLE happenings (
    sequence  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    gist      TEXT    NOT NULL,
    happening TEXT    NOT NULL
) STRICT;

CREATE INDEX happenings_alike ON happenings (gist, sequence);
