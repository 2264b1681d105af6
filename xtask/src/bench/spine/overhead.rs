//! What a deployment takes beyond the waits that were asked for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use crate::bench::lab::{Lab, free_addresses};
use crate::bench::registry::Product;
use crate::bench::row::{Goal, Measure};
use crate::bench::spine::applications::{CHAIN, CHAIN_BAKE_MS, chain};
use crate::bench::spine::timeline::{Spent, Timeline};
use crate::bench::timing::{median, milliseconds};
use crate::say;

/// Deployments measured; the first one of all, which replaces nothing, is not.
const SAMPLES: usize = 5;
const GOAL_MS: f64 = 300.0;

/// Rows of a deployment of three services that need each other in a row, each watched for a second:
/// everything but the three seconds, the same without waiting for readiness, how much of that
/// was planning, most of it digesting the programs, and that per task.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let lab = Lab::make(product, &chain(free_addresses()?))?;
    deploy(&lab, 1)?;
    let mut samples = Vec::with_capacity(SAMPLES);
    for version in 2..2 + SAMPLES {
        samples.push(deploy(&lab, version)?);
    }
    say::aside(&format!("   where it goes, ms: {}", Spent::told(&samples)));
    let mut totals: Vec<Duration> = samples.iter().map(Spent::beyond_bakes).collect();
    let mut beyond: Vec<Duration> = samples.iter().map(Spent::beyond_waits).collect();
    let total = milliseconds(median(&mut totals).context("no deployment was measured")?);
    let beyond = milliseconds(median(&mut beyond).context("no deployment was measured")?);
    let mut planning: Vec<Duration> = samples.iter().map(Spent::planning).collect();
    let planning = milliseconds(median(&mut planning).context("no deployment was measured")?);
    let row = |name, value, goal| Measure {
        name,
        value,
        unit: "ms",
        anchor: None,
        goal,
    };
    Ok(vec![
        row("overhead_total", total, Goal::Told),
        row("overhead_beyond_waits", beyond, Goal::AtMost(GOAL_MS)),
        row("overhead_of_planning", planning, Goal::Told),
        row("overhead_per_task", beyond / tasks(&lab)?, Goal::Told),
    ])
}

fn deploy(lab: &Lab, version: usize) -> anyhow::Result<Spent> {
    let sets: Vec<String> = CHAIN
        .iter()
        .map(|service| format!("{service}={version}"))
        .collect();
    let mut words = vec!["deploy", "--output", "ndjson"];
    for set in &sets {
        words.extend(["--set", set]);
    }
    let begun = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("read the clock")?;
    let ended = lab.windlass(&words)?;
    let bakes = Duration::from_millis(CHAIN_BAKE_MS);
    Timeline::read(&ended.out)?.spent(begun, ended.elapsed, bakes)
}

/// How many tasks such a deployment has.
fn tasks(lab: &Lab) -> anyhow::Result<f64> {
    let mut words = vec!["plan", "--output", "json"];
    let sets = CHAIN.map(|service| format!("{service}=next"));
    for set in &sets {
        words.extend(["--set", set]);
    }
    let plan: serde_json::Value =
        serde_json::from_str(&lab.windlass(&words)?.out).context("read the plan")?;
    let tasks = plan["tasks"].as_array().map_or(0, Vec::len);
    anyhow::ensure!(tasks > 0, "the plan has no tasks");
    Ok(u32::try_from(tasks).map(f64::from)?)
}
