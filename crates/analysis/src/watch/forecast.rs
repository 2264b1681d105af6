//! Rules that will misfire at the traffic that was seen.

use windlass_model::{Rule, Trigger};

use super::condition::{Condition, Fed, Test};
use super::gauge::Gauge;
use crate::trigger::misfire::{Misfire, Seen};

/// What came to a service lately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traffic {
    /// Requests in a second.
    pub per_second: f64,
    /// Those among them that were answered with an error, between 0 and 1.
    pub base: f64,
}

/// What is wrong with each condition on errors of these rules, for a candidate whose smallest step has
/// this share of the traffic. That it hears too little is said only where it does with all of it: a step
/// comes later that has more. It is asked of the conditions themselves, so that both can't disagree.
pub fn misfires(rules: &[Rule], traffic: Traffic, smallest: f64) -> Vec<(Trigger, Misfire)> {
    let triggers = rules.iter().flat_map(|rule| &rule.all);
    let found = triggers.filter_map(|trigger| {
        let at = |share: f64| seen(trigger, traffic, share).and_then(Seen::misfire);
        let by_chance = |found: &Misfire| matches!(found, Misfire::ByChance { .. });
        let found = at(1.0).or_else(|| at(smallest).filter(by_chance))?;
        Some((trigger.clone(), found))
    });
    found.collect()
}

fn seen(trigger: &Trigger, traffic: Traffic, share: f64) -> Option<Seen> {
    let none = std::collections::BTreeMap::<Gauge, _>::new();
    let fed = Fed {
        gauges: &none,
        score: None,
    };
    let (above, window, windows, fewest) = match Condition::new(trigger, fed)? {
        Condition::Lasting {
            test: Test::Errors { above, fewest },
            sustained,
        } => (above, sustained.bin(), sustained.bins(), fewest),
        Condition::Over(rate, window) => (rate.above(), window, 1, rate.fewest()),
        Condition::Lasting {
            test: Test::Slower { .. } | Test::ErrorsAgainst { .. } | Test::LaterThan { .. },
            ..
        }
        | Condition::Worse
        | Condition::Read(_)
        | Condition::Score(_) => return None,
    };
    Some(Seen {
        above,
        window,
        windows,
        fewest,
        per_second: traffic.per_second * share,
        base: traffic.base,
    })
}
