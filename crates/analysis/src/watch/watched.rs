//! One candidate: its rules, and its comparison with the stable release.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{Judgement, Measure, Millis, Percent, Rule, Tally, Verdict};

use super::condition::Known;
use super::counts::{Counts, Interval};
use super::rule::{Fired, Watching};
use crate::ratio::comparison::{Comparison, Plan, Shown};
use crate::ratio::{Arm, Tick};

/// Time after a change of the share in which nothing is compared: what is answered then was mostly
/// asked before. Later answers of a smaller share are few among those of a larger one, and can only hide
/// harm for a moment, not make it up.
const BLANK_MS: u64 = 1_000;

/// What is watched for.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The rules; those that nothing here can feed are left out.
    pub rules: Vec<Rule>,
    /// The metrics that are asked for, and how often.
    pub metrics: BTreeMap<String, Millis>,
    /// The comparison of errors.
    pub plan: Plan,
}

/// One candidate and what was seen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Whether the candidate was seen answering: its time begins with that.
    has_answered: bool,
    /// What the stable release answered before.
    past: Counts,
    rules: Vec<Watching>,
    comparison: Comparison,
    share: Option<Percent>,
    /// Until then nothing is compared.
    blank_until_ms: u64,
}

impl Watch {
    /// Nothing seen yet.
    pub fn new(setting: &Setting) -> Self {
        let rules = setting.rules.iter();
        Self {
            has_answered: false,
            past: Counts::default(),
            rules: rules
                .filter_map(|rule| Watching::new(rule, &setting.metrics))
                .collect(),
            comparison: Comparison::new(setting.plan),
            share: None,
            blank_until_ms: 0,
        }
    }

    /// Adds the next interval, in which the candidate had this confirmed share. Returns the rules that
    /// are met now, each once.
    pub fn push(&mut self, interval: &Interval, share: Percent) -> Vec<Fired> {
        if !self.has_answered && interval.candidate.answers == 0 {
            self.past.add(&interval.stable);
            return Vec::new();
        }
        self.has_answered = true;
        self.compare(interval, share);
        let known = Known {
            past: &self.past,
            comparison: &self.comparison,
        };
        let rules = self.rules.iter_mut();
        rules
            .filter_map(|rule| rule.push(interval, known))
            .collect()
    }

    /// Adds a reading of a metric: none if there was no answer, or no number in it. Its times are
    /// its own, on any clock that does not stand still. Returns the rules that are met now, each once.
    pub fn measure(&mut self, metric: &str, at_ms: u64, value: Option<f64>) -> Vec<Fired> {
        let rules = self.rules.iter_mut();
        rules
            .filter_map(|rule| rule.measure(metric, at_ms, value))
            .collect()
    }

    fn compare(&mut self, interval: &Interval, share: Percent) {
        if self.share != Some(share) {
            if self.share.replace(share).is_some() {
                self.comparison.begin_stage();
            }
            self.blank_until_ms = interval.until_ms.saturating_add(BLANK_MS);
        }
        if interval.until_ms > self.blank_until_ms {
            self.comparison.push(Tick {
                stable: interval.stable.failed(),
                candidate: interval.candidate.failed(),
            });
        }
    }

    /// Intervals are missing: what has to last begins anew. What was compared stays.
    pub fn begin_anew(&mut self) {
        self.blank_until_ms = 0;
        for rule in &mut self.rules {
            rule.begin_anew();
        }
    }

    /// Whether it was seen answering.
    pub const fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// What the comparison says, without the figures, which are the dear part.
    pub fn verdict(&self) -> Verdict {
        verdict(self.comparison.shown_and_reach(1.0).0)
    }

    /// The record of the decision at this share.
    pub fn judgement(&self, share: Percent) -> Judgement {
        let finding = self.comparison.finding(1.0);
        let tally = |arm: Arm| Tally {
            requests: arm.requests,
            errors: arm.bad,
        };
        let (at_least, at_most) = finding.interval;
        let silent = self.rules.iter().filter(|rule| !rule.was_fed());
        Judgement {
            share,
            verdict: verdict(finding.shown),
            words: finding.to_string(),
            stable: tally(finding.stable),
            candidate: tally(finding.candidate),
            at_least: Measure::nearest(at_least),
            at_most: Measure::nearest(at_most),
            evidence: Measure::nearest(finding.log_e),
            needed: Measure::nearest(finding.needed),
            more_requests: finding.reach.more_requests,
            not_watched: silent.map(|rule| rule.rule().clone()).collect(),
        }
    }
}

const fn verdict(shown: Shown) -> Verdict {
    match shown {
        Shown::NoData => Verdict::NoData,
        Shown::Harm => Verdict::Fail,
        Shown::NotWorse | Shown::NoHarm => Verdict::Pass,
        Shown::Nothing => Verdict::Inconclusive,
    }
}
