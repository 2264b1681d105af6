//! State directories that are none.

use super::judge::judge_without_rights;
use super::row::{
    Given::{Prepared, Shell},
    Row, row,
};
use crate::lab::Lab;

pub(super) const ROWS: &[Row] = &[
    row(
        "a typo in its name",
        Shell("mkdir -p opps/releases; \"$0\" status --state-dir ops"),
        64,
        &[
            "WL0460",
            "/app/ops does not exist",
            "nothing was made",
            "did you mean",
            "/app/opps?",
        ],
    ),
    row(
        "a typo in the variable, for a command that turns what runs",
        Shell("WINDLASS_STATE_DIR=/nowhere/windlass \"$0\" rollback"),
        64,
        &[
            "WL0460",
            "the state directory /nowhere/windlass does not exist",
            "WINDLASS_STATE_DIR",
            "a first deployment makes it: windlass deploy",
        ],
    ),
    row(
        "a look at a file in its place",
        Shell("echo > s; \"$0\" status --state-dir s"),
        65,
        &[
            "WL0412",
            "/app/s can't be read",
            "a file",
            "--state-dir DIR",
        ],
    ),
    row(
        "a file in its place",
        Shell("echo > s; \"$0\" deploy --state-dir s"),
        65,
        &[
            "WL0412",
            "/app/s can't be read",
            "Not a directory",
            "a file",
            "--state-dir DIR",
        ],
    ),
    row(
        "a file above it",
        Shell("echo > s; \"$0\" deploy --state-dir s/t"),
        65,
        &[
            "WL0412",
            "/app/s/t can't be read",
            "Not a directory",
            "a file",
            "--state-dir DIR",
        ],
    ),
    row(
        "a link to nothing",
        Shell("ln -s /nowhere/at/all l; \"$0\" deploy --state-dir l"),
        65,
        &[
            "WL0412",
            "/app/l can't be made",
            "a link to nothing",
            "--state-dir DIR",
        ],
    ),
    row(
        "below /proc",
        Shell("\"$0\" deploy --state-dir /proc/windlass"),
        65,
        &["WL0412", "/proc/windlass can't be made", "--state-dir DIR"],
    ),
    row(
        "a backup of no journal",
        Shell("mkdir e; \"$0\" backup b.tar --state-dir e"),
        64,
        &["there is no journal in", "--state-dir DIR"],
    ),
    row(
        "a restore of what is no backup",
        Shell("echo x > b.tar; \"$0\" restore b.tar --into r"),
        6,
        &[
            "b.tar is no whole backup",
            "it is no backup of Windlass",
            "take an older one",
        ],
    ),
    row(
        "below a folder that may not be written",
        Shell("mkdir shut; chmod 500 shut; \"$0\" deploy --state-dir shut/s"),
        65,
        &[
            "/app/shut/s can't be made",
            "Permission denied",
            "--state-dir",
        ],
    ),
    row(
        "a folder that may not be looked into",
        Shell(
            "mkdir dark; chmod 0 dark; \"$0\" deploy --state-dir dark; code=$?; chmod 700 dark; exit $code",
        ),
        5,
        &["/app/dark", "Permission denied", "--state-dir"],
    ),
    row(
        "one that belongs to somebody else",
        Shell("\"$0\" deploy --state-dir /usr"),
        65,
        &[
            "WL0412",
            "/usr is not safe to use",
            "belongs to user 0",
            "--state-dir DIR",
        ],
    ),
    row(
        "one that others may write in",
        Shell("mkdir -m 777 open; \"$0\" deploy --state-dir open"),
        65,
        &[
            "WL0412",
            "/app/open is not safe to use",
            "its mode is 777",
            "chmod 700 /",
        ],
    ),
    row(
        "no place short enough for a socket",
        Shell(
            "long=$(printf '%0100d' 0); export TMPDIR=/$long; \"$0\" deploy --state-dir \"$long\"",
        ),
        65,
        &["is too long for a Unix socket", "TMPDIR"],
    ),
    row(
        "a journal that is none",
        Shell("mkdir -m 700 junk; echo junk > junk/windlass.db; \"$0\" deploy --state-dir junk"),
        69,
        &[
            "the controller ended at its start",
            "windlass.db",
            "is not a database",
            "windlass --state-dir junk doctor",
        ],
    ),
    row(
        "a folder in the place of the journal",
        Shell("mkdir -p -m 700 j/windlass.db; \"$0\" deploy --state-dir j"),
        69,
        &["the controller ended at its start", "windlass.db"],
    ),
    row(
        "a journal of a newer Windlass",
        Prepared(newer, &["deploy", "--state-dir", "newer"]),
        69,
        &[
            "the controller ended at its start",
            "it has schema 99",
            "written by a newer windlass",
        ],
    ),
    row(
        "tokens that are none",
        Shell("mkdir -m 700 t; echo x > t/tokens.json; \"$0\" deploy --state-dir t"),
        69,
        &["the controller ended at its start", "tokens.json"],
    ),
    row(
        "a halt that can't be read",
        Shell(
            "echo x > \"$WINDLASS_STATE_DIR/halted\"; \"$0\" deploy; code=$?\n\
             rm \"$WINDLASS_STATE_DIR/halted\"; exit $code",
        ),
        5,
        &["WL0408", "windlass halt --lift"],
    ),
];

/// Makes a state directory, and its last schema file one that only a newer Windlass has.
fn newer(lab: &Lab) {
    // What is restored is one file, which no controller has open.
    lab.run(&["backup", "newer.tar"]).exits(0);
    lab.run(&["restore", "newer.tar", "--into", "newer"])
        .exits(0);
    let journal = lab.app("newer/windlass.db");
    let mut bytes = std::fs::read(&journal).unwrap();
    let name = windlass_store::MIGRATIONS.last().unwrap().name.as_bytes();
    let found = bytes.windows(name.len()).position(|seen| seen == name);
    // A row begins with its length and its number; three bytes say what comes before the name.
    let number = found.unwrap() - 5;
    assert_eq!(u32::from(bytes[number]), windlass_store::LATEST_SCHEMA);
    bytes[number] = 99;
    std::fs::write(journal, bytes).unwrap();
}

#[test]
fn no_bad_state_directory_moves_anything() {
    judge_without_rights(ROWS);
}
