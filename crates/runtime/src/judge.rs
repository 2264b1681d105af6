//! Triggers on answers, judged from the router's ticks.

use std::collections::BTreeMap;

use windlass_analysis::sustained::{Counts, Outcome, Sustained};
use windlass_control::{RouterBoot, SlotCounts, Tick};
use windlass_engine::rollout::{Event, Phase, Rollout};
use windlass_model::{
    DeploymentId, Millis, PlanKind, ServiceKey, ServiceName, SlotId, Trigger, Version,
};

use crate::drive::Driven;

/// One trigger of one candidate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    deployment: DeploymentId,
    service: ServiceKey,
    slot: SlotId,
    trigger: Trigger,
}

/// A rule and what it has seen.
struct Judged {
    sustained: Sustained,
    version: Version,
    /// Whether the candidate was seen answering: its time begins with that.
    has_answered: bool,
}

/// A trigger that fired.
pub(crate) struct Fired {
    pub(crate) deployment: DeploymentId,
    pub(crate) service: ServiceName,
    pub(crate) event: Event,
}

/// All triggers of all running deployments, and how far ticks were read.
#[derive(Default)]
pub(crate) struct Judge {
    boot: Option<RouterBoot>,
    /// Number and end of the last tick.
    last: Option<(u64, u64)>,
    rules: BTreeMap<Rule, Judged>,
}

impl Judge {
    /// The last tick that was read; 0 before the first, so that a controller that was dead reads all
    /// that is kept.
    pub(crate) fn position(&self) -> u64 {
        self.last.map_or(0, |(number, _)| number)
    }

    /// Whether nothing is to be judged. What is answered meanwhile is read when something is.
    pub(crate) fn is_idle(&self) -> bool {
        self.rules.is_empty()
    }

    /// From now on exactly the candidates of `running` that have traffic are judged.
    pub(crate) fn follow(&mut self, running: &BTreeMap<DeploymentId, Driven>) {
        let mut wanted = BTreeMap::new();
        for (id, driven) in running {
            let now = driven.now.borrow();
            if now.plan.kind != PlanKind::Deploy {
                continue;
            }
            for (service, rollout) in now.rollouts.iter().filter(|(_, r)| is_judged(r)) {
                let key = ServiceKey {
                    app: now.plan.app.clone(),
                    environment: now.plan.environment.clone(),
                    service: service.clone(),
                };
                let version = &rollout.candidate.release.version;
                for trigger in &rollout.plan.spec.rollback_on {
                    let rule = Rule {
                        deployment: id.clone(),
                        service: key.clone(),
                        slot: rollout.candidate.id,
                        trigger: *trigger,
                    };
                    wanted.insert(rule, version.clone());
                }
            }
        }
        self.rules.retain(|rule, _| wanted.contains_key(rule));
        for (rule, version) in wanted {
            if self.rules.contains_key(&rule) {
                continue;
            }
            if let Some(sustained) = rule_of(rule.trigger) {
                let has_answered = false;
                let judged = Judged {
                    sustained,
                    version,
                    has_answered,
                };
                self.rules.insert(rule, judged);
            }
        }
    }

    /// Another life of the router begins anew, and so do all rules. Returns whether it is the same.
    pub(crate) fn is_same(&mut self, boot: &RouterBoot) -> bool {
        let same = self.boot.as_ref().is_none_or(|known| known == boot);
        self.boot = Some(boot.clone());
        if !same {
            self.last = None;
            self.begin_anew();
        }
        same
    }

    fn begin_anew(&mut self) {
        for judged in self.rules.values_mut() {
            judged.sustained.begin_anew();
        }
    }

    /// Judges the next ticks; returns what fired.
    pub(crate) fn take(&mut self, ticks: &[Tick]) -> Vec<Fired> {
        let mut fired = Vec::new();
        for tick in ticks {
            let from_ms = match self.last {
                Some((number, until_ms)) if Some(tick.number) == number.checked_add(1) => {
                    Some(until_ms)
                }
                None if tick.number == 1 => Some(0),
                Some(_) | None => None,
            };
            self.last = Some((tick.number, tick.until_ms));
            match from_ms {
                Some(from_ms) => fired.extend(self.judge(tick, from_ms)),
                // Ticks are missing: what was seen before them counts no more.
                None => self.begin_anew(),
            }
        }
        fired
    }

    fn judge(&mut self, tick: &Tick, from_ms: u64) -> Vec<Fired> {
        let mut fired = Vec::new();
        for (rule, judged) in &mut self.rules {
            let (answers, errors) = counted(tick.services.get(&rule.service), rule.slot);
            judged.has_answered |= answers > 0;
            if !judged.has_answered {
                continue;
            }
            let outcome = judged.sustained.push(Counts {
                from_ms,
                until_ms: tick.until_ms,
                answers,
                errors,
            });
            match outcome {
                Outcome::Quiet | Outcome::TooFew | Outcome::Rising { .. } => {}
                Outcome::Fired {
                    answers,
                    errors,
                    over_ms,
                } => fired.push(Fired {
                    deployment: rule.deployment.clone(),
                    service: rule.service.service.clone(),
                    event: Event::Triggered {
                        slot: rule.slot,
                        trigger: rule.trigger,
                        saw: format!(
                            "{errors} of {answers} answers of version {} in {} were errors",
                            judged.version,
                            Millis::from_millis(over_ms)
                        ),
                    },
                }),
            }
        }
        fired
    }
}

fn rule_of(trigger: Trigger) -> Option<Sustained> {
    match trigger {
        // Both are seen on the instance itself.
        Trigger::Crash | Trigger::ReadinessLost => None,
        Trigger::ErrorRate { above, lasting } => Some(Sustained::new(above, lasting)),
    }
}

/// Whether the candidate may have traffic, and can still be taken back.
fn is_judged(rollout: &Rollout) -> bool {
    match rollout.phase {
        Phase::Shifting { .. } | Phase::Baking { .. } | Phase::Holding | Phase::Passed => true,
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returning(_)
        | Phase::Returned
        | Phase::Stuck(_) => false,
    }
}

/// Answers of a slot and the errors among them: 5xx, broken answers, and instances that could not
/// be connected to. An answer that broke off after its head is counted once.
fn counted(counts: Option<&Vec<SlotCounts>>, slot: SlotId) -> (u64, u64) {
    let counts = counts.into_iter().flatten();
    let mut sum = (0_u64, 0_u64);
    for counts in counts.filter(|counts| counts.slot == Some(slot)) {
        let [.., failed] = counts.answers;
        let errors = failed
            .saturating_add(counts.broken)
            .saturating_add(counts.connect_failures);
        let answers = counts.answered();
        let answers = answers.saturating_add(counts.connect_failures).max(errors);
        sum = (sum.0.saturating_add(answers), sum.1.saturating_add(errors));
    }
    sum
}
