//! The parts of the bench, in the order in which they run.

use crate::bench::registry::{Bench, Part, Product};
use crate::bench::rollback::application::Health;
use crate::bench::rollback::judged::judged;
use crate::bench::rollback::rounds::{Blow, Names, play};
use crate::bench::row::Measure;

/// The bench of death and rollback.
pub(crate) const BENCH: Bench = Bench {
    name: "rollback",
    about: "a candidate that dies or answers errors at a tenth of 500 requests a second, or is a little worse",
    parts: &[
        Part::new("dead", dead),
        Part::new("dead_alone", dead_without_controller),
        Part::new("errors", bad),
        Part::new("judged", judged),
    ],
};

fn dead(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let blow = Blow::default();
    let names = Names {
        bad_answers: "dead_candidate_bad_answers",
        restored: "dead_candidate_restored",
    };
    play(product, blow, names)
}

fn dead_without_controller(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let blow = Blow {
        controller_lives: false,
        ..Blow::default()
    };
    let names = Names {
        bad_answers: "dead_candidate_without_controller_bad_answers",
        restored: "dead_candidate_without_controller_restored",
    };
    play(product, blow, names)
}

fn bad(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let blow = Blow {
        health: Health::Errors,
        ..Blow::default()
    };
    let names = Names {
        bad_answers: "error_candidate_bad_answers",
        restored: "error_candidate_restored",
    };
    play(product, blow, names)
}
