//! The comparison of two rates, and the split.

use serde::Deserialize;
use serde_json::Value;

use super::report::Block;
use super::tally::Tally;
use crate::ratio::closed::{self, Events};
use crate::ratio::interval::Evidence;
use crate::ratio::{Process, Test, Tick};

#[derive(Deserialize)]
struct Compared {
    r0: f64,
    side: String,
    ticks: Vec<[u64; 4]>,
    log_e: Vec<f64>,
    first_tick_ge_ln100: Option<usize>,
    running_p: Vec<f64>,
    cs95: [f64; 2],
}

/// Interval ends, where the file states no tolerance for them.
const ENDS: f64 = 1e-6;

pub(super) fn processes(name: &str, block: &Value) -> Block {
    let ends = block.get("cs_tol").and_then(Value::as_f64).unwrap_or(ENDS);
    Tally::run(name, block, |tally, case: Compared| {
        let test = match case.side.as_str() {
            "harm" => Test::harm(case.r0),
            _ => Test::not_worse(case.r0),
        };
        let (mut process, mut evidence) = (Process::new(test), Evidence::default());
        let (mut logs, mut values) = (Vec::new(), Vec::new());
        for counts in case.ticks {
            let Some(tick) = Tick::of(counts) else {
                return tally.same("ticks", &counts, &[0; 4]);
            };
            process.push(tick);
            evidence.push(tick);
            logs.push(process.log_e());
            values.push(process.p_value());
        }
        tally.all_near("log_e", &logs, &case.log_e);
        tally.all_near("running_p", &values, &case.running_p);
        let first = logs.iter().position(|log| *log >= 100_f64.ln());
        tally.same("first_tick_ge_ln100", &first, &case.first_tick_ge_ln100);
        let (low, high) = evidence.interval(0.05);
        tally.near_by("cs95", ends, (low, case.cs95[0]));
        tally.near_by("cs95", ends, (high, case.cs95[1]));
        if let Some(last) = logs.last() {
            tally.near("log_e of the sums", evidence.log_e(test), *last);
        }
    })
}

#[derive(Deserialize)]
struct Closed {
    counts: [u64; 2],
    rho_canary: f64,
    k: f64,
    log_e: f64,
    savvi_odds: Option<f64>,
    alpha: f64,
    delta_cs: [f64; 2],
    theta1_cs: [f64; 2],
    savvi_theta1_cs: Option<[f64; 2]>,
}

/// The ends of savvi's intervals, from a solver.
const SOLVED: f64 = 2e-4;

pub(super) fn closed_forms(name: &str, block: &Value) -> Block {
    let stated = block.get("savvi_cs_abs_tol").and_then(Value::as_f64);
    let solved = stated.unwrap_or(SOLVED);
    Tally::run(name, block, |tally, case: Closed| {
        let share = case.rho_canary;
        let log_e = closed::log_e(&case.counts, &[1.0 - share, share], case.k);
        tally.near("log_e", log_e, case.log_e);
        if let Some(odds) = case.savvi_odds {
            // A ratio, so that odds near one are no division by nearly nothing.
            tally.near("savvi_odds", (log_e - odds.ln()).exp(), 1.0);
        }
        let [stable, candidate] = case.counts;
        let events = Events {
            stable,
            candidate,
            share,
        };
        let (low, high) = closed::interval(events, case.k, case.alpha);
        tally.all_near("delta_cs", &[low, high], &case.delta_cs);
        let theta = [low, high].map(|delta: f64| {
            let candidate = share * delta.exp();
            candidate / (1.0 - share + candidate)
        });
        tally.all_near("theta1_cs", &theta, &case.theta1_cs);
        for (theta, savvi) in theta
            .into_iter()
            .zip(case.savvi_theta1_cs.into_iter().flatten())
        {
            tally.within("savvi_theta1_cs", solved, (theta, savvi));
        }
    })
}

#[derive(Deserialize)]
struct Split {
    weights: Vec<f64>,
    counts: Vec<u64>,
    k: f64,
    log_e: f64,
}

pub(super) fn splits(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Split| {
        let log_e = closed::log_e(&case.counts, &case.weights, case.k);
        tally.near("log_e", log_e, case.log_e);
    })
}
