//! A thousand switches between two slots under full load: what fails, how long one takes, and
//! whether a request sent after its acknowledgement still meets the old slot.

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
use crate::bench::router::runtime;
use crate::bench::router::wrk;
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::{count, figure, median, milliseconds};

/// Switches.
const FLIPS: u32 = 1_000;
/// Time that all of them may take.
const WITHIN: Duration = Duration::from_secs(20);
/// Time for HAProxy's.
const THEIRS: Duration = Duration::from_secs(1);
/// Length of one of the loads that follow each other until it is over, in seconds.
const TURN: u64 = 2;
/// Connections on which the slot is asked for after each, so that every data thread has some.
const ASKED: usize = 8;

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, true)?;
    let (address, folder) = (bed.ours.address, bed.folder().to_owned());
    let (lost, (mut times, stale)) = under_load(address, &folder, || flips(&mut bed))?;
    let switched = times.len();
    let theirs = of_haproxy(&bed)?;
    let failed = |name, failed| Measure {
        name,
        value: count(failed),
        unit: "requests",
        anchor: None,
        goal: Goal::AtMost(0.0),
    };
    Ok(vec![
        failed("flip_failed", lost),
        failed("flip_stale", stale),
        Measure {
            name: "flip_switches",
            value: figure(switched),
            unit: "",
            anchor: None,
            goal: Goal::AtLeast(f64::from(FLIPS)),
        },
        Measure {
            name: "flip_acknowledged",
            value: milliseconds(median(&mut times).context("nothing was switched")?),
            unit: "ms",
            anchor: theirs.map(|value| Anchor {
                name: "haproxy",
                value,
            }),
            goal: Goal::Told,
        },
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
