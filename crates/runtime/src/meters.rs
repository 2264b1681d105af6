//! When what is read of one candidate, beside its answers, is asked for.

use std::collections::{BTreeMap, BTreeSet};

use windlass_analysis::watch::{Gauge, Read};
use windlass_model::{
    Access, Millis, Probe, PrometheusUrl, ServiceKey, ServiceSpec, Trigger, Version,
};

/// Pauses without anything after which what was seen counts as not seen.
const UNSEEN_PAUSES: u64 = 3;

/// Time between two looks at what an instance holds in memory.
const MEMORY_EVERY: Millis = Millis::from_secs(1);

/// Most letters of a reason that are kept.
const WHY_LONGEST: usize = 300;

/// What was read of each thing that was asked, or why there is no number.
pub(crate) type Answer = BTreeMap<Gauge, Result<Read, String>>;

/// What the rules of a candidate rest on, beside its answers.
#[derive(Default)]
pub(crate) struct Meters {
    all: Vec<Meter>,
    /// When each was read last.
    seen: BTreeMap<Gauge, Millis>,
    /// Why there was no number the last time.
    unread: BTreeMap<Gauge, String>,
}

/// One question; its answer may tell several things.
struct Meter {
    source: Source,
    gauges: BTreeSet<Gauge>,
    every: Millis,
    due: Millis,
    is_asked: bool,
}

/// Whom to ask.
#[derive(Clone, PartialEq)]
pub(crate) enum Source {
    /// A metric.
    Prometheus {
        url: PrometheusUrl,
        access: Access,
        query: String,
    },
    /// Each instance, by its readiness question.
    Ready(Probe),
    /// Each instance, by the question that says more.
    Detailed(Probe),
    /// What each instance holds, as a share of so many bytes.
    Memory(u64),
}

/// Something to ask.
pub(crate) struct Question {
    /// Which, among those of the candidate.
    pub(crate) number: usize,
    pub(crate) source: Source,
    /// What the answer is to tell.
    pub(crate) gauges: BTreeSet<Gauge>,
    /// How long the answer may take.
    pub(crate) within: Millis,
}

impl Meters {
    /// Those that a rule names, for this version of the service. What `seen` names was read by an
    /// earlier controller: if it is gone now, that is noticed.
    pub(crate) fn new(
        spec: &ServiceSpec,
        whose: (&ServiceKey, &Version),
        seen: &BTreeSet<Gauge>,
        now: Millis,
    ) -> Self {
        let mut all: Vec<Meter> = Vec::new();
        for trigger in spec.rollback_on.iter().flat_map(|rule| &rule.all) {
            let found = source(spec, whose, trigger);
            let Some((gauge, (source, every))) = Gauge::of(trigger).zip(found) else {
                continue;
            };
            match all.iter_mut().find(|meter| meter.source == source) {
                Some(meter) => {
                    meter.gauges.insert(gauge);
                }
                None => all.push(Meter {
                    source,
                    gauges: BTreeSet::from([gauge]),
                    every,
                    due: Millis::ZERO,
                    is_asked: false,
                }),
            }
        }
        let asked = |gauge: &&Gauge| all.iter().any(|meter| meter.gauges.contains(*gauge));
        let seen = seen.iter().filter(asked).map(|gauge| (gauge.clone(), now));
        Self {
            seen: seen.collect(),
            unread: BTreeMap::new(),
            all,
        }
    }

    /// How often each is asked for.
    pub(crate) fn pauses(&self) -> BTreeMap<Gauge, Millis> {
        let each = self.all.iter();
        each.flat_map(|meter| {
            meter
                .gauges
                .iter()
                .map(|gauge| (gauge.clone(), meter.every))
        })
        .collect()
    }

    /// What is to be asked now; each one once, until it is answered.
    pub(crate) fn due(&mut self, now: Millis) -> Vec<Question> {
        let all = self.all.iter_mut().enumerate();
        let due = all.filter(|(_, meter)| !meter.is_asked && meter.due <= now);
        let asked = due.map(|(number, meter)| {
            meter.is_asked = true;
            meter.due = now.plus(meter.every);
            Question {
                number,
                source: meter.source.clone(),
                gauges: meter.gauges.clone(),
                within: meter.within(),
            }
        });
        asked.collect()
    }

