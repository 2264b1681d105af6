//! What is watched of candidates, fed by the router's ticks.

use std::collections::{BTreeMap, BTreeSet};

use windlass_analysis::ratio::comparison::Plan;
use windlass_analysis::watch::{Counts, Dealt, Fired, Gauge, Interval, Setting, Watch};
use windlass_control::{LateCounts, RouterBoot, SlotCounts, Tick};
use windlass_engine::rollout::{Event, Rollout};
use windlass_model::{
    DeploymentId, Instance, Judgement, LATENCY_EDGES_US, Measure, Millis, Percent, PlanKind,
    ServiceKey, ServiceName, SlotId, Version,
};

use crate::drive::Driven;
use crate::meters::{Answer, Meters, Question};
use crate::remembered::{One, Remembered, STATE_LARGEST};
use crate::retelling::{Gist, Told};

/// One candidate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    deployment: DeploymentId,
    service: ServiceKey,
    slot: SlotId,
}

/// A candidate, and what is watched of it.
struct Judged {
    watch: Watch,
    meters: Meters,
    instances: Vec<Instance>,
    version: Version,
    /// What served before it.
    stable: Option<SlotId>,
    /// The confirmed share that it has now.
    share: Percent,
    /// What was last told.
    told: Option<Told>,
}

/// Time, by the router's ticks, after which what was seen is kept again. Later ticks are read again:
/// the router has ten minutes of them.
const KEPT_EVERY_MS: u64 = 30_000;

/// Something that a rollout is told.
pub(crate) struct Word {
    pub(crate) deployment: DeploymentId,
    pub(crate) service: ServiceName,
    pub(crate) event: Event,
}

/// All candidates of all running deployments, and how far ticks were read.
#[derive(Default)]
pub(crate) struct Judge {
    boot: Option<RouterBoot>,
    /// Number and end of the last tick.
    last: Option<(u64, u64)>,
    candidates: BTreeMap<Candidate, Judged>,
    /// What an earlier controller has seen of candidates.
    remembered: BTreeMap<Candidate, One>,
    /// Whether that was asked for.
    has_remembered: bool,
    /// Which were kept last, with what was read of them, and when.
    kept: (BTreeMap<Candidate, BTreeSet<Gauge>>, u64),
}

impl Judge {
    /// The last tick that was read; 0 before the first, so that a controller that was dead reads all
    /// that is kept.
    pub(crate) fn position(&self) -> u64 {
        self.last.map_or(0, |(number, _)| number)
    }

    /// Whether what was kept has been asked for.
    pub(crate) const fn has_remembered(&self) -> bool {
        self.has_remembered
    }

    /// Goes on from what an earlier controller has kept, if it has.
    pub(crate) fn remember(&mut self, state: Option<&str>) {
        self.has_remembered = true;
        let Some(state) = state.and_then(Remembered::read) else {
            return;
        };
        self.boot = Some(state.boot);
        self.last = Some(state.last);
        let all = state.candidates.into_iter().map(|one| {
            let candidate = Candidate {
                deployment: one.deployment.clone(),
                service: one.service.clone(),
                slot: one.slot,
            };
            (candidate, one)
        });
        self.remembered = all.collect();
    }

