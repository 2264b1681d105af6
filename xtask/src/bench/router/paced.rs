//! How long an answer takes at an even thousand requests each second, from when each was due.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::pairs::{Bar, Pairs};
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, milliseconds};

/// Times that each target has its turn.
const ROUNDS: usize = 3;
/// Length of one turn.
const TURN: Duration = Duration::from_secs(2);
/// Requests each second.
const PER_SECOND: u32 = 1_000;
/// Who is asked besides ours.
const BESIDE: [&str; 2] = ["direct", "haproxy"];

/// What one target did, one figure for each round.
#[derive(Default)]
struct Turns {
    middle: Vec<f64>,
    slow: Vec<f64>,
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
    let middle = Pairs::new(&ours.middle, Some(&direct.middle), "direct");
    let slow = Pairs::new(&ours.slow, haproxy.map(|h| h.slow.as_slice()), "haproxy");
    Ok(vec![
        middle.measure("paced_p50", "ms", None),
        slow.measure("paced_p99", "ms", Some(Bar::Most(1.2))),
        Measure {
            name: "paced_failed",
            value: count(ours.failed),
            unit: "requests",
            anchor: None,
            goal: Goal::AtMost(0.0),
        },
    ])
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
    turns.failed += counts.failed;
    Ok(())
}
