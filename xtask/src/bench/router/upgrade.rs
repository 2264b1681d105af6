//! Another process takes the router's place, several times, while requests come over HTTP/1.1 and HTTP/2, on
//! kept and on new connections, and long answers are under way: what fails, and how much slower the slow ones get.

use std::fs::File;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use windlass_load::{Counts, Histogram, Load, LoadPlan};
use windlass_model::Millis;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::heirs::Heirs;
use crate::bench::router::long;
use crate::bench::router::name::Client;
use crate::bench::router::pairs::{Pairs, middle};
use crate::bench::router::reuseport;
use crate::bench::router::streams::{Seen, Streams};
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::{count, figure, milliseconds};
use crate::say;

/// Times that its place is taken.
const ROUNDS: usize = 4;
/// Requests over HTTP/1.1 each second.
const PER_SECOND: u32 = 1_000;
/// Every so many of them one has a connection of its own.
const FRESH_EVERY: Option<NonZeroU32> = NonZeroU32::new(4);
/// Time before each upgrade. After it, the long answers take their time.
const BEFORE: Duration = Duration::from_millis(1_500);
/// Answers of either kind below which nothing was measured.
const LEAST: u64 = 1_000;
/// Time that the router before has for what is open there: it is more than all of this takes.
const WITHIN: Millis = Millis::from_secs(60);
/// Connections that are opened while a place is taken, as fast as that goes, and asked on afterwards.
const QUEUED: usize = 400;
/// Long answers that are under way when an upgrade begins.
const LONG: usize = 5;

/// What one upgrade came to.
struct Upgraded {
    took: Duration,
    queued: u64,
    queued_failed: u64,
    broken: u64,
}

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    super::flood::allow_descriptors()?;
    let mut bed = Bed::make(product, false)?;
    let _heirs = Heirs::of(bed.folder());
    let program = File::open(&product.binary).context("open the binary")?;
    let load = windlass_load::start(plan(bed.ours.address)).context("start the load")?;
    let streams = Streams::start(bed.ours.address)?;
    let (mut upgrades, mut slow) = (Vec::new(), Slow::default());
    let mut before = Look::at(&load, &streams);
    for _ in 0..ROUNDS {
        thread::sleep(BEFORE);
        let begun = Look::at(&load, &streams);
        upgrades.push(upgrade(&mut bed, &program)?);
        let after = Look::at(&load, &streams);
        slow.add(&before, &begun, &after);
        before = after;
    }
    let (counts, seen) = (load.stop(), streams.stop()?);
    // None of nothing fails.
    anyhow::ensure!(
        counts.answered >= LEAST && seen.latency.count() >= LEAST,
        "only {} answers came over HTTP/1.1, {} over HTTP/2",
        counts.answered,
        seen.latency.count()
    );
    let reasons = counts.failures.iter().map(|failure| &failure.reason);
    for why in reasons.chain(&seen.why) {
        say::aside(&format!("   failed: {why}"));
    }
    let mut rows = of_load(&counts, &seen);
    rows.extend(of_upgrades(&upgrades)?);
    rows.extend(slow.rows());
    Ok(rows)
}

/// Requests that should be none.
fn failed(name: &'static str, failed: u64) -> Measure {
    Measure {
        name,
        value: count(failed),
        unit: "requests",
        anchor: None,
        goal: Goal::AtMost(0.0),
    }
}

/// What became of requests that came all the while.
fn of_load(counts: &Counts, seen: &Seen) -> Vec<Measure> {
    vec![
        failed("upgrade_failed", counts.failed),
        failed("upgrade_h2_failed", seen.failed),
        Measure {
            goal: Goal::Told,
            ..failed("upgrade_h2_moved", seen.moved)
        },
    ]
}