    /// What is to be kept now, if that is due: candidates came or went, something is read that was not
    /// before, or time has passed.
    pub(crate) fn keeps(&mut self) -> Option<String> {
        let (boot, last) = (self.boot.clone()?, self.last?);
        let named = |(one, judged): (&Candidate, &Judged)| {
            let read = judged.meters.seen();
            let seen = judged.watch.has_answered() || !read.is_empty();
            seen.then(|| (one.clone(), read))
        };
        let names: BTreeMap<_, _> = self.candidates.iter().filter_map(named).collect();
        let (kept, at_ms) = &self.kept;
        let is_due = last.1 / KEPT_EVERY_MS != at_ms / KEPT_EVERY_MS;
        if names.is_empty() || (names == *kept && !is_due) {
            return None;
        }
        let one = |(candidate, seen): (&Candidate, &BTreeSet<Gauge>)| {
            let judged = self.candidates.get(candidate)?;
            Some(One {
                deployment: candidate.deployment.clone(),
                service: candidate.service.clone(),
                slot: candidate.slot,
                watch: Box::new(judged.watch.clone()),
                read: seen.clone(),
            })
        };
        let fits = |one: &One| {
            let written = serde_json::to_string(&one.watch);
            written.is_ok_and(|text| text.len() <= STATE_LARGEST)
        };
        let remembered = Remembered {
            boot,
            last,
            edges: LATENCY_EDGES_US.len(),
            candidates: names.iter().filter_map(one).filter(fits).collect(),
        };
        self.kept = (names, last.1);
        serde_json::to_string(&remembered).ok()
    }

    /// Whether nothing is to be judged. What is answered meanwhile is read when something is.
    pub(crate) fn is_idle(&self) -> bool {
        self.candidates.is_empty()
    }

    /// From now on exactly the candidates of `running` that have traffic are judged.
    pub(crate) fn follow(&mut self, running: &BTreeMap<DeploymentId, Driven>, now_is: Millis) {
        let mut wanted = BTreeSet::new();
        for (id, driven) in running {
            let now = driven.now.borrow();
            if now.plan.kind != PlanKind::Deploy {
                continue;
            }
            for (service, rollout) in now.rollouts.iter().filter(|(_, r)| r.may_be_watched()) {
                let candidate = Candidate {
                    deployment: id.clone(),
                    service: ServiceKey {
                        app: now.plan.app.clone(),
                        environment: now.plan.environment.clone(),
                        service: service.clone(),
                    },
                    slot: rollout.candidate.id,
                };
                let judged = self.candidates.entry(candidate.clone());
                let remembered = &mut self.remembered;
                let score = now.scores.before.as_ref().and_then(|it| it.known());
                let known = || {
                    let before = remembered.remove(&candidate);
                    Judged::new(&candidate.service, (rollout, score), before, now_is)
                };
                let judged = judged.or_insert_with(known);
                judged.share = rollout.weight;
                judged.instances.clone_from(&rollout.candidate.instances);
                wanted.insert(candidate);
            }
        }
        self.candidates
            .retain(|candidate, _| wanted.contains(candidate));
    }

