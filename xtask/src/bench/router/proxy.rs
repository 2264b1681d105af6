//! How much of the processors one request costs, and how many come through, with 64 connections that
//! always have one under way.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::cpu;
use crate::bench::router::pairs::{Bar, Pairs, middle};
use crate::bench::router::wrk;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::count;

/// Times that each target has its turn.
const ROUNDS: usize = 5;
/// Length of one turn.
const SECONDS: u64 = 2;
/// Between these a run says something: how much faster the bare origin is than HAProxy.
const SOUND: [f64; 2] = [1.2, 3.0];

/// One body's size and the names of its rows.
struct Size {
    path: &'static str,
    cpu: [&'static str; 3],
    rate: [&'static str; 2],
    failed: &'static str,
}

const SIZES: [Size; 2] = [
    Size {
        path: "/1k",
        cpu: ["cpu_1k", "cpu_1k_nginx", "cpu_1k_caddy"],
        rate: ["rate_1k", "rate_1k_direct"],
        failed: "failed_1k",
    },
    Size {
        path: "/64k",
        cpu: ["cpu_64k", "cpu_64k_nginx", "cpu_64k_caddy"],
        rate: ["rate_64k", "rate_64k_direct"],
        failed: "failed_64k",
    },
];

/// What one target did in its turns, one figure for each round.
#[derive(Default)]
struct Turns {
    /// Microseconds of the processors for a request.
    cpu: Vec<f64>,
    /// Requests each second.
    rate: Vec<f64>,
    failed: u64,
}

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bed = Bed::make(product, true)?;
    let mut rows = Vec::new();
    for size in &SIZES {
        let turns = measure(&bed, size.path)?;
        if size.path == "/1k" {
            check_sound(&turns)?;
        }
        rows.extend(told(size, &turns)?);
    }
    Ok(rows)
}

fn measure(bed: &Bed, path: &str) -> anyhow::Result<BTreeMap<&'static str, Turns>> {
    let mut turns: BTreeMap<&'static str, Turns> = BTreeMap::new();
    let targets = bed.targets();
    for round in 0..ROUNDS {
        // Whoever goes first pays for what went before.
        for at in 0..targets.len() {
            interrupt::check()?;
            let (name, address, pid) = targets[(at + round) % targets.len()];
            let used = || pid.map_or(Ok(Duration::ZERO), cpu::used);
            let before = used()?;
            let loaded = wrk::load(address, path, SECONDS, bed.folder())?;
            let spent = used()?.saturating_sub(before);
            let turn = turns.entry(name).or_default();
            turn.cpu.push(micros(spent) / count(loaded.requests.max(1)));
            turn.rate.push(loaded.per_second());
            turn.failed += loaded.failed;
        }
    }
    Ok(turns)
}

fn micros(spent: Duration) -> f64 {
    spent.as_secs_f64() * 1e6
}

/// A machine on which the bare origin is not much faster, or very much faster, measures something
/// else.
fn check_sound(turns: &BTreeMap<&'static str, Turns>) -> anyhow::Result<()> {
    let (Some(direct), Some(haproxy)) = (turns.get("direct"), turns.get("haproxy")) else {
        return Ok(());
    };
    let ratio = middle(&direct.rate) / middle(&haproxy.rate);
    anyhow::ensure!(
        (SOUND[0]..=SOUND[1]).contains(&ratio),
        "this run is void: the bare origin answers {ratio:.2} times as many requests as through \
         HAProxy, and {} to {} is sound; is the machine busy?",
        SOUND[0],
        SOUND[1]
    );
    Ok(())
}

fn told(size: &Size, turns: &BTreeMap<&'static str, Turns>) -> anyhow::Result<Vec<Measure>> {
    let ours = turns.get("windlass").context("ours was not measured")?;
    let cpu = |name, anchor, bar| {
        let other = turns.get(anchor).map(|turns| turns.cpu.as_slice());
        let pairs = Pairs::new(&ours.cpu, other, anchor);
        pairs.measure(name, "us", bar)
    };
    let rate = |name, anchor, bar| {
        let other = turns.get(anchor).map(|turns| turns.rate.as_slice());
        let pairs = Pairs::new(&ours.rate, other, anchor);
        pairs.measure(name, "/s", bar)
    };
    Ok(vec![
        cpu(size.cpu[0], "haproxy", Some(Bar::Most(1.15))),
        cpu(size.cpu[1], "nginx", None),
        cpu(size.cpu[2], "caddy", Some(Bar::Most(0.4))),
        rate(size.rate[0], "haproxy", Some(Bar::Least(0.8))),
        rate(size.rate[1], "direct", None),
        Measure {
            name: size.failed,
            value: count(ours.failed),
            unit: "requests",
            anchor: None,
            goal: Goal::AtMost(0.0),
        },
    ])
}
