//! Halts and their ends are noted. A person makes them as files, also while no controller lives.

use std::collections::BTreeSet;

use windlass_api::{Exit, HALT_SIGN, Problem};
use windlass_edge::Brake;
use windlass_model::{Halt, Happened, Happening, Millis};

use crate::chronicle;
use crate::controller::Shared;

/// A halt or its end, known by when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    /// Begun then; 0 where nobody wrote down when.
    Halted(i64),
    /// Ended then.
    Lifted(i64),
}

impl Seen {
    /// What an earlier controller has noted.
    pub(crate) fn of(happening: &Happening) -> Option<Self> {
        match happening.what {
            Happened::Halted { .. } => Some(Self::Halted(happening.at_us)),
            Happened::HaltLifted { .. } => Some(Self::Lifted(happening.at_us)),
            _ => None,
        }
    }
}

/// Notes what is not noted yet, each with its own time. Asked whenever somebody asks the controller
/// something: so whoever looks sees it, and nobody polls for it.
pub(crate) async fn look(shared: &Shared) {
    if shared.lost.is_some() {
        return;
    }
    let now_us = shared.border.clock.calendar_us();
    let all = there(shared, now_us);
    let known = {
        let there: BTreeSet<Seen> = all.iter().map(|(seen, _)| *seen).collect();
        std::mem::replace(&mut *shared.chronicle.halts.borrow_mut(), there)
    };
    for (seen, happening) in all {
        if known.contains(&seen) {
            continue;
        }
        if !chronicle::note_at_once(shared, &happening).await {
            // With the next question.
            shared.chronicle.halts.borrow_mut().remove(&seen);
        }
    }
}

/// Who has ended the last halt, as the resumption of what it held is signed.
pub(crate) fn lifter(brake: &dyn Brake) -> Option<String> {
    let last = brake.lifts().pop()?;
    Some(format!("{HALT_SIGN}lifted by {})", last.by))
}

/// A raise that a halt refuses: whose it is, for how long, why, and what ends it.
pub(crate) fn refused(halt: &Halt, now_us: i64) -> Problem {
    let spent = u64::try_from(now_us.saturating_sub(halt.since_us)).unwrap_or_default();
    let spent = Millis::from_secs(spent / 1_000_000);
    // Nobody wrote down since when.
    let spent = (halt.since_us != 0).then(|| format!(" for {spent}"));
    let why = halt.why.as_ref().map(|why| format!(": {why}"));
    let (spent, why) = (spent.unwrap_or_default(), why.unwrap_or_default());
    let title = format!("{} has halted every raise{spent}{why}", halt.by);
    Problem::new(409, "WL0340", Exit::Refused, title)
        .detail("nothing was changed: traffic stays where it is; aborts and rollbacks go on")
        .hint("once it may go on: windlass halt --lift")
}

/// What the files tell, oldest first.
fn there(shared: &Shared, now_us: i64) -> Vec<(Seen, Happening)> {
    let mut all = Vec::new();
    for lift in shared.border.brake.lifts() {
        // One that nobody could read, and that is over, is told by its end.
        if lift.was.since_us != 0 {
            all.push(halted(lift.was, now_us));
        }
        let (by, why) = (lift.by, lift.why);
        let what = Happened::HaltLifted { by, why };
        let seen = Seen::Lifted(lift.at_us);
        all.push((seen, Happening::once(lift.at_us, None, what)));
    }
    all.extend(
        shared
            .border
            .brake
            .halted()
            .map(|halt| halted(halt, now_us)),
    );
    all
}

fn halted(halt: Halt, now_us: i64) -> (Seen, Happening) {
    let at_us = match halt.since_us {
        0 => now_us,
        since_us => since_us,
    };
    let (by, why) = (halt.by, halt.why);
    let what = Happened::Halted { by, why };
    (
        Seen::Halted(halt.since_us),
        Happening::once(at_us, None, what),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_whose_halt_it_is_for_how_long_and_why() {
        let mut halt = Halt {
            by: "jo".to_owned(),
            since_us: 1_000_000,
            why: Some("checkout fails".to_owned()),
        };
        let title = |halt: &Halt| refused(halt, 301_000_000).title;
        assert_eq!(
            title(&halt),
            "jo has halted every raise for 5m: checkout fails"
        );
        (halt.since_us, halt.why) = (0, None);
        assert_eq!(title(&halt), "jo has halted every raise");
    }
}