    /// Another life of the router begins anew, and so does all that has to last. Returns whether it is
    /// the same.
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
        for judged in self.candidates.values_mut() {
            judged.watch.begin_anew();
        }
    }

    /// Judges the next ticks; returns what is to be told.
    pub(crate) fn take(&mut self, ticks: &[Tick]) -> Vec<Word> {
        let mut words = Vec::new();
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
                Some(from_ms) => words.extend(self.judge(tick, from_ms)),
                // Ticks are missing: what was seen before them counts no more.
                None => self.begin_anew(),
            }
        }
        words
    }

    /// Candidates whose rollouts do not know that all that feeds their rules is seen, or that something
    /// that was is not any more: what is read, or their answers where the router gives `answers` no more.
    /// A record that says why goes before the word that something is gone.
    pub(crate) fn sight(
        &mut self,
        running: &BTreeMap<DeploymentId, Driven>,
        answers: bool,
        now: Millis,
    ) -> Vec<Word> {
        let mut words = Vec::new();
        let at_ms = self.last.map_or(0, |(_, until_ms)| until_ms);
        for (candidate, judged) in &mut self.candidates {
            let driven = running.get(&candidate.deployment);
            let state = driven.map(|driven| driven.now.borrow());
            let rollout = state
                .as_ref()
                .and_then(|state| state.rollouts.get(&candidate.service.service));
            let Some(rollout) = rollout else {
                continue;
            };
            let is_blind = rollout.health.blind;
            let is_dark = judged.meters.is_dark(now);
            let unanswered = !answers && judged.watch.has_answered();
            if (is_dark || unanswered) && !is_blind {
                words.extend(judged.record(candidate, at_ms, is_dark));
                words.push(candidate.word(Event::SightLost));
            } else if !is_dark && !unanswered && answers && is_blind {
                words.push(candidate.word(Event::SightBack));
            }
        }
        words
    }

    /// What is to be asked for now, and the instances that it is about.
    pub(crate) fn due(&mut self, now: Millis) -> Vec<(Candidate, Question, Vec<Instance>)> {
        let mut due = Vec::new();
        for (candidate, judged) in &mut self.candidates {
            let questions = judged.meters.due(now).into_iter();
            let instances = &judged.instances;
            due.extend(questions.map(|question| (candidate.clone(), question, instances.clone())));
        }
        due
    }

    /// Judges what was read, none where there is no data; returns what is to be told.
    pub(crate) fn measured(
        &mut self,
        candidate: &Candidate,
        question: usize,
        now: Millis,
        answer: &Answer,
    ) -> Vec<Word> {
        let Some(judged) = self.candidates.get_mut(candidate) else {
            return Vec::new();
        };
        judged.meters.answered(question, now, answer);
        let at_ms = now.as_millis();
        let each = answer.iter();
        let met =
            each.flat_map(|(gauge, read)| judged.watch.measure(gauge, at_ms, read.as_ref().ok()));
        let met = met.collect();
        judged.tell(candidate, met)
    }

    /// Judges a measurement of a deployment's health score, none where it is not known; returns what is to
    /// be told.
    pub(crate) fn scored(
        &mut self,
        deployment: &DeploymentId,
        now: Millis,
        score: Option<Measure>,
    ) -> Vec<Word> {
        let all = self.candidates.iter_mut();
        let own = all.filter(|(candidate, _)| candidate.deployment == *deployment);
        own.flat_map(|(candidate, judged)| {
            let met = judged.watch.score(now.as_millis(), score);
            judged.tell(candidate, met)
        })
        .collect()
    }

    fn judge(&mut self, tick: &Tick, from_ms: u64) -> Vec<Word> {
        let mut words = Vec::new();
        for (candidate, judged) in &mut self.candidates {
            let counts = tick.services.get(&candidate.service);
            let of = |slot| {
                let mut all = counts.into_iter().flatten();
                all.find(|counts| counts.slot == Some(slot))
            };
            let (new, old) = (of(candidate.slot), judged.stable.and_then(of));
            let interval = Interval {
                from_ms,
                until_ms: tick.until_ms,
                candidate: new.map(counted).unwrap_or_default(),
                stable: old.map(counted).unwrap_or_default(),
            };
            let met = judged.watch.push(&interval, &dealt(new, old));
            words.extend(judged.record(candidate, tick.until_ms, !met.is_empty()));
            words.extend(judged.tell(candidate, met));
        }
        words
    }
}

impl Candidate {
    fn word(&self, event: Event) -> Word {
        Word {
            deployment: self.deployment.clone(),
            service: self.service.service.clone(),
            event,
        }
    }
}

impl Judged {
    /// Rules that are met, as the rollout is told.
    fn tell(&self, candidate: &Candidate, met: Vec<Fired>) -> Vec<Word> {
        let version = format!("version {}", self.version);
        let told = met.into_iter().map(|met| {
            candidate.word(Event::Triggered {
                slot: candidate.slot,
                saw: met.words(&version),
                trigger: met.rule,
            })
        });
        told.collect()
    }

