//! How many ticks a second one core judges, and how much there is to keep.

use windlass_analysis::ratio::comparison::{Comparison, Plan};
use windlass_analysis::ratio::{Arm, Process, Test, Tick};

use crate::random::Random;
use crate::row::{Goal, Row, figure};

const TICKS: usize = 2_000_000;

/// What is written down of one metric, however long it was watched, in bytes.
const KEPT: f64 = 250_000.0;

/// Ticks of a busy service, each with another share.
fn ticks(count: usize) -> Vec<Tick> {
    let mut random = Random::new(19);
    let mut arm = |mean: u64, rate| {
        let requests = mean + random.hits(mean, 0.5);
        Arm {
            requests,
            bad: random.hits(requests, rate),
        }
    };
    let tick = |_| Tick {
        stable: arm(900, 0.002),
        candidate: arm(100, 0.002),
    };
    (0..count).map(tick).collect()
}

#[expect(clippy::disallowed_methods, reason = "this is what is measured")]
fn per_second(ticks: &[Tick], mut push: impl FnMut(Tick)) -> f64 {
    let begun = std::time::Instant::now();
    for tick in ticks {
        push(*tick);
    }
    figure(ticks.len()) / begun.elapsed().as_secs_f64()
}

fn written(comparison: &Comparison) -> f64 {
    serde_json::to_string(comparison).map_or(0.0, |text| figure(text.len()))
}

pub(crate) fn rows(fewer: usize) -> Vec<Row> {
    let ticks = ticks(TICKS / fewer);
    let mut process = Process::new(Test::harm(1.0));
    let alone = per_second(&ticks, |tick| process.push(tick));
    let mut comparison = Comparison::new(Plan::default());
    let half = ticks.len() / 2;
    let _first = per_second(&ticks[..half], |tick| comparison.push(tick));
    let kept = written(&comparison);
    let whole = per_second(&ticks[half..], |tick| comparison.push(tick));
    let row = |name: &str, value| Row::new(name, value, "ticks/s");
    vec![
        row("process_ticks", alone).goal(Goal::AtLeast(1e6)),
        row("comparison_ticks", whole).goal(Goal::AtLeast(1e6)),
        Row::new("comparison_kept", written(&comparison), "bytes")
            .beside("half the ticks", kept)
            .goal(Goal::AtMost(KEPT)),
    ]
}
