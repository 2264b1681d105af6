//! The time that a rule needs before it can do anything.

use windlass_model::{Lasting, Millis, Rule, Then, Trigger};

use super::sustained::Sustained;

/// The time from the first answer on below which a rule does nothing, whatever it would have seen. A rule that
/// is met and lacks only time has its step [watched on](Rule::WATCHED_ON), so for most that is less than what
/// is written: nothing where one moment is enough.
pub fn needed(rule: &Rule) -> Millis {
    let all = rule.all.iter().map(|trigger| {
        let (rises, fires) = of(trigger);
        match rule.then {
            Then::Rollback | Then::Hold => rises.max(fires.less(Rule::WATCHED_ON)),
            // Nobody waits for what only tells.
            Then::Notify => fires,
        }
    });
    all.max().unwrap_or(Millis::ZERO)
}

/// When a condition can be seen to be met at the soonest, and when it has lasted for long enough.
fn of(trigger: &Trigger) -> (Millis, Millis) {
    match trigger {
        Trigger::ErrorRate { lasting, .. }
        | Trigger::ErrorRateAgainst { lasting, .. }
        | Trigger::Slow { lasting, .. }
        | Trigger::SlowAgainst { lasting, .. }
        | Trigger::Unavailable { lasting } => {
            let sustained = Sustained::new(*lasting);
            let whole = sustained.bin().as_millis().saturating_mul(sustained.bins());
            (sustained.bin(), Millis::from_millis(whole))
        }
        Trigger::ProbeFailing { lasting, .. }
        | Trigger::Memory { lasting, .. }
        | Trigger::Metric {
            lasting: Lasting::For(lasting),
            ..
        } => (Millis::ZERO, *lasting),
        // Before half of its window is covered it says nothing, and then it is met at once or not.
        Trigger::Metric {
            lasting: Lasting::Over(window),
            ..
        } => {
            let half = Millis::from_millis(window.as_millis() / 2);
            (half, half)
        }
        // What has come of a window of answers is judged, however short that was.
        Trigger::ErrorRateOver { .. }
        | Trigger::ErrorRateWorse
        | Trigger::Crash
        | Trigger::ReadinessLost
        | Trigger::ScoreDrops { .. } => (Millis::ZERO, Millis::ZERO),
    }
}
