//! Surroundings in which nothing can be done.

use super::judge::judge;
use super::row::{
    Given::{File, Shell},
    Row, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "a variable that is not set",
        File("app: shop\nservices: { web: { run: \"./web ${NOBODY_SET_THIS}\" } }\n"),
        65,
        &["`NOBODY_SET_THIS` is not set", "set NOBODY_SET_THIS"],
    ),
    row(
        "neither a state directory nor a home",
        Shell("unset WINDLASS_STATE_DIR HOME; \"$0\" status"),
        69,
        &["neither --state-dir, XDG_STATE_HOME nor HOME"],
    ),
    row(
        "a folder without a file",
        Shell("cd ..; \"$0\" deploy"),
        65,
        &["windlass.yaml"],
    ),
    row(
        "a file that is not text",
        Shell("rm windlass.yaml; printf 'app: \\377' > windlass.yaml; \"$0\" deploy"),
        65,
        &["windlass.yaml can't be read", "UTF-8"],
    ),
    row(
        "a file of twenty megabytes",
        Shell(
            "rm windlass.yaml; head -c 20000000 /dev/zero | tr '\\0' '#' > windlass.yaml; \"$0\" deploy",
        ),
        65,
        &["WL0101", "at most 1048576"],
    ),
    row(
        "a folder in the place of the file",
        Shell("mkdir d; \"$0\" deploy -f d"),
        65,
        &["d can't be read"],
    ),
];

#[test]
fn no_bad_surroundings_move_anything() {
    judge(ROWS);
}
