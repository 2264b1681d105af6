//! State directories that are none.

use super::judge::judge;
use super::row::{Given::Shell, Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "a file in its place",
        Shell("echo > s; \"$0\" deploy --state-dir s"),
        5,
        &["/app/s can't be read", "Not a directory", "--state-dir"],
    ),
    row(
        "a file above it",
        Shell("echo > s; \"$0\" deploy --state-dir s/t"),
        5,
        &["/app/s/t can't be read", "Not a directory", "--state-dir"],
    ),
    row(
        "a link to nothing",
        Shell("ln -s /nowhere/at/all l; \"$0\" deploy --state-dir l"),
        69,
        &["/app/l can't be made", "File exists"],
    ),
    row(
        "below /proc",
        Shell("\"$0\" deploy --state-dir /proc/windlass"),
        69,
        &["/proc/windlass can't be made"],
    ),
    row(
        "a backup of no journal",
        Shell("mkdir e; \"$0\" backup b.tar --state-dir e"),
        64,
        &["there is no journal in"],
    ),
    row(
        "a restore of what is no backup",
        Shell("echo x > b.tar; \"$0\" restore b.tar --into r"),
        6,
        &["is no whole backup"],
    ),
];

#[test]
fn no_bad_state_directory_moves_anything() {
    judge(ROWS);
}
