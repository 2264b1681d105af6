//! A ramp while the rate of errors rises for both: the trap that adding up counts falls into.

use windlass_analysis::ratio::{Arm, Process, Test, Tick};

use crate::aa::upper;
use crate::random::Random;
use crate::row::{Goal, Row, figure};

const ALPHA: f64 = 0.01;

/// Five seconds at a hundred requests a second.
const REQUESTS: u64 = 500;

/// Candidates' requests of them at each stage: 1, 5, 25, 50 %.
const STAGES: [u64; 4] = [5, 25, 125, 250];

/// Ticks of a stage: ten minutes.
const TICKS: u32 = 120;

pub(crate) fn rows(fewer: usize) -> Vec<Row> {
    let runs = 5_000 / fewer;
    let mut random = Random::new(14);
    let (mut ticked, mut pooled) = (0, 0);
    for _ in 0..runs {
        let (by_tick, by_sum) = run(&mut random);
        ticked += usize::from(by_tick);
        pooled += usize::from(by_sum);
    }
    let share = |alarms| figure(alarms) / figure(runs);
    vec![
        Row::new("ramp_false_alarms", share(ticked), "of runs").beside("alpha", ALPHA),
        Row::new("ramp_upper_limit", upper(ticked, runs), "of runs").goal(Goal::AtMost(0.011_5)),
        // That it fails is what makes the test above one.
        Row::new("ramp_summed_up_false_alarms", share(pooled), "of runs").goal(Goal::AtLeast(0.99)),
    ]
}

/// Whether there was an alarm: tick by tick, and from the sums.
fn run(random: &mut Random) -> (bool, bool) {
    let mut process = Process::new(Test::harm(1.0));
    let (mut sum, mut summed) = (Tick::default(), false);
    let mut at = 0.0;
    let all = f64::from(TICKS) * 4.0;
    for candidates in STAGES {
        for _ in 0..TICKS {
            // From 0.2 % to 1.8 %.
            let rate = 0.01 * (1.0 - 0.8 * (std::f64::consts::PI * at / all).cos());
            at += 1.0;
            let mut arm = |requests| Arm {
                requests,
                bad: random.hits(requests, rate),
            };
            let tick = Tick {
                candidate: arm(candidates),
                stable: arm(REQUESTS - candidates),
            };
            process.push(tick);
            sum = sum.plus(tick);
            if !summed {
                let mut of_sums = Process::new(Test::harm(1.0));
                of_sums.push(sum);
                summed = of_sums.shown_at(ALPHA);
            }
        }
    }
    (process.shown_at(ALPHA), summed)
}
