//! How much of the processors one request costs, and how many come through, with 64 connections that
//! always have one under way.

use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::pairs::Bar;
use crate::bench::router::turns::Turns;
use crate::bench::router::wrk;
use crate::bench::row::Measure;

/// Length of one turn.
const SECONDS: u64 = 2;
/// Between these a run says something: how much faster the bare origin is than HAProxy.
const SOUND: [f64; 2] = [1.2, 3.0];

/// One body's size, the names of its rows, and how often each has its turn.
struct Size {
    path: &'static str,
    cpu: &'static str,
    cpu_caddy: &'static str,
    rate: &'static str,
    rounds: usize,
    failed: &'static str,
}

const SIZES: [Size; 2] = [
    Size {
        path: "/1k",
        cpu: "cpu_1k",
        cpu_caddy: "cpu_1k_caddy",
        rate: "rate_1k",
        rounds: 5,
        failed: "failed_1k",
    },
    Size {
        path: "/64k",
        cpu: "cpu_64k",
        cpu_caddy: "cpu_64k_caddy",
        rate: "rate_64k",
        rounds: 3,
        failed: "failed_64k",
    },
];

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bed = Bed::make(product, true)?;
    let mut rows = Vec::new();
    for size in &SIZES {
        let beside = ["direct", "haproxy", "nginx", "caddy"];
        let mut turns = bed.turns(&beside, |doors| doors.plain);
        turns.take(size.rounds, |address| {
            wrk::load(address, size.path, SECONDS, bed.folder())
        })?;
        if size.path == "/1k" {
            check_sound(&turns)?;
        }
        rows.extend(told(size, &turns));
    }
    Ok(rows)
}

/// A machine on which the bare origin is not much faster in any round, or very much faster, measures something else.
fn check_sound(turns: &Turns) -> anyhow::Result<()> {
    let Some(rounds) = turns.faster("direct", "haproxy") else {
        return Ok(());
    };
    let [from, to] = SOUND;
    let told: Vec<String> = rounds.iter().map(|ratio| format!("{ratio:.2}")).collect();
    anyhow::ensure!(
        rounds.iter().any(|ratio| (from..=to).contains(ratio)),
        "this run is void: the bare origin answers {} times as many requests as through HAProxy, and {from} to {to} \
         is sound; is the machine busy?",
        told.join(", ")
    );
    Ok(())
}

fn told(size: &Size, turns: &Turns) -> Vec<Measure> {
    vec![
        turns.cpu(size.cpu, "haproxy", Some(Bar::Most(1.15))),
        turns.cpu(size.cpu, "nginx", None),
        turns.cpu(size.cpu_caddy, "caddy", Some(Bar::Most(0.4))),
        turns.rate(size.rate, "haproxy", Some(Bar::Least(0.8))),
        turns.rate(size.rate, "nginx", None),
        turns.rate(size.rate, "caddy", None),
        turns.rate(size.rate, "direct", None),
        turns.failed(size.failed),
    ]
}