    /// What was answered: of each thing that was asked, what was read of it, or why nothing was.
    pub(crate) fn answered(&mut self, question: usize, now: Millis, answer: &Answer) {
        if let Some(meter) = self.all.get_mut(question) {
            meter.is_asked = false;
        }
        for (gauge, read) in answer {
            match read {
                Ok(_) => {
                    self.seen.insert(gauge.clone(), now);
                    self.unread.remove(gauge);
                }
                Err(why) => {
                    let why = why.chars().take(WHY_LONGEST).collect();
                    self.unread.insert(gauge.clone(), why);
                }
            }
        }
    }

    /// What gave no number the last time, each with why.
    pub(crate) fn unread(&self) -> &BTreeMap<Gauge, String> {
        &self.unread
    }

    /// What was ever read.
    pub(crate) fn seen(&self) -> BTreeSet<Gauge> {
        self.seen.keys().cloned().collect()
    }

    /// Whether one of them was seen, and is not any more.
    pub(crate) fn is_dark(&self, now: Millis) -> bool {
        self.all.iter().any(|meter| {
            let longest = meter.within().as_millis().saturating_mul(UNSEEN_PAUSES);
            let seen = meter.gauges.iter().filter_map(|gauge| self.seen.get(gauge));
            seen.copied()
                .any(|seen| now.less(seen).as_millis() > longest)
        })
    }
}

impl Meter {
    /// The next question is asked then, or once an instance that does not answer has had its time.
    fn within(&self) -> Millis {
        match &self.source {
            Source::Prometheus { .. } | Source::Memory(_) => self.every,
            Source::Ready(probe) | Source::Detailed(probe) => self.every.plus(probe.timeout),
        }
    }
}

/// Who tells what the trigger rests on, and how often that is asked.
fn source(
    spec: &ServiceSpec,
    whose: (&ServiceKey, &Version),
    trigger: &Trigger,
) -> Option<(Source, Millis)> {
    match trigger {
        Trigger::Metric { name, .. } => {
            let metric = spec.metrics.get(name)?;
            let version = whose.1.to_string();
            let value = |name: &str| place(whose.0, &version, name);
            // A file whose queries ask for other names was refused.
            let query = metric.query.expand(value).ok()?;
            let source = Source::Prometheus {
                url: metric.prometheus.clone(),
                access: metric.access.clone(),
                query,
            };
            Some((source, metric.every))
        }
        Trigger::ProbeFailing { probe, .. } => {
            let ready = &spec.ready;
            if probe == ServiceSpec::READY && ready.asks_the_instance() {
                return Some((Source::Ready(ready.clone()), ready.every));
            }
            let detailed = spec.detailed.as_ref()?;
            Some((Source::Detailed(detailed.clone()), detailed.every))
        }
        Trigger::Memory { .. } => Some((Source::Memory(spec.process.memory?), MEMORY_EVERY)),
        Trigger::Crash
        | Trigger::ReadinessLost
        | Trigger::ErrorRate { .. }
        | Trigger::ErrorRateOver { .. }
        | Trigger::ErrorRateAgainst { .. }
        | Trigger::ErrorRateWorse
        | Trigger::Slow { .. }
        | Trigger::SlowAgainst { .. }
        | Trigger::Unavailable { .. }
        | Trigger::ScoreDrops { .. } => None,
    }
}

/// What a place in a query stands for.
pub(crate) fn place<'v>(whose: &'v ServiceKey, version: &'v str, name: &str) -> Option<&'v str> {
    match name {
        "VERSION" => Some(version),
        "SERVICE" => Some(whose.service.as_str()),
        "APP" => Some(whose.app.as_str()),
        "ENVIRONMENT" => Some(whose.environment.as_str()),
        _unknown => None,
    }
}