    /// The record of what is decided, where it is news or was not told for long.
    fn record(&mut self, candidate: &Candidate, at_ms: u64, is_due: bool) -> Option<Word> {
        let (read, unread) = (self.meters.seen(), self.meters.unread());
        if !self.watch.has_answered() && read.is_empty() && unread.is_empty() {
            return None;
        }
        let share = self.share;
        let gist = Gist {
            share,
            verdict: self.watch.verdict(),
            rises: self.watch.rising().next().is_some(),
            compared: self.watch.compared_at(share) > 0,
            read: read.len(),
            never_read: unread.keys().filter(|gauge| !read.contains(gauge)).count(),
        };
        let now = Told {
            gist,
            at_ms,
            requests: self.watch.compared_at(share),
        };
        if !is_due && self.told.as_ref().is_some_and(|told| told.stands(&now)) {
            return None;
        }
        self.told = Some(now);
        Some(
            candidate.word(Event::Judged {
                slot: candidate.slot,
                judgement: Box::new(Judgement {
                    read: read.iter().map(ToString::to_string).collect(),
                    unread: unread
                        .iter()
                        .map(|(gauge, why)| (gauge.to_string(), why.clone()))
                        .collect(),
                    ..self.watch.judgement(share)
                }),
            }),
        )
    }

    /// What was seen of it before, else nothing yet.
    fn new(
        service: &ServiceKey,
        (rollout, score): (&Rollout, Option<Measure>),
        before: Option<One>,
        now: Millis,
    ) -> Self {
        let spec = &rollout.plan.spec;
        let version = &rollout.candidate.release.version;
        let (watch, read) =
            before.map_or((None, BTreeSet::new()), |one| (Some(*one.watch), one.read));
        let meters = Meters::new(spec, (service, version), &read, now);
        let fresh = || {
            Watch::new(&Setting {
                rules: spec.rollback_on.clone(),
                gauges: meters.pauses(),
                score,
                by_turn: spec.traffic.deals_by_turn(),
                plan: Plan::default(),
                tolerance: spec.analysis.map(|gate| gate.tolerance),
            })
        };
        Self {
            watch: watch.unwrap_or_else(fresh),
            meters,
            instances: rollout.candidate.instances.clone(),
            version: version.clone(),
            stable: rollout.old().map(|old| old.id),
            share: rollout.weight,
            told: None,
        }
    }
}

/// Answers of a slot and the errors among them: 5xx, broken answers, and instances that could not
/// be connected to. An answer that broke off after its head is counted once.
fn counted(counts: &SlotCounts) -> Counts {
    let failed = [counts.broken, counts.connect_failures];
    Counts {
        beyond: counts.beyond.clone(),
        ..counts_of(counts.answers, failed, &counts.latency)
    }
}

fn late(counts: &LateCounts) -> Counts {
    let failed = [counts.broken, counts.connect_failures];
    counts_of(counts.answers, failed, &counts.latency)
}

fn counts_of(answers: [u64; 5], failed: [u64; 2], latency: &[u64]) -> Counts {
    let [.., bad] = answers;
    let [broken, unreached] = failed;
    let errors = bad.saturating_add(broken).saturating_add(unreached);
    let answered = answers.into_iter().fold(unreached, u64::saturating_add);
    // A router of another version counts by other edges: of its answers no time is known.
    let is_known = latency.len() == LATENCY_EDGES_US.len() + 1;
    let latency = if is_known { latency } else { &[] };
    Counts {
        answers: answered.max(errors),
        errors,
        latency: latency.to_vec(),
        beyond: Vec::new(),
    }
}

/// How requests were dealt out between both. A slot that nothing was seen of says nothing about it.
fn dealt(new: Option<&SlotCounts>, old: Option<&SlotCounts>) -> Dealt {
    let late_of = |counts: Option<&SlotCounts>| {
        let counts = counts.and_then(|counts| counts.late.as_deref());
        counts.map(late).unwrap_or_default()
    };
    let came = |counts: Option<&SlotCounts>| counts.map_or(0, |counts| counts.dealt);
    let share = match (new, old) {
        (Some(new), Some(old)) => {
            let same = |share: &Percent| old.share == Some(share.rest());
            new.share.filter(same)
        }
        (Some(new), None) => new.share,
        (None, Some(old)) => old.share.map(Percent::rest),
        (None, None) => None,
    };
    Dealt {
        share,
        stable: came(old),
        candidate: came(new),
        late_stable: late_of(old),
        late_candidate: late_of(new),
    }
}
