//! Pauses at an even thousand requests each second: what fails, and how soon after one all that waited is
//! on its way, and answered.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use windlass_control::{Passage, Pause};
use windlass_load::Load;
use windlass_model::Millis;

use crate::bench::interrupt;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::control::Control;
use crate::bench::router::pairs::{middle, rounds};
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, milliseconds};

/// Pauses.
const ROUNDS: usize = 2;
/// Time before, between and after them.
const AROUND: Duration = Duration::from_secs(1);
/// Length of one.
const PAUSED: Duration = Duration::from_secs(2);
/// Requests each second.
const PER_SECOND: u32 = 1_000;
/// As many as the load may have: about what comes in a second waits at once, and what is due after that is
/// late.
const CONNECTIONS: usize = 1_024;
/// Longest wait for the last of them to be answered.
const RELEASED_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks: one that never rests would take a core from what it looks at.
const LOOK: Duration = Duration::from_millis(1);
/// Longest time from the end of a pause until the last that waited is on its way, in milliseconds.
const RELEASED_MOST: f64 = 100.0;

/// What one pause came to: requests that waited, and milliseconds from its end.
struct Paused {
    waited: f64,
    released: f64,
    answered: f64,
}

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
    let mut all = Vec::new();
    for _ in 0..ROUNDS {
        std::thread::sleep(AROUND);
        all.push(pause(&mut bed.ours.control, &load)?);
    }
    std::thread::sleep(AROUND);
    let counts = load.stop();
    let figures = |of: fn(&Paused) -> f64| -> Vec<f64> { all.iter().map(of).collect() };
    let told = |name, value, unit| Measure {
        name,
        value,
        unit,
        anchor: None,
        goal: Goal::Told,
    };
    Ok(vec![
        Measure {
            goal: Goal::AtMost(0.0),
            ..told("pause_failed", count(counts.failed), "requests")
        },
        told(
            "pause_waited",
            middle(&figures(|one| one.waited)),
            "requests",
        ),
        rounds(
            "pause_released",
            "ms",
            &figures(|one| one.released),
            RELEASED_MOST,
        )?,
        told("pause_answered", middle(&figures(|one| one.answered)), "ms"),
    ])
}

fn pause(control: &mut Control, load: &Load) -> anyhow::Result<Paused> {
    control.pass(Passage::Paused(Pause {
        waiting: 5_000,
        within: Millis::from_secs(30),
    }))?;
    std::thread::sleep(PAUSED);
    let waited = control.waiting()?;
    anyhow::ensure!(waited > 0, "nothing waited");
    let before = load.snapshot().answered;
    let resumed = Instant::now();
    control.pass(Passage::Open)?;
    let released = until(resumed, || Ok(control.waiting()? == 0))?;
    let answered = until(resumed, || Ok(load.snapshot().answered >= before + waited))?;
    Ok(Paused {
        waited: count(waited),
        released,
        answered,
    })
}

/// Milliseconds from the end of a pause until something is so.
fn until(resumed: Instant, mut is_so: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<f64> {
    while !is_so()? {
        interrupt::check()?;
        anyhow::ensure!(
            resumed.elapsed() < RELEASED_WITHIN,
            "requests wait although nothing is paused"
        );
        std::thread::sleep(LOOK);
    }
    Ok(milliseconds(resumed.elapsed()))
}
