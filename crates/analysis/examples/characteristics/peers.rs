//! The same streams under the rules of others: an hour at 100 requests a second, half of them each.

use windlass_analysis::kayenta::{Class, Direction, Metric};
use windlass_analysis::ratio::{Arm, Process, Test, Tick};

use crate::random::Random;
use crate::row::{Goal, Row, figure, quantile};

const ALPHA: f64 = 0.01;
const MINUTES: usize = 60;
/// Requests of each release in a second.
const REQUESTS: u64 = 50;

/// One run: what both answered in each second.
type Run = Vec<Tick>;

fn draw(random: &mut Random, stable: f64, candidate: f64) -> Run {
    let mut arm = |rate| Arm {
        requests: REQUESTS,
        bad: random.hits(REQUESTS, rate),
    };
    let tick = |_| Tick {
        stable: arm(stable),
        candidate: arm(candidate),
    };
    (0..MINUTES * 60).map(tick).collect()
}

/// The second in which a judge takes the candidate back.
type Judge = fn(&Run) -> Option<usize>;

fn windlass(run: &Run) -> Option<usize> {
    let mut process = Process::new(Test::harm(1.0));
    let second = run.iter().position(|tick| {
        process.push(*tick);
        process.shown_at(ALPHA)
    });
    second.map(|second| second + 1)
}

fn rate(ticks: &[Tick], of: fn(&Tick) -> Arm) -> f64 {
    let sum = ticks.iter().map(of).fold(Arm::default(), Arm::plus);
    sum.rate().unwrap_or(0.0)
}

/// As its documentation shows it: every minute the success rate must be at least 99 %; ten failed
/// checks take back, ten good ones promote.
fn flagger(run: &Run) -> Option<usize> {
    let (mut failed, mut passed) = (0, 0);
    for (minute, ticks) in run.chunks(60).enumerate() {
        if rate(ticks, |tick| tick.candidate) > 0.01 {
            failed += 1;
        } else {
            passed += 1;
        }
        if failed == 10 {
            return Some((minute + 1) * 60);
        }
        if passed == 10 {
            return None;
        }
    }
    None
}

/// As its documentation shows it: every five minutes a success rate of at least 95 %; more than three
/// failures take back.
fn argo_rollouts(run: &Run) -> Option<usize> {
    let mut failed = 0;
    for (place, ticks) in run.chunks(300).enumerate() {
        failed += usize::from(rate(ticks, |tick| tick.candidate) > 0.05);
        if failed > 3 {
            return Some((place + 1) * 300);
        }
    }
    None
}

/// The rate of errors per minute, judged every ten minutes on all that is there.
fn kayenta(run: &Run) -> Option<usize> {
    let minutes = |of: fn(&Tick) -> Arm| -> Vec<f64> {
        run.chunks(60).map(|ticks| rate(ticks, of)).collect()
    };
    let (candidate, stable) = (minutes(|tick| tick.candidate), minutes(|tick| tick.stable));
    let metric = Metric {
        direction: Direction::Increase,
        ..Metric::default()
    };
    let high = |until: &usize| {
        let judged = metric.judge(&candidate[..*until], &stable[..*until]);
        judged.class == Class::High
    };
    (10..=MINUTES)
        .step_by(10)
        .find(high)
        .map(|minute| minute * 60)
}

const JUDGES: [(&str, Judge); 4] = [
    ("windlass", windlass),
    ("flagger", flagger),
    ("argo_rollouts", argo_rollouts),
    ("kayenta", kayenta),
];

pub(crate) fn rows(fewer: usize) -> Vec<Row> {
    let runs = (300 / fewer).max(4);
    let mut rows = Vec::new();
    for (stable, candidate, name) in [
        (0.001, 0.001, "0.1%_alike"),
        (0.01, 0.01, "1%_alike"),
        (0.001, 0.01, "0.1_to_1%"),
        (0.01, 0.02, "1_to_2%"),
        (0.01, 0.05, "1_to_5%"),
    ] {
        let mut random = Random::new(18);
        let runs: Vec<Run> = (0..runs)
            .map(|_| draw(&mut random, stable, candidate))
            .collect();
        let alike = candidate <= stable;
        let mut ours = 0.0;
        for (judge, taken_back) in JUDGES {
            let seconds: Vec<Option<usize>> = runs.iter().map(taken_back).collect();
            let back = figure(seconds.iter().flatten().count()) / figure(runs.len());
            let own = judge == "windlass";
            let row = Row::new(format!("{judge}_{name}_taken_back"), back, "of runs");
            rows.push(match (own, alike) {
                (true, true) => row.beside("alpha", ALPHA).goal(Goal::AtMost(0.03)),
                (true, false) => row.goal(Goal::AtLeast(1.0)),
                (false, true) => row.beside("alpha", ALPHA),
                (false, false) => row,
            });
            let mut requests: Vec<f64> = seconds
                .into_iter()
                .flatten()
                .map(|second| figure(second) * 100.0)
                .collect();
            if alike || requests.is_empty() {
                continue;
            }
            let median = quantile(&mut requests, 0.5);
            let row = Row::new(format!("{judge}_{name}_requests"), median, "requests");
            if own {
                ours = median;
                rows.push(row);
            } else {
                rows.push(row.beside("windlass", ours));
            }
        }
    }
    rows
}
