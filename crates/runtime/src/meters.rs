//! When the metrics of one candidate are asked for.

use std::collections::BTreeMap;

use windlass_model::{Millis, PrometheusUrl, ServiceKey, ServiceSpec, Trigger, Version};

/// Pauses without any number after which one that was seen counts as not seen.
const UNSEEN_PAUSES: u64 = 3;

/// The metrics that the rules of a candidate rest on.
#[derive(Default)]
pub(crate) struct Meters(BTreeMap<String, Meter>);

/// One metric.
struct Meter {
    prometheus: PrometheusUrl,
    query: String,
    every: Millis,
    due: Millis,
    is_asked: bool,
    /// When there was a number last.
    seen: Option<Millis>,
}

/// Something to ask.
pub(crate) struct Question {
    pub(crate) metric: String,
    pub(crate) prometheus: PrometheusUrl,
    pub(crate) query: String,
    /// How long the answer may take: the next question is asked then.
    pub(crate) within: Millis,
}

impl Meters {
    /// Those that a rule names, for this version of the service.
    pub(crate) fn new(spec: &ServiceSpec, whose: &ServiceKey, version: &Version) -> Self {
        let version = version.to_string();
        let value = |name: &str| match name {
            "VERSION" => Some(version.as_str()),
            "SERVICE" => Some(whose.service.as_str()),
            "APP" => Some(whose.app.as_str()),
            "ENVIRONMENT" => Some(whose.environment.as_str()),
            _unknown => None,
        };
        let triggers = spec.rollback_on.iter().flat_map(|rule| &rule.all);
        let named = triggers.filter_map(|trigger| {
            let Trigger::Metric { name, .. } = trigger else {
                return None;
            };
            let metric = spec.metrics.get(name)?;
            // A file whose queries ask for other names was refused.
            let query = metric.query.expand(value).ok()?;
            Some((
                name.clone(),
                Meter {
                    prometheus: metric.prometheus.clone(),
                    query,
                    every: metric.every,
                    due: Millis::ZERO,
                    is_asked: false,
                    seen: None,
                },
            ))
        });
        Self(named.collect())
    }

    /// How often each is asked for.
    pub(crate) fn pauses(&self) -> BTreeMap<String, Millis> {
        let each = self.0.iter();
        each.map(|(name, meter)| (name.clone(), meter.every))
            .collect()
    }

    /// What is to be asked now; each one once, until it is answered.
    pub(crate) fn due(&mut self, now: Millis) -> Vec<Question> {
        let due = self
            .0
            .iter_mut()
            .filter(|(_, meter)| !meter.is_asked && meter.due <= now);
        let asked = due.map(|(name, meter)| {
            meter.is_asked = true;
            meter.due = now.plus(meter.every);
            Question {
                metric: name.clone(),
                prometheus: meter.prometheus.clone(),
                query: meter.query.clone(),
                within: meter.every,
            }
        });
        asked.collect()
    }

    /// What was answered.
    pub(crate) fn answered(&mut self, metric: &str, now: Millis, value: Option<f64>) {
        if let Some(meter) = self.0.get_mut(metric) {
            meter.is_asked = false;
            if value.is_some() {
                meter.seen = Some(now);
            }
        }
    }

    /// Whether one of them was seen, and is not any more.
    pub(crate) fn is_dark(&self, now: Millis) -> bool {
        self.0.values().any(|meter| {
            let longest = meter.every.as_millis().saturating_mul(UNSEEN_PAUSES);
            meter
                .seen
                .is_some_and(|seen| now.less(seen).as_millis() > longest)
        })
    }
}
