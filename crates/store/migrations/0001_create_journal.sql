-- Times are microseconds since 1970 UTC. Structured values are JSON text, written by the program.

-- One row: who this installation is, and its fencing number.
CREATE TABLE installation (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    id       TEXT    NOT NULL,
    key      BLOB    NOT NULL CHECK (length(key) = 32),
    epoch    INTEGER NOT NULL CHECK (epoch > 0)
) STRICT;

-- `checksum` covers everything but the end; the first journal row continues it.
CREATE TABLE deployments (
    ordinal     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    plan_id     TEXT    NOT NULL,
    app         TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    plan        TEXT    NOT NULL,
    started_us  INTEGER NOT NULL,
    ended_us    INTEGER,
    started_by  TEXT    NOT NULL,
    opening     TEXT    NOT NULL,
    checksum    BLOB    NOT NULL CHECK (length(checksum) = 32)
) STRICT;

CREATE INDEX deployments_open ON deployments (ordinal) WHERE ended_us IS NULL;

-- Append only. `previous` is the checksum of the row before it in the same deployment.
CREATE TABLE journal (
    sequence       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    deployment     TEXT    NOT NULL REFERENCES deployments (id),
    number         INTEGER NOT NULL CHECK (number >= 0),
    at_us          INTEGER NOT NULL,
    format_version INTEGER NOT NULL,
    event          TEXT    NOT NULL,
    facts          TEXT    NOT NULL,
    previous       BLOB    NOT NULL CHECK (length(previous) = 32),
    checksum       BLOB    NOT NULL CHECK (length(checksum) = 32),
    UNIQUE (deployment, number)
) STRICT;

CREATE TABLE environments (
    app         TEXT NOT NULL,
    environment TEXT NOT NULL,
    state       TEXT NOT NULL,
    PRIMARY KEY (app, environment)
) STRICT;

CREATE TABLE plans (
    id    TEXT    NOT NULL PRIMARY KEY,
    at_us INTEGER NOT NULL,
    plan  TEXT    NOT NULL
) STRICT;

CREATE INDEX plans_age ON plans (at_us);
