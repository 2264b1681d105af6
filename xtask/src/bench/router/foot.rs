//! What our router takes before it does anything: time to its first answer, and memory at rest. HAProxy's
//! beside it are the time until it listens, and the same memory.

use crate::bench::processes;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::{megabytes, milliseconds};

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bed = Bed::make(product, true)?;
    let memory = |pid| processes::memory(pid).map(|memory| megabytes(memory.rss));
    let haproxy = bed.others.iter().find(|other| other.name == "haproxy");
    let theirs = haproxy.and_then(|haproxy| haproxy.process.as_ref());
    let beside = |value| Anchor {
        name: "haproxy",
        value,
    };
    Ok(vec![
        Measure {
            name: "foot_start",
            value: milliseconds(bed.ours.ready_after),
            unit: "ms",
            anchor: haproxy.map(|haproxy| beside(milliseconds(haproxy.ready_after))),
            goal: Goal::AtMost(150.0),
        },
        Measure {
            name: "foot_memory",
            value: memory(bed.ours.process.pid())?,
            unit: "MB",
            anchor: theirs
                .map(|theirs| memory(theirs.pid()))
                .transpose()?
                .map(beside),
            goal: Goal::AtMost(30.0),
        },
    ])
}
