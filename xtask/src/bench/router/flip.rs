//! A thousand switches between two slots under full load: what fails, how long one takes, and
//! whether a request sent after its acknowledgement still meets the old slot.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::control::{serving, slot};
use crate::bench::router::name::Client;
use crate::bench::router::wrk;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, median, milliseconds};

/// Switches.
const FLIPS: u32 = 1_000;
/// Time that all of them may take.
const WITHIN: u64 = 15;
/// Connections on which the slot is asked for after each, so that every data thread has some.
const ASKED: usize = 8;

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, false)?;
    let address = bed.ours.address;
    let folder = bed.folder().to_owned();
    let loading = thread::spawn(move || wrk::load(address, "/1k", WITHIN, &folder));
    let flipped = flips(&mut bed);
    let loaded = loading
        .join()
        .map_err(|_panic| anyhow::anyhow!("the load panicked"))??;
    let (mut times, stale) = flipped?;
    let failed = |name, failed| Measure {
        name,
        value: count(failed),
        unit: "requests",
        anchor: None,
        goal: Goal::AtMost(0.0),
    };
    Ok(vec![
        failed("flip_failed", loaded.failed),
        failed("flip_stale", stale),
        Measure {
            name: "flip_acknowledged",
            value: milliseconds(median(&mut times).context("nothing was switched")?),
            unit: "ms",
            anchor: None,
            goal: Goal::Told,
        },
    ])
}

/// How long each took to be acknowledged, and how many answers were of the old slot after it.
fn flips(bed: &mut Bed) -> anyhow::Result<(Vec<Duration>, u64)> {
    let until = Instant::now() + Duration::from_secs(WITHIN);
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
        for client in &mut clients {
            stale += u64::from(client.ask()? != expected);
        }
    }
    Ok((times, stale))
}
