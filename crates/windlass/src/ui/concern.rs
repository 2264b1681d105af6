//! Which services of a deployment a person must see where not all of them have room.

use windlass_model::{RolloutPhase, ServiceName};

use super::words::phase;
use crate::follow::Part;

/// What a service is to whoever watches. What is first here has room first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Concern {
    /// It fails, goes back or needs a person.
    Fails,
    /// Something happens to it.
    Moves,
    /// Its turn has not come.
    Waits,
    /// Nothing more happens to it for now.
    Done,
}

/// What this one is to whoever watches.
pub(super) fn concern(service: &ServiceName, part: &Part) -> Concern {
    match part.phase {
        RolloutPhase::Stuck | RolloutPhase::Holding | RolloutPhase::Returning => Concern::Fails,
        // It is back, but it is why others are.
        RolloutPhase::Returned if part.own_failure(service).is_some() => Concern::Fails,
        RolloutPhase::Clearing
        | RolloutPhase::StoppingOld
        | RolloutPhase::Starting
        | RolloutPhase::Shifting
        | RolloutPhase::Baking
        | RolloutPhase::Settling => Concern::Moves,
        RolloutPhase::Waiting => Concern::Waits,
        RolloutPhase::Passed | RolloutPhase::Done | RolloutPhase::Returned => Concern::Done,
    }
}

/// How many have no room, and how they stand: `7 more: 2 waiting, 5 done`.
pub(super) fn more(hidden: &[&Part]) -> String {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for part in hidden {
        let standing = phase(part.phase);
        match counts.iter_mut().find(|(known, _)| *known == standing) {
            Some((_, count)) => *count += 1,
            None => counts.push((standing, 1)),
        }
    }
    let counts = counts
        .iter()
        .map(|(phase, count)| format!("{count} {phase}"));
    let counts: Vec<String> = counts.collect();
    format!("{} more: {}", hidden.len(), counts.join(", "))
}
