//! What controller, router and one shim hold in memory while nothing happens.

use crate::bench::lab::{Lab, free_addresses};
use crate::bench::registry::Product;
use crate::bench::row::{Goal, Measure};
use crate::bench::spine::applications::one_service;
use crate::bench::spine::rest::Rest;
use crate::bench::timing::megabytes;
use crate::say;

/// Controller, router, one shim and what it keeps.
const PROCESSES: usize = 4;
const GOAL_MB: f64 = 60.0;

/// Two rows after the first deployment of one service with one instance: resident memory counted
/// whole in each process, which is what is asked for, and with shared pages counted once.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let [listen] = free_addresses()?;
    let lab = Lab::make(product, &one_service(listen))?;
    lab.windlass(&["deploy", "--quiet"])?;
    let rest = Rest::of(&lab, PROCESSES)?;
    let parts = [
        ("controller", rest.controller),
        ("router", rest.router),
        ("shim", rest.shim),
    ];
    let told: Vec<String> = parts
        .iter()
        .map(|(name, memory)| format!("{name} {:.1} MB", megabytes(memory.rss)))
        .collect();
    say::aside(&format!("   at rest: {}", told.join(", ")));
    let [rss, pss] = [
        parts.iter().map(|(_, memory)| memory.rss).sum(),
        parts.iter().map(|(_, memory)| memory.pss).sum(),
    ];
    Ok(vec![
        Measure {
            name: "memory_at_rest",
            value: megabytes(rss),
            unit: "MB",
            anchor: None,
            goal: Goal::AtMost(GOAL_MB),
        },
        Measure {
            name: "memory_at_rest_pss",
            value: megabytes(pss),
            unit: "MB",
            anchor: None,
            goal: Goal::Told,
        },
    ])
}
