//! How long an answer takes at an even thousand requests each second, from when each was due.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::pairs::{Bar, Pairs, rounds};
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, milliseconds};

/// Times that each target has its turn.
const ROUNDS: usize = 3;
/// Length of one turn.
const TURN: Duration = Duration::from_secs(2);
/// Requests each second.
const PER_SECOND: u32 = 1_000;
/// What a proxy adds is no less than this, in milliseconds: what the load does by itself moves the slow ones by
/// more, and there is no ratio to nothing.
const TOLD_APART: f64 = 0.05;
/// What ours may add to the middle one, in milliseconds.
const ADDED_MOST: f64 = 0.1;
/// Who is asked besides ours.
const BESIDE: [&str; 2] = ["direct", "haproxy"];

/// What one target did, one figure for each round.
#[derive(Default)]
struct Turns {
    middle: Vec<f64>,
    slow: Vec<f64>,
    slowest: Vec<f64>,
    failed: u64,
}

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bed = Bed::make(product, true)?;
    let others: Vec<SocketAddr> = BESIDE
        .iter()
        .filter_map(|name| bed.others.iter().find(|target| target.name == *name))
        .map(|target| target.doors.plain)
        .collect();
    let mut ours = Turns::default();
    let mut beside: Vec<Turns> = others.iter().map(|_| Turns::default()).collect();
    for _ in 0..ROUNDS {
        turn(bed.ours.address, &mut ours)?;
        for (address, turns) in others.iter().zip(&mut beside) {
            turn(*address, turns)?;
        }
    }
    let direct = beside.first().context("the origin was not asked")?;
    let haproxy = beside.get(1);
    let beside = |figures: &[f64], of: fn(&Turns) -> &[f64], name, bar| {
        let theirs = Pairs::new(figures, haproxy.map(of), "haproxy");
        [
            theirs.measure(name, "ms", bar),
            Pairs::new(figures, Some(of(direct)), "direct").measure(name, "ms", None),
        ]
    };
    let added = |of: fn(&Turns) -> &[f64], name, bar| {
        let later = |one: &Turns| later(of(one), of(direct));
        let theirs = haproxy.map(later);
        Pairs::new(&later(&ours), theirs.as_deref(), "haproxy").measure(name, "ms", bar)
    };
    let mut rows = Vec::new();
    rows.extend(beside(&ours.middle, |of| &of.middle, "paced_p50", None));
    let own = later(&ours.middle, &direct.middle);
    rows.push(Measure {
        anchor: added(|of| &of.middle, "paced_p50_added", None).anchor,
        ..rounds("paced_p50_added", "ms", &own, ADDED_MOST)?
    });
    let bar = Some(Bar::Most(1.2));
    rows.extend(beside(&ours.slow, |of| &of.slow, "paced_p99", bar));
    rows.push(added(|of| &of.slow, "paced_p99_added", bar));
    rows.extend(beside(&ours.slowest, |of| &of.slowest, "paced_p999", None));
    rows.push(Measure {
        name: "paced_failed",
        value: count(ours.failed),
        unit: "requests",
        anchor: None,
        goal: Goal::AtMost(0.0),
    });
    Ok(rows)
}

/// How much later one is than the other, round by round.
fn later(one: &[f64], other: &[f64]) -> Vec<f64> {
    let pairs = one.iter().zip(other);
    pairs
        .map(|(one, other)| (one - other).max(TOLD_APART))
        .collect()
}

fn turn(target: SocketAddr, turns: &mut Turns) -> anyhow::Result<()> {
    interrupt::check()?;
    let load = windlass_load::start(windlass_load::LoadPlan {
        target,
        path: "/1k".to_owned(),
        per_second: PER_SECOND,
        connections: 64,
        fresh_every: None,
        timeout: Duration::from_secs(5),
    })
    .context("start the load")?;
    std::thread::sleep(TURN);
    let counts = load.stop();
    turns
        .middle
        .push(milliseconds(counts.latency.quantile(0.5)));
    turns.slow.push(milliseconds(counts.latency.quantile(0.99)));
    let slowest = counts.latency.quantile(0.999);
    turns.slowest.push(milliseconds(slowest));
    turns.failed += counts.failed;
    Ok(())
}
