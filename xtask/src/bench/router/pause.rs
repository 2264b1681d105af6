//! A pause at an even thousand requests each second: what fails, and how soon after it all that waited
//! is on its way.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use windlass_control::{Passage, Pause};
use windlass_model::Millis;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, milliseconds};

/// Time before and after the pause.
const AROUND: Duration = Duration::from_secs(1);
/// Length of the pause.
const PAUSED: Duration = Duration::from_secs(2);
/// Requests each second.
const PER_SECOND: u32 = 1_000;
/// As many as the load may have: about what comes in a second waits at once, and what is due after that is
/// late.
const CONNECTIONS: usize = 1_024;
/// Longest wait for the last of them to be on its way.
const RELEASED_WITHIN: Duration = Duration::from_secs(5);

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    super::flood::allow_descriptors()?;
    let mut bed = Bed::make(product, false)?;
    let load = windlass_load::start(windlass_load::LoadPlan {
        target: bed.ours.address,
        path: "/1k".to_owned(),
        per_second: PER_SECOND,
        connections: CONNECTIONS,
        fresh_every: None,
        timeout: PAUSED * 3,
    })
    .context("start the load")?;
    std::thread::sleep(AROUND);
    let control = &mut bed.ours.control;
    control.pass(Passage::Paused(Pause {
        waiting: 5_000,
        within: Millis::from_secs(30),
    }))?;
    std::thread::sleep(PAUSED);
    let waited = control.waiting()?;
    let resumed = Instant::now();
    control.pass(Passage::Open)?;
    while control.waiting()? > 0 {
        interrupt::check()?;
        anyhow::ensure!(
            resumed.elapsed() < RELEASED_WITHIN,
            "requests wait although nothing is paused"
        );
    }
    let released = resumed.elapsed();
    std::thread::sleep(AROUND);
    let counts = load.stop();
    let row = |name, value, unit, goal| Measure {
        name,
        value,
        unit,
        anchor: None,
        goal,
    };
    Ok(vec![
        row(
            "pause_failed",
            count(counts.failed),
            "requests",
            Goal::AtMost(0.0),
        ),
        row("pause_waited", count(waited), "requests", Goal::Told),
        row(
            "pause_released",
            milliseconds(released),
            "ms",
            Goal::AtMost(100.0),
        ),
    ])
}
