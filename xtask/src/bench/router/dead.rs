//! A candidate that dies at a tenth of an even thousand requests each second, with the controller alive and
//! with it killed just before. Beside it a guard that polls once a second.

use anyhow::Context as _;

use crate::bench::registry::Product;
use crate::bench::rollback::{Blow, Names, play};
use crate::bench::router::polled;
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::count;

/// Requests that leave each second.
const PER_SECOND: u32 = 1_000;
/// Longest time from the first bad answer to the last, in milliseconds.
const RESTORED_MS_MOST: f64 = 100.0;

pub(crate) fn with_controller(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let names = Names {
        bad_answers: "dead_bad_answers",
        restored: "dead_restored",
    };
    let (mut rows, theirs) = polled::both(
        || play(product, blow(), names),
        || polled::guarded(product, polled::Blow::Killed),
    )?;
    let beside = [
        (
            "dead_bad_answers_polled",
            names.bad_answers,
            theirs.bad_answers,
        ),
        ("dead_restored_polled", names.restored, theirs.lasted_ms),
    ];
    for (name, own, theirs) in beside {
        let own = rows.iter().find(|row| row.name == own);
        let own = own.context("the worst of the rounds is told")?;
        let row = Measure {
            name,
            anchor: Some(Anchor {
                name: polled::POLLER,
                value: count(theirs),
            }),
            goal: Goal::TimesAnchor(polled::PART),
            ..own.clone()
        };
        rows.push(row);
    }
    Ok(rows)
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
