//! How one service of a deployment stands, as far as its events say.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use windlass_api::{EvidenceView, RolloutView, VersionFigures};
use windlass_model::{
    Change, Fact, InstanceEnd, InstanceId, Job, Millis, Percent, Probe, Proof, Report,
    ReturnReason, RolloutPhase, RolloutPlan, ServiceName, SlotId, Step, StuckReason, Tally,
    Version,
};

use crate::ui::words::doing;

/// Whose word the services of a deployment wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// None: time runs.
    Nobodys,
    /// That of who halted everything.
    OfAHalt,
    /// That of a person about this deployment alone.
    OfAPerson,
}

/// One service of it.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) from: Option<Version>,
    pub(crate) to: Version,
    pub(crate) phase: RolloutPhase,
    /// Since when it is in this phase.
    pub(crate) since_us: i64,
    /// For how long of that its clock stood still.
    pub(crate) stood_us: i64,
    pub(crate) began_us: Option<i64>,
    pub(crate) passed_us: Option<i64>,
    pub(crate) weight: Percent,
    pub(crate) ready: u16,
    pub(crate) wanted: u16,
    /// Services whose passing it waits for.
    pub(crate) waits_for: Vec<ServiceName>,
    /// The watch under way: since when, how long.
    pub(crate) bake: Option<(i64, Millis)>,
    /// The evidence that it waits for, after its bake.
    pub(crate) evidence: Option<Awaited>,
    /// Whether a step of it asked for evidence that it had not got.
    pub(crate) asks: bool,
    pub(crate) instances: BTreeMap<InstanceId, SocketAddr>,
    /// The last answer of those that are not ready yet.
    pub(crate) unready: BTreeMap<InstanceId, String>,
    /// What those that ended printed last.
    pub(crate) last_lines: BTreeMap<InstanceId, Vec<String>>,
    pub(crate) why: Option<ReturnReason>,
    pub(crate) stuck: Option<StuckReason>,
    /// What a router saw that could not take the traffic back.
    pub(crate) withheld: Option<String>,
    /// What the present run of its command does, by its own word, and how far it is.
    pub(crate) said: (Option<String>, Option<Percent>),
    /// What was seen after it went back.
    pub(crate) proof: Option<Proof>,
    /// Requests that were cut when the old slot's drain was over.
    pub(crate) cut: u64,
    /// The standby that makes room for it, where the plan is known.
    pub(crate) displaced: Option<(SlotId, Version)>,
    /// The version of that standby, once it has ended: it is no warm way back any more.
    pub(crate) gone: Option<Version>,
    /// Its rungs, where the plan is known.
    pub(crate) steps: Vec<Step>,
    /// How it is asked for its health, where the plan is known.
    pub(crate) probe: Option<Probe>,
    /// Whether there is traffic to split, where the plan is known.
    pub(crate) listens: bool,
    /// Whether a script deploys it.
    pub(crate) is_a_command: bool,
    /// What of its script each instance runs.
    pub(crate) jobs: BTreeMap<InstanceId, Job>,
    /// What the router has counted of the new release, where somebody watches: in ten minutes at most.
    pub(crate) counted: Option<Tally>,
}

/// Evidence that a step waits for, as it was last told.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    pub(crate) since_us: i64,
    pub(crate) within: Millis,
    pub(crate) lacking: EvidenceView,
}

impl Part {
    pub(super) fn begin(
        rollout: &RolloutView,
        planned: Option<&RolloutPlan>,
        started_us: i64,
    ) -> Self {
        let steps = planned.map(|planned| match &planned.change {
            Change::Beside { steps } => steps.clone(),
            Change::First { .. }
            | Change::InPlace { .. }
            | Change::Adjust { .. }
            | Change::Restore { .. }
            | Change::Remove => Vec::new(),
        });
        Self {
            from: rollout.from.clone(),
            to: rollout.to.clone(),
            phase: RolloutPhase::Waiting,
            since_us: started_us,
            stood_us: 0,
            began_us: None,
            passed_us: None,
            weight: Percent::ZERO,
            ready: 0,
            wanted: rollout.wanted,
            waits_for: planned.map_or_else(
                || rollout.waits_for.clone(),
                |planned| planned.needs.iter().cloned().collect(),
            ),
            bake: None,
            evidence: None,
            asks: false,
            instances: BTreeMap::new(),
            unready: BTreeMap::new(),
            last_lines: BTreeMap::new(),
            why: None,
            stuck: None,
            withheld: None,
            said: (None, None),
            proof: None,
            cut: 0,
            displaced: planned
                .and_then(|planned| planned.standby.as_ref())
                .map(|slot| (slot.id, slot.release.version.clone())),
            gone: None,
            steps: steps.unwrap_or_default(),
            probe: planned.map(|planned| planned.spec.ready.clone()),
            listens: planned.is_none_or(|planned| planned.spec.listen.is_some()),
            is_a_command: rollout.brought.is_some(),
            jobs: rollout.jobs.clone(),
            counted: None,
        }
    }

    pub(super) fn pass(&mut self, at_us: i64) {
        self.enter(RolloutPhase::Passed, at_us);
        self.passed_us = Some(at_us);
    }

