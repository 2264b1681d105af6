//! Whose health matters, and how it is asked.

use windlass_model::{Instance, InstanceId, Probe, StuckReason};

use super::state::{Begun, Phase, Rollout};

/// An instance whose health the shell must follow now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Which.
    pub instance: Instance,
    /// How it is asked.
    pub probe: Probe,
    /// Whether it counts as ready until it is lost, rather than the other way round.
    pub presumed_ready: bool,
}

impl Rollout {
    /// How an instance is asked: each release has its own question.
    pub fn probe_of(&self, instance: &InstanceId) -> &Probe {
        let within = |list: &[Instance]| list.iter().any(|i| i.id == *instance);
        match self.old() {
            Some(_) if within(&self.candidate.instances) => self.probe_of_new(),
            Some(old) if within(&self.back) => {
                let run = self.run(true);
                run.map_or(&old.spec.ready, |(_, by)| &by.spec.ready)
            }
            Some(old) => &old.spec.ready,
            None => self.probe_of_new(),
        }
    }

    /// How what is new is asked; a run, as the release says whose commands it uses.
    fn probe_of_new(&self) -> &Probe {
        let run = self.run(false);
        run.map_or(&self.plan.spec.ready, |(_, by)| &by.spec.ready)
    }

    /// The instances whose health matters now: the candidate's from their start on, and those that
    /// traffic would go back to.
    pub fn watched(&self) -> Vec<Watched> {
        match &self.phase {
            Phase::Waiting if self.is_warm() => {}
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returned => return Vec::new(),
            Phase::StoppingOld(_)
            | Phase::Starting { .. }
            | Phase::Holding
            | Phase::Shifting { .. }
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Returning(_)
            | Phase::Stuck(_) => {}
        }
        // Ready or lost, as far as is known: whoever follows an instance anew tells the next change.
        let watch = |instance: &Instance, probe: &Probe| Watched {
            instance: instance.clone(),
            probe: probe.clone(),
            presumed_ready: self.health.ready.contains(&instance.id),
        };
        let started = |instance: &&Instance| self.health.started.contains(&instance.id);
        let judges = self.judges();
        let mut watched = Vec::new();
        if judges {
            let runs = |i: &&Instance| self.is_warm() || started(i) || self.stays(&i.id);
            let judged = self.judged().into_iter().filter(runs);
            watched.extend(judged.map(|i| watch(i, self.probe_of_new())));
        }
        if let Some(old) = self.old() {
            if !self.has_begun(Begun::StoppingOld) {
                // One that stays is asked as it will be from now on.
                let left = |i: &&Instance| !(judges && self.stays(&i.id));
                let rest = old.instances.iter().filter(left);
                watched.extend(rest.map(|i| watch(i, &old.spec.ready)));
            }
            let back = self.back.iter().filter(started);
            watched.extend(back.map(|i| watch(i, self.probe_of(&i.id))));
        }
        watched
    }

    /// Whether the candidate still decides how it goes on.
    fn judges(&self) -> bool {
        match &self.phase {
            // What a rollback has brought is all there is: it goes on from there.
            Phase::Stuck(reason) => matches!(reason, StuckReason::RollbackFailed(_)),
            // It is ended whatever it does.
            Phase::Returning(_) | Phase::Starting { late: Some(_), .. } => false,
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Starting { late: None, .. }
            | Phase::Holding
            | Phase::Shifting { .. }
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returned => true,
        }
    }
}
