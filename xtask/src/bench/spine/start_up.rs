//! How long the CLI takes to start, say its version and end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::registry::Product;
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::{median, milliseconds};

/// How often each program is run for the figure.
const SAMPLES: usize = 20;
/// Runs that only bring the files into memory.
const WARM_UPS: usize = 3;
const GOAL_MS: f64 = 20.0;
/// The least a program can do here.
const ANCHOR: &str = "/bin/true";

/// One row: the median of `windlass version`, beside that of a program that does nothing.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut ours = Vec::with_capacity(SAMPLES);
    let mut anchors = Vec::with_capacity(SAMPLES);
    // In turns, so that a busy moment of the machine meets both.
    for round in 0..WARM_UPS + SAMPLES {
        let own = run(&product.binary, &["version"])?;
        let anchor = run(Path::new(ANCHOR), &[])?;
        if round >= WARM_UPS {
            ours.push(own);
            anchors.push(anchor);
        }
    }
    let own = median(&mut ours).context("no sample was taken")?;
    let anchor = median(&mut anchors).context("no sample was taken")?;
    Ok(vec![Measure {
        name: "cli_start_up",
        value: milliseconds(own),
        unit: "ms",
        anchor: Some(Anchor {
            name: ANCHOR,
            value: milliseconds(anchor),
        }),
        goal: Goal::AtMost(GOAL_MS),
    }])
}

fn run(program: &Path, arguments: &[&str]) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("run {}", program.display()))?;
    let elapsed = started.elapsed();
    anyhow::ensure!(
        status.success(),
        "{} ended with {status}",
        program.display()
    );
    Ok(elapsed)
}
