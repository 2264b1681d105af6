//! What our router takes before it does anything: time to its first answer, memory at rest, and its program's
//! size. HAProxy's beside it are the time until it listens, and the same of the rest.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

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
        Measure {
            name: "foot_binary",
            value: size(&product.binary)?,
            unit: "MB",
            anchor: theirs
                .map(|theirs| size(Path::new(&format!("/proc/{}/exe", theirs.pid()))))
                .transpose()?
                .map(beside),
            goal: Goal::AtMost(25.0),
        },
    ])
}

/// Megabytes of a file.
fn size(path: &Path) -> anyhow::Result<f64> {
    let found = fs::metadata(path).with_context(|| format!("look at {}", path.display()))?;
    Ok(megabytes(found.len()))
}
