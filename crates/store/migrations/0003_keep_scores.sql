-- Health scores as they were measured; `entry` is JSON.
CREATE TABLE scores (
    ordinal     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app         TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    entry       TEXT    NOT NULL
) STRICT;

CREATE INDEX scores_of ON scores (app, environment, ordinal);
