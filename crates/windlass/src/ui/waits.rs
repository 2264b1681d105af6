//! What a service waits for, in a few words beside its row.

use windlass_model::{Millis, RolloutPhase, ran_as};

use super::time::clock;
use super::words::{FOR_A_HALT, harmless, listed};
use crate::follow::{Hold, Part};

/// What one service waits for. `clock_us`: what its clocks show, which stand still while somebody holds it.
pub(super) fn waits(part: &Part, clock_us: i64, hold: Hold) -> String {
    match part.phase {
        RolloutPhase::Waiting if !part.waits_for.is_empty() => {
            format!("for {}", listed(&part.waits_for))
        }
        RolloutPhase::Baking if part.evidence.is_some() => "for evidence".to_owned(),
        RolloutPhase::Baking => part
            .bake
            .map(|bake| match left(bake, clock_us) {
                // A trigger may be about to fire, or a controller was away meanwhile.
                0 => "not over yet".to_owned(),
                left => format!("{} left", clock(left)),
            })
            .unwrap_or_default(),
        RolloutPhase::Starting => match part.doing() {
            Some(doing) => with_process(doing, part),
            None => readiness(part, clock_us),
        },
        RolloutPhase::Returning => with_process(part.doing().unwrap_or_default(), part),
        // What would give it more traffic is what a halt keeps back.
        RolloutPhase::Shifting | RolloutPhase::Holding if hold == Hold::OfAHalt => {
            FOR_A_HALT.to_owned()
        }
        RolloutPhase::Holding => "for a person".to_owned(),
        RolloutPhase::Stuck => "for a person".to_owned(),
        RolloutPhase::Waiting
        | RolloutPhase::Clearing
        | RolloutPhase::StoppingOld
        | RolloutPhase::Shifting
        | RolloutPhase::Passed
        | RolloutPhase::Settling
        | RolloutPhase::Done
        | RolloutPhase::Returned => String::new(),
    }
}

/// What the run of a script does, with the process that a person can look at where it has not ended.
fn with_process(doing: String, part: &Part) -> String {
    let saw = part.unready.values().next_back();
    match saw.filter(|saw| part.is_a_command && ran_as(saw).is_some()) {
        Some(saw) if doing.is_empty() => harmless(saw),
        Some(saw) => format!("{doing}: {}", harmless(saw)),
        None => doing,
    }
}

/// What one that is not ready was asked and answered, and how long that may last.
fn readiness(part: &Part, clock_us: i64) -> String {
    let told = part.unready.values().next();
    let (Some(saw), Some(probe)) = (told, part.probe.as_ref()) else {
        return "for readiness".to_owned();
    };
    let asks = harmless(&probe.kind.asks());
    let left = clock(left((part.runs_since_us(), probe.within), clock_us));
    format!("for {asks}, {left} left: {}", harmless(saw))
}

/// Microseconds that are left of a time that began then, by what its clock shows: what began after that one
/// was stopped has all of it left.
pub(super) fn left((since_us, within): (i64, Millis), clock_us: i64) -> i64 {
    let within_us = i64::try_from(within.as_millis().saturating_mul(1000)).unwrap_or(i64::MAX);
    since_us
        .saturating_add(within_us)
        .saturating_sub(clock_us)
        .clamp(0, within_us)
}

#[cfg(test)]
mod tests {
    use windlass_model::{Percent, still_runs};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn the_run_of_a_script_that_has_not_ended_has_its_process_beside_what_it_says() {
        let mut picture = sample::untold();
        let part = picture.parts.get_mut(&sample::service("auth"));
        let part = part.expect("a service");
        let saw = still_runs(Some(4711));
        part.unready.insert(sample::instance("1a"), saw);
        part.is_a_command = true;
        part.phase = RolloutPhase::Returning;
        let said = |part: &Part| waits(part, 0, Hold::Nobodys);
        assert_eq!(said(part), "it still runs as process 4711");
        part.said = (Some("migrate".to_owned()), Some(Percent::FULL));
        part.phase = RolloutPhase::Starting;
        assert_eq!(said(part), "migrate 100 %: it still runs as process 4711");
    }
}