    pub(super) fn enter(&mut self, phase: RolloutPhase, at_us: i64) {
        if phase == self.phase {
            return;
        }
        self.phase = phase;
        (self.since_us, self.stood_us) = (at_us, 0);
        self.unready.clear();
        if matches!(phase, RolloutPhase::Starting | RolloutPhase::Returning) {
            self.said = (None, None);
        }
        if phase != RolloutPhase::Baking {
            self.bake = None;
            self.evidence = None;
        }
        let begins = !matches!(
            phase,
            RolloutPhase::Waiting | RolloutPhase::Returning | RolloutPhase::Returned
        );
        if begins {
            self.began_us.get_or_insert(at_us);
        }
        if matches!(phase, RolloutPhase::Returned) {
            self.weight = Percent::ZERO;
        }
    }

    /// Takes in what the router has counted of its versions.
    pub(super) fn count(&mut self, versions: &[VersionFigures]) {
        let mut own = versions.iter();
        let own = own.find(|one| one.version.as_ref() == Some(&self.to));
        // That nobody asks for it is worth knowing too.
        let nothing = (self.listens && self.weight > Percent::ZERO).then(Tally::default);
        let counted = own.map(|seen| {
            let [.., failed] = seen.answers;
            Tally {
                requests: seen.answers.iter().sum::<u64>() + seen.connect_failures,
                errors: failed + seen.broken + seen.connect_failures,
            }
        });
        self.counted = counted.or(nothing);
    }

    /// What is left of its watch is `remaining` from now on: a controller that was away goes on with what it had
    /// noted last.
    pub(super) fn goes_on(&mut self, remaining: Millis, now_us: i64) {
        if self.bake.is_some() {
            self.bake = Some((now_us, remaining));
        }
    }

    /// Its clocks stood still for so long, and go on now.
    pub(super) fn stood(&mut self, for_us: i64) {
        self.stood_us = self.stood_us.saturating_add(for_us);
        if let Some((since_us, _)) = &mut self.bake {
            *since_us = since_us.saturating_add(for_us);
        }
        if let Some(awaited) = &mut self.evidence {
            awaited.since_us = awaited.since_us.saturating_add(for_us);
        }
    }

    /// Since when the time of its phase runs: later than it began where that stood still.
    pub(crate) fn runs_since_us(&self) -> i64 {
        self.since_us.saturating_add(self.stood_us)
    }

    pub(super) fn hear(&mut self, report: &Report) {
        match report {
            Report::Phase(name) => self.said = (Some(name.clone()), None),
            Report::Progress(percent) => self.said.1 = Some(*percent),
            // They are told in their own words.
            Report::Log(_) | Report::Metric(_) => {}
        }
    }

    /// What its run does, if it has said so.
    pub(crate) fn doing(&self) -> Option<String> {
        let (phase, progress) = &self.said;
        doing(phase.as_deref(), *progress)
    }

    /// Why it went back, where that is what it did itself: not along with another, nor by a person's word.
    pub(crate) fn own_failure(&self, service: &ServiceName) -> Option<&ReturnReason> {
        let why = self.why.as_ref()?;
        let own = match why {
            ReturnReason::InstanceLost { .. }
            | ReturnReason::ShiftFailed(_)
            | ReturnReason::StopFailed(_)
            | ReturnReason::NoEvidence { .. }
            | ReturnReason::LowScore { .. }
            | ReturnReason::Triggered { .. } => true,
            ReturnReason::Tripped {
                service: watched, ..
            } => watched == service,
            ReturnReason::NeedFailed(_)
            | ReturnReason::OtherFailed(_)
            | ReturnReason::Aborted { .. }
            | ReturnReason::Superseded { .. } => false,
        };
        own.then_some(why)
    }

    /// One of its slots has ended.
    pub(super) fn retire(&mut self, slot: SlotId) {
        if let Some((_, version)) = self.displaced.take_if(|(id, _)| *id == slot) {
            self.gone = Some(version);
        }
    }

    /// Its bake is over; what it waits for now.
    pub(super) fn awaits(&mut self, fact: &Fact, at_us: i64) {
        if let Fact::EvidenceAwaited {
            verdict,
            more_requests,
            within,
            ..
        } = fact
        {
            self.bake = None;
            self.evidence = Some(Awaited {
                since_us: at_us,
                within: *within,
                lacking: EvidenceView {
                    verdict: *verdict,
                    more_requests: *more_requests,
                    at: self.weight,
                    waits: true,
                },
            });
        }
    }

    /// An instance that was ready is so no more; one that never was changes no count.
    pub(super) fn lose(&mut self, fact: &Fact) {
        let Fact::InstanceLost {
            instance,
            end,
            last_lines,
            ..
        } = fact
        else {
            return;
        };
        if !last_lines.is_empty() {
            let all = &mut self.last_lines;
            all.insert(instance.clone(), last_lines.clone());
        }
        if !matches!(end, InstanceEnd::NotStarted(_) | InstanceEnd::NeverReady(_)) {
            self.ready = self.ready.saturating_sub(1);
        }
    }
}
