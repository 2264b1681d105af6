//! How long the journal's commit takes, beside a bare write and fdatasync of the same size.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::program;
use crate::bench::registry::Product;
use crate::bench::row::{Anchor, Goal, Measure};

/// Pairs of a commit and a bare write.
const ROUNDS: &str = "1000";
const WITHIN: Duration = Duration::from_mins(1);
const GOAL_RATIO: f64 = 3.0;
const ANCHOR: &str = "fdatasync";

/// What the example prints, in microseconds.
#[derive(Debug, Deserialize)]
struct Times {
    #[serde(rename = "commit_p50_us")]
    commit_p50: f64,
    #[serde(rename = "commit_p99_us")]
    commit_p99: f64,
    #[serde(rename = "fdatasync_p50_us")]
    bare_p50: f64,
    #[serde(rename = "fdatasync_p99_us")]
    bare_p99: f64,
}

/// Two rows: the middle one and the slow ones.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut command = Command::new(&product.commit);
    command.arg(&product.scratch).arg(ROUNDS);
    let ended = program::run(&mut command, &product.scratch, WITHIN)?;
    let times: Times = serde_json::from_str(&ended.out).context("read the times of the commits")?;
    let row = |name, value, bare| Measure {
        name,
        value,
        unit: "us",
        anchor: Some(Anchor {
            name: ANCHOR,
            value: bare,
        }),
        goal: Goal::TimesAnchor(GOAL_RATIO),
    };
    Ok(vec![
        row("journal_commit_p50", times.commit_p50, times.bare_p50),
        row("journal_commit_p99", times.commit_p99, times.bare_p99),
    ])
}
