-- One row: what was seen of candidates, up to one tick of the router. Replaced as a whole.
CREATE TABLE seen (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    state    TEXT    NOT NULL
) STRICT;
