//! The whole table: every class and its rows.

use super::row::Row;
use super::{api, binary, cli, environment, file, network, process, state};

/// Fewest rows of all classes together.
const FEWEST: usize = 80;
/// Fewest rows of one class.
const FEWEST_OF_A_CLASS: usize = 6;

const CLASSES: [(&str, &[Row]); 8] = [
    ("file", file::ROWS),
    ("CLI", cli::ROWS),
    ("API", api::ROWS),
    ("binary", binary::ROWS),
    ("process behaviour", process::ROWS),
    ("state directory", state::ROWS),
    ("network", network::ROWS),
    ("environment", environment::ROWS),
];

#[test]
fn each_class_of_bad_inputs_has_rows_enough() {
    for (class, rows) in CLASSES {
        assert!(rows.len() >= FEWEST_OF_A_CLASS, "{class}: {}", rows.len());
    }
    let all: usize = CLASSES.iter().map(|(_, rows)| rows.len()).sum();
    assert!(all >= FEWEST, "{all}");
}
