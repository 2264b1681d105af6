//! Programs that cannot run.

use super::judge::judge;
use super::row::{
    Given::{Program, Shell},
    Row, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "it is not executable",
        Shell(
            "mv web away; cp away web; chmod a-x web; \"$0\" deploy; code=$?; mv -f away web; exit $code",
        ),
        65,
        &["./web", "not executable", "nothing was changed"],
    ),
    row(
        "it is not there",
        Shell("mv web away; \"$0\" deploy; code=$?; mv away web; exit $code"),
        65,
        &["./web", "nothing was changed"],
    ),
    row(
        "it is a folder",
        Shell("mv web away; mkdir web; \"$0\" deploy; code=$?; rmdir web; mv away web; exit $code"),
        65,
        &["./web", "nothing was changed"],
    ),
    row(
        "it is a link to nothing",
        Shell(
            "mv web away; ln -s nowhere web; \"$0\" deploy; code=$?; rm web; mv away web; exit $code",
        ),
        65,
        &["./web is a link to nothing", "nothing was changed"],
    ),
    row(
        "its interpreter is not here",
        Program("#!/nowhere/at/all\n"),
        65,
        &[
            "./web",
            "/nowhere/at/all",
            "not here",
            "nothing was changed",
        ],
    ),
    row(
        "it is for another processor",
        // The beginning of a binary for MIPS.
        Program("\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x08\0\x01\0\0\0"),
        65,
        &["./web", "another kind of processor", "nothing was changed"],
    ),
    row(
        "it is the beginning of a binary",
        Program("\x7fELF\x02\x01\x01"),
        65,
        &["./web", "cut off", "nothing was changed"],
    ),
    row(
        "it is empty",
        Program(""),
        65,
        &["./web", "is empty", "nothing was changed"],
    ),
    row(
        "it is a script with the line ends of Windows",
        Program("#!/bin/sh\r\nexit 0\r\n"),
        65,
        &[
            "./web",
            "\"/bin/sh\\r\"",
            "line ends",
            "nothing was changed",
        ],
    ),
    row(
        "it is a script without its first line",
        Program("exit 0\n"),
        65,
        &["./web", "begins with #!", "nothing was changed"],
    ),
];

#[test]
fn no_bad_binary_moves_anything() {
    judge(ROWS);
}
