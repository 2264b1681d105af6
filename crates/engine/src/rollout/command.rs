//! What a command is told when it runs, and whose it is.
//!
//! A release of a command target is live because a script ran, not because something runs: its
//! instance stands for that run. Nothing of the old release is stopped first; the way back is
//! another run.

use windlass_model::{CommandRun, Job, Millis, Slot};

use super::state::Rollout;

impl Rollout {
    /// Whether its service is deployed by a command.
    pub fn is_command(&self) -> bool {
        self.plan.spec.command.is_some()
    }

    /// The run that brings the candidate, or, `back`, the old release, and the slot whose commands
    /// it uses. Going back is the `rollback` of what is left where that has one.
    pub fn run(&self, back: bool) -> Option<(CommandRun, &Slot)> {
        let (to, from) = if back {
            (self.old()?, Some(&self.candidate))
        } else {
            (&self.candidate, self.old())
        };
        to.spec.command.as_ref()?;
        // What a rollback comes from is the newer of the two: back to that is a deploy.
        let undoes = back != self.is_rollback();
        let by = from.filter(|left| {
            let command = left.spec.command.as_ref();
            undoes && command.is_some_and(|command| command.rollback.is_some())
        });
        let run = CommandRun {
            job: by.map_or(Job::Deploy, |_| Job::Rollback),
            version: label(to),
            from: from.map(label),
            attempt: self.counters.retries.saturating_add(1),
        };
        Some((run, by.unwrap_or(to)))
    }

    /// How long one run, of the way `back` or forward, may take: as every run of the slot whose command it is.
    pub(crate) fn run_within(&self, back: bool) -> Option<Millis> {
        let (_, by) = self.run(back)?;
        Some(by.spec.ready.within)
    }
}

/// The version as the file says it: `7` also where the release is called `7+2`.
fn label(slot: &Slot) -> String {
    let written = slot.spec.version.clone();
    written.unwrap_or_else(|| slot.release.version.0.clone())
}
