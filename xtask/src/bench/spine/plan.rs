//! How long a plan of a thousand services takes.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::lab::Lab;
use crate::bench::program;
use crate::bench::registry::Product;
use crate::bench::row::{Goal, Measure};
use crate::bench::spine::applications::many_services;
use crate::bench::timing::milliseconds;

const SERVICES: usize = 1_000;
/// Planned only; nobody listens there.
const FIRST_PORT: u16 = 10_000;
/// What each service would run; nothing is started.
const PROGRAM: &str = "server";
const WITHIN: Duration = Duration::from_mins(1);
const GOAL_MS: f64 = 50.0;

/// What the example prints for each shape of the graph.
#[derive(Debug, Deserialize)]
struct Compiled {
    #[serde(rename = "p50_us")]
    p50: f64,
}

/// Two rows: compiling alone, for the graph that takes longest, and the second `windlass plan` of
/// such a file, with reading, checking and digesting.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut command = Command::new(&product.compile);
    command.arg(SERVICES.to_string());
    let ended = program::run(&mut command, &product.scratch, WITHIN)?;
    let mut slowest: f64 = 0.0;
    for line in ended.out.lines() {
        let shape: Compiled = serde_json::from_str(line).context("read the times of the plans")?;
        slowest = slowest.max(shape.p50 / 1_000.0);
    }
    anyhow::ensure!(slowest > 0.0, "no plan was timed");
    let lab = Lab::make(product, &many_services(SERVICES, PROGRAM, FIRST_PORT))?;
    lab.add_program(PROGRAM)?;
    // The first one starts the controller and keeps the releases.
    lab.windlass(&["plan", "--quiet"])?;
    let whole = lab.windlass(&["plan", "--quiet"])?.elapsed;
    Ok(vec![
        Measure {
            name: "plan_1000_services",
            value: slowest,
            unit: "ms",
            anchor: None,
            goal: Goal::AtMost(GOAL_MS),
        },
        Measure {
            name: "plan_1000_services_command",
            value: milliseconds(whole),
            unit: "ms",
            anchor: None,
            goal: Goal::Told,
        },
    ])
}
