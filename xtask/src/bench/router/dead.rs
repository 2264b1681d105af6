//! A candidate that dies at a tenth of an even thousand requests each second, with the controller alive and
//! with it killed just before.

use crate::bench::registry::Product;
use crate::bench::rollback::{Blow, Names, play};
use crate::bench::row::Measure;

/// Requests that leave each second.
const PER_SECOND: u32 = 1_000;
/// Longest time from the first bad answer to the last, in milliseconds.
const RESTORED_MS_MOST: f64 = 100.0;

pub(crate) fn with_controller(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let names = Names {
        bad_answers: "dead_bad_answers",
        restored: "dead_restored",
    };
    play(product, blow(), names)
}

pub(crate) fn alone(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let names = Names {
        bad_answers: "dead_alone_bad_answers",
        restored: "dead_alone_restored",
    };
    let blow = Blow {
        controller_lives: false,
        ..blow()
    };
    play(product, blow, names)
}

fn blow() -> Blow {
    Blow {
        per_second: PER_SECOND,
        restored_ms_most: RESTORED_MS_MOST,
        ..Blow::default()
    }
}
