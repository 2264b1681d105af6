//! Two hundred deployments in a row under load: what fails, and what stays behind.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use windlass_load::{Counts, LoadPlan};

use crate::bench::lab::{Lab, free_addresses};
use crate::bench::registry::Product;
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::spine::applications::one_service;
use crate::bench::spine::growth::{self, PROCESSES};
use crate::bench::spine::rest::Rest;
use crate::bench::timing::{count, figure, median, milliseconds};
use crate::say;

/// Deployments under load.
const DEPLOYMENTS: usize = 200;
/// Says another number, for trying things out; the rows are then no proof.
const DEPLOYMENTS_VARIABLE: &str = "WINDLASS_BENCH_DEPLOYMENTS";
/// After so many deployments everything is kept that retention keeps: what comes later is growth.
const MARK: usize = 20;
/// Longest time for all of them.
const WITHIN: Duration = Duration::from_secs(270);

const PER_SECOND: u32 = 500;
/// Connections of the load at a time.
pub(super) const CONNECTIONS: usize = 32;
/// Every so many requests one has a connection of its own.
const FRESH_EVERY: Option<NonZeroU32> = NonZeroU32::new(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Failures that are told with their reason.
const FAILURES_TOLD: usize = 5;

/// Everything about one run of the loop.
struct Ran {
    /// How long each deployment took.
    times: Vec<Duration>,
    loads: [Counts; 2],
    early: Rest,
    late: Rest,
    left: usize,
}

/// The rows of the loop: requests, deployments, and growth.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let count = match std::env::var(DEPLOYMENTS_VARIABLE) {
        Ok(text) => text
            .parse()
            .with_context(|| format!("read {DEPLOYMENTS_VARIABLE}"))?,
        Err(_unset) => DEPLOYMENTS,
    };
    anyhow::ensure!(count >= 2, "{DEPLOYMENTS_VARIABLE} is at least 2");
    let [listen] = free_addresses()?;
    let lab = Lab::make(product, &one_service(listen))?;
    let ran = run(&lab, listen, count)?;
    tell_failures(&ran);
    let mut rows = requests(&ran);
    rows.extend(deployments(&ran)?);
    rows.extend(growth::rows(&ran.early, &ran.late, count - mark(count)));
    rows.push(Measure {
        name: "deploy_loop_left_after_down",
        value: figure(ran.left),
        unit: "",
        anchor: None,
        goal: Goal::AtMost(0.0),
    });
    Ok(rows)
}

fn mark(count: usize) -> usize {
    MARK.min(count / 2)
}

/// The load pauses at the mark, when no deployment runs: what open connections hold is no growth.
fn run(lab: &Lab, listen: SocketAddr, count: usize) -> anyhow::Result<Ran> {
    let until = Instant::now() + WITHIN;
    let mut times = Vec::with_capacity(count);
    // Version 0 is the first deployment: there is nothing to ask yet, and nothing to replace.
    deploy(lab, 0)?;
    let mut part = |versions: std::ops::RangeInclusive<usize>| -> anyhow::Result<(Counts, Rest)> {
        let load = windlass_load::start(plan(listen)).context("start the load")?;
        for version in versions {
            anyhow::ensure!(
                Instant::now() < until,
                "only {} deployments of {count} within {WITHIN:?}",
                times.len()
            );
            times.push(deploy(lab, version)?);
        }
        Ok((load.stop(), Rest::of(lab, PROCESSES)?))
    };
    let mark = mark(count);
    let (first, early) = part(1..=mark)?;
    let (second, late) = part(mark + 1..=count)?;
    let left = lab.down()?;
    Ok(Ran {
        times,
        loads: [first, second],
        early,
        late,
        left,
    })
}

fn plan(target: SocketAddr) -> LoadPlan {
    LoadPlan {
        target,
        path: "/".to_owned(),
        per_second: PER_SECOND,
        connections: CONNECTIONS,
        fresh_every: FRESH_EVERY,
        timeout: ANSWER_WITHIN,
    }
}

fn deploy(lab: &Lab, version: usize) -> anyhow::Result<Duration> {
    let set = format!("web=v{version}");
    Ok(lab.windlass(&["deploy", "--quiet", "--set", &set])?.elapsed)
}

fn tell_failures(ran: &Ran) {
    let failures = ran.loads.iter().flat_map(|load| &load.failures);
    for failure in failures.take(FAILURES_TOLD) {
        say::aside(&format!(
            "   failed at {} ms: {}",
            failure.at_ms, failure.reason
        ));
    }
}

fn requests(ran: &Ran) -> Vec<Measure> {
    let sum = |of: fn(&Counts) -> u64| ran.loads.iter().map(of).map(count).sum();
    let p99 = ran
        .loads
        .iter()
        .map(|load| load.latency.quantile(0.99))
        .max();
    let row = |name, value, unit, goal| Measure {
        name,
        value,
        unit,
        anchor: None,
        goal,
    };
    vec![
        // One that is neither good nor failed never got an answer.
        row(
            "deploy_loop_failed_requests",
            sum(|load| load.failed + load.under_way()),
            "",
            Goal::AtMost(0.0),
        ),
        row(
            "deploy_loop_requests",
            sum(|load| load.sent),
            "",
            Goal::Told,
        ),
        row(
            "deploy_loop_request_p99",
            milliseconds(p99.unwrap_or_default()),
            "ms",
            Goal::Told,
        ),
    ]
}

/// The later deployments beside the first ones: whether they become slower.
fn deployments(ran: &Ran) -> anyhow::Result<Vec<Measure>> {
    let (first, last) = ran.times.split_at(mark(ran.times.len()));
    let middle = |times: &[Duration]| median(&mut times.to_vec()).map(milliseconds);
    let tail = last.get(last.len().saturating_sub(MARK)..).unwrap_or(last);
    let early = middle(first).context("no deployment was measured")?;
    let late = middle(tail).context("no deployment was measured")?;
    let count = Measure {
        name: "deploy_loop_deployments",
        value: figure(ran.times.len()),
        unit: "",
        anchor: None,
        goal: Goal::Told,
    };
    let slower = Measure {
        name: "deploy_loop_last_deployments",
        value: late,
        unit: "ms",
        anchor: Some(Anchor {
            name: "the first",
            value: early,
        }),
        goal: Goal::Told,
    };
    Ok(vec![count, slower])
}