/// What became of what was open at each upgrade. Connections that wait are beside as many that wait where a
/// second socket on the same port takes the place.
fn of_upgrades(upgrades: &[Upgraded]) -> anyhow::Result<Vec<Measure>> {
    let sum = |of: fn(&Upgraded) -> u64| upgrades.iter().map(of).sum();
    let (mut waited, mut lost) = (0, 0);
    for _ in upgrades {
        waited += QUEUED;
        lost += reuseport::trial(QUEUED)?;
    }
    let beside = |value| {
        Some(Anchor {
            name: "SO_REUSEPORT",
            value,
        })
    };
    let took: Vec<f64> = upgrades.iter().map(|one| milliseconds(one.took)).collect();
    Ok(vec![
        Measure {
            unit: "connections",
            anchor: beside(figure(waited)),
            goal: Goal::Told,
            ..failed("upgrade_queued", sum(|one| one.queued))
        },
        Measure {
            anchor: beside(count(lost)),
            ..failed("upgrade_queued_failed", sum(|one| one.queued_failed))
        },
        failed("upgrade_long_broken", sum(|one| one.broken)),
        Measure {
            name: "upgrade_took",
            value: middle(&took),
            unit: "ms",
            anchor: None,
            goal: Goal::Told,
        },
    ])
}

fn plan(target: SocketAddr) -> LoadPlan {
    LoadPlan {
        target,
        path: "/1k".to_owned(),
        per_second: PER_SECOND,
        connections: 64,
        fresh_every: FRESH_EVERY,
        timeout: Duration::from_secs(5),
    }
}

/// Long answers are under way, connections are opened and say nothing yet; then the place is taken.
fn upgrade(bed: &mut Bed, program: &File) -> anyhow::Result<Upgraded> {
    interrupt::check()?;
    let address = bed.ours.address;
    let long: Vec<JoinHandle<_>> = (0..LONG)
        .map(|_| thread::spawn(move || long::ask(address)))
        .collect();
    let over = Arc::new(AtomicBool::new(false));
    let queue = {
        let over = over.clone();
        thread::spawn(move || queue(address, &over))
    };
    let begun = Instant::now();
    let upgraded = bed.ours.control.upgrade(program, WITHIN);
    let took = begun.elapsed();
    over.store(true, Ordering::Relaxed);
    let queued = queue.join();
    let queued = queued.map_err(|_panic| anyhow::anyhow!("a client panicked"))?;
    upgraded?;
    let mut broken = 0;
    for answer in long {
        let answer = answer.join();
        let answer = answer.map_err(|_panic| anyhow::anyhow!("a client panicked"))?;
        broken += u64::from(answer.is_err());
    }
    let opened = u64::try_from(queued.len()).unwrap_or_default();
    let mut queued_failed = 0;
    for client in queued {
        let answered = client.and_then(|mut client| client.ask());
        queued_failed += u64::from(answered.is_err());
    }
    Ok(Upgraded {
        took,
        queued: opened,
        queued_failed,
        broken,
    })
}

/// Opens connections until the place is taken.
fn queue(address: SocketAddr, over: &AtomicBool) -> Vec<anyhow::Result<Client>> {
    let mut queued = Vec::new();
    while queued.len() < QUEUED && !over.load(Ordering::Relaxed) {
        queued.push(Client::connect(address));
    }
    queued
}

/// Both loads at one moment.
struct Look {
    counts: Counts,
    seen: Seen,
}

impl Look {
    fn at(load: &Load, streams: &Streams) -> Self {
        Self {
            counts: load.snapshot(),
            seen: streams.snapshot(),
        }
    }
}

/// What a hundredth of the requests took longer than, in milliseconds, in each round: before and around an
/// upgrade, over HTTP/1.1 and over HTTP/2.
#[derive(Default)]
struct Slow {
    before: [Vec<f64>; 2],
    during: [Vec<f64>; 2],
}

impl Slow {
    fn add(&mut self, before: &Look, begun: &Look, after: &Look) {
        let slow = |histogram: Histogram| milliseconds(histogram.quantile(0.99));
        let of = |later: &Look, earlier: &Look| {
            [
                slow(later.counts.latency.since(&earlier.counts.latency)),
                slow(later.seen.latency.since(&earlier.seen.latency)),
            ]
        };
        for (all, one) in self.before.iter_mut().zip(of(begun, before)) {
            all.push(one);
        }
        for (all, one) in self.during.iter_mut().zip(of(after, begun)) {
            all.push(one);
        }
    }

    fn rows(&self) -> impl Iterator<Item = Measure> {
        let names = ["upgrade_p99", "upgrade_h2_p99"].into_iter();
        let pairs = names.zip(self.during.iter().zip(&self.before));
        pairs.map(|(name, (during, before))| {
            Pairs::new(during, Some(before), "before it").measure(name, "ms", None)
        })
    }
}
