//! Rules with a threshold.

use serde::Deserialize;
use serde_json::Value;
use windlass_model::{Millis, Rate};

use super::report::Block;
use super::tally::Tally;
use crate::ratio::Arm;
use crate::trigger::burn::{Burn, Burning, Rule};
use crate::trigger::lasting::Span;
use crate::trigger::reading::{Reading, rate_above};
use crate::trigger::window::RateOver;
use crate::trigger::{Lasting, Outcome};

#[derive(Deserialize)]
struct Triggers {
    ticks: Vec<[u64; 3]>,
    sustained_gt10pct_30s_nmin10: Option<u64>,
    window_gt1pct_300s_nmin200: Option<u64>,
    burn: Vec<Burnt>,
}

#[derive(Deserialize)]
struct Burnt {
    long_s: u64,
    short_s: u64,
    factor: f64,
    burn_long: f64,
    burn_short: f64,
    fires: bool,
}

/// The objective by which the file reckons its burn rates.
const OBJECTIVE: f64 = 0.999;

pub(super) fn triggers(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Triggers| {
        let found = (lasting(&case.ticks), over(&case.ticks));
        tally.same("sustained", &found.0, &case.sustained_gt10pct_30s_nmin10);
        tally.same("window", &found.1, &case.window_gt1pct_300s_nmin200);
        for wanted in case.burn {
            let found = burn(&case.ticks, &wanted);
            tally.near("burn_long", found.long, wanted.burn_long);
            tally.near("burn_short", found.short, wanted.burn_short);
            tally.same("fires", &found.fires, &wanted.fires);
        }
    })
}

fn arm(tick: &[u64; 3]) -> Arm {
    Arm {
        requests: tick[1],
        bad: tick[2],
    }
}

fn rate(parts: u16) -> Rate {
    Rate::from_parts(parts).unwrap_or(Rate::FULL)
}

/// More than 10 % for 30 s, of at least ten requests.
fn lasting(ticks: &[[u64; 3]]) -> Option<u64> {
    let mut rule = Lasting::new(Millis::from_secs(30));
    let step = ticks.get(1)?[0].saturating_sub(ticks.first()?[0]);
    let mut before = ticks.first()?[0].saturating_sub(step);
    for tick in ticks {
        let span = Span {
            from_ms: before.saturating_mul(1_000),
            until_ms: tick[0].saturating_mul(1_000),
        };
        before = tick[0];
        let outcome = rule.push(span, rate_above(arm(tick), rate(1_000), 10));
        if matches!(outcome, Outcome::Fires { .. }) {
            return Some(tick[0]);
        }
    }
    None
}

/// More than 1 % over 300 s, of at least two hundred requests.
fn over(ticks: &[[u64; 3]]) -> Option<u64> {
    let mut rule = RateOver::new(rate(100), Millis::from_secs(300), 200);
    let fires =
        |tick: &&[u64; 3]| rule.push(tick[0].saturating_mul(1_000), arm(tick)) == Reading::Breach;
    ticks.iter().find(fires).map(|tick| tick[0])
}

fn burn(ticks: &[[u64; 3]], rule: &Burnt) -> Burning {
    let rule = Rule {
        long: Millis::from_secs(rule.long_s),
        short: Millis::from_secs(rule.short_s),
        factor: rule.factor,
    };
    let mut burn = Burn::new(rule, OBJECTIVE);
    let nothing = Burning {
        long: 0.0,
        short: 0.0,
        fires: false,
    };
    let last = ticks
        .iter()
        .map(|tick| burn.push(tick[0].saturating_mul(1_000), arm(tick)))
        .last();
    last.unwrap_or(nothing)
}
