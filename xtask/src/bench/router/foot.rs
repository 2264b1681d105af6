//! What our router takes before it does anything: time to its first answer, and memory at rest.

use crate::bench::processes;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{megabytes, milliseconds};

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bed = Bed::make(product, false)?;
    let memory = processes::memory(bed.ours.process.pid())?;
    Ok(vec![
        Measure {
            name: "foot_start",
            value: milliseconds(bed.ours.ready_after),
            unit: "ms",
            anchor: None,
            goal: Goal::AtMost(150.0),
        },
        Measure {
            name: "foot_memory",
            value: megabytes(memory.rss),
            unit: "MB",
            anchor: None,
            goal: Goal::AtMost(30.0),
        },
    ])
}
