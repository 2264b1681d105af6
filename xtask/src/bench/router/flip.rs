//! A thousand switches between two slots under full load: what fails, how long one takes, and
//! whether a request sent after its acknowledgement still meets the old slot. HAProxy switches in turns with it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::control::{serving, slot};
use crate::bench::router::name::Client;
use crate::bench::router::pairs::Pairs;
use crate::bench::router::runtime;
use crate::bench::router::wrk;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, figure, median, milliseconds};

/// Rounds, and the switches of each.
const ROUNDS: u32 = 4;
const FLIPS: u32 = 250;
/// Time that those of a round may take.
const WITHIN: Duration = Duration::from_secs(5);
/// Time for HAProxy's.
const THEIRS: Duration = Duration::from_millis(250);
/// Length of one of the loads that follow each other until it is over, in seconds.
const TURN: u64 = 1;
/// Connections on which the slot is asked for after each, so that every data thread has some.
const ASKED: usize = 8;

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, true)?;
    let (address, folder) = (bed.ours.address, bed.folder().to_owned());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut failed, mut stale, mut switched) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let (lost, (mut times, late)) = under_load(address, &folder, || flips(&mut bed))?;
        failed += lost;
        stale += late;
        switched += times.len();
        let middle = median(&mut times).context("nothing was switched")?;
        ours.push(milliseconds(middle));
        theirs.extend(of_haproxy(&bed)?);
    }
    let none = |name, failed| Measure {
        name,
        value: count(failed),
        unit: "requests",
        anchor: None,
        goal: Goal::AtMost(0.0),
    };
    let theirs = (!theirs.is_empty()).then_some(theirs);
    let acknowledged = Pairs::new(&ours, theirs.as_deref(), "haproxy");
    Ok(vec![
        none("flip_failed", failed),
        none("flip_stale", stale),
        Measure {
            name: "flip_switches",
            value: figure(switched),
            unit: "",
            anchor: None,
            goal: Goal::AtLeast(f64::from(ROUNDS * FLIPS)),
        },
        acknowledged.measure("flip_acknowledged", "ms", None),
    ])
}

/// Does something while all connections of the load are busy; how many of its requests failed, and what came
/// of it.
fn under_load<T>(
    address: SocketAddr,
    folder: &Path,
    something: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<(u64, T)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let loading = scope.spawn(|| {
            let mut lost = 0;
            while !over.load(Ordering::Relaxed) {
                lost += wrk::load(address, "/1k", TURN, folder)?.failed;
            }
            anyhow::Ok(lost)
        });
        let done = something();
        over.store(true, Ordering::Relaxed);
        let lost = loading.join();
        let lost = lost.map_err(|_panic| anyhow::anyhow!("the load panicked"))?;
        Ok((lost?, done?))
    })
}

/// What a switch takes there under the same load, in milliseconds; none if it is not installed.
fn of_haproxy(bed: &Bed) -> anyhow::Result<Option<f64>> {
    let Some(haproxy) = bed.others.iter().find(|other| other.name == "haproxy") else {
        return Ok(None);
    };
    let (address, folder) = (haproxy.doors.plain, bed.folder());
    let (_lost, mut times) = under_load(address, folder, || {
        let until = Instant::now() + THEIRS;
        let mut times = Vec::new();
        while Instant::now() < until {
            interrupt::check()?;
            times.push(runtime::switch(folder, times.len() % 2)?);
        }
        Ok(times)
    })?;
    Ok(median(&mut times).map(milliseconds))
}

/// How long each took to be acknowledged, and how many answers were of the old slot after it.
fn flips(bed: &mut Bed) -> anyhow::Result<(Vec<Duration>, u64)> {
    let until = Instant::now() + WITHIN;
    let address = bed.ours.address;
    let mut clients = Vec::new();
    for _ in 0..ASKED {
        clients.push(Client::connect(address)?);
    }
    let mut times = Vec::new();
    let mut stale = 0;
    let names = ["origin-1", "origin-2"];
    for number in 0..FLIPS {
        interrupt::check()?;
        if Instant::now() > until {
            break;
        }
        let (one, two) = if number % 2 == 0 { (0, 100) } else { (100, 0) };
        let slots = vec![
            slot(1, one, &bed.origins[..1])?,
            slot(2, two, &bed.origins[1..])?,
        ];
        let begun = Instant::now();
        bed.ours.control.route(serving(address, slots))?;
        times.push(begun.elapsed());
        let expected = names[usize::from(two == 100)];
        // All at once: under this load an answer takes as long as a switch.
        for client in &mut clients {
            client.say()?;
        }
        for client in &mut clients {
            stale += u64::from(client.hear()? != expected);
        }
    }
    Ok((times, stale))
}
