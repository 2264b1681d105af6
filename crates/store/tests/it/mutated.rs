//! Every column, with values of every kind and damaged ones: the stable twin of `fuzz/`.

use crate::anything::{COLUMNS, read_anything};

#[path = "../../../../fuzz/damage.rs"]
mod damage;

/// How many damaged inputs are read.
const MUTATIONS: u64 = 100;

/// Values that once meant something.
const VALUES: [&[u8]; 5] = [
    b"",
    b"{}",
    br#"{"began":null}"#,
    b"\xff\xfe\x00\x80",
    &[0x5a; 32],
];

fn corpus() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for column in 0..COLUMNS.len() {
        for kind in 0..4 {
            for value in VALUES {
                let column = u8::try_from(column).expect("few columns");
                all.push([&[column, kind][..], value].concat());
            }
        }
    }
    all
}

#[tokio::test]
async fn a_column_of_any_value_harms_its_deployment_only() {
    for bytes in corpus() {
        read_anything(&bytes).await;
    }
}

#[tokio::test]
async fn a_damaged_column_harms_its_deployment_only() {
    let corpus = corpus();
    for seed in 0..MUTATIONS {
        read_anything(&damage::damaged(&corpus, seed)).await;
    }
}
