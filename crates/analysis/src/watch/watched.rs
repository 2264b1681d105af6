//! One candidate: its rules, and its comparison with the stable release.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use windlass_model::{
    Judgement, Measure, Millis, Percent, Rule, Tally, Then, Verdict, count, one_digit,
};

use super::condition::{Condition, Fed, Known};
use super::counts::{Counts, Dealt, Interval};
use super::gauge::{Gauge, Read};
use super::joined::Joined;
use super::rule::{Fired, Watching};
use super::slowness::Slowness;
use crate::ratio::comparison::{Comparison, Finding, Plan, Shown};
use crate::ratio::split::SplitCheck;
use crate::ratio::{Arm, Tick};

/// What is watched for.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The rules; those that nothing here can feed are left out.
    pub rules: Vec<Rule>,
    /// What is read beside answers, and how often.
    pub gauges: BTreeMap<Gauge, Millis>,
    /// The health score before the deployment, where it is known.
    pub score: Option<Measure>,
    /// Whether each request goes where its turn is. Where visitors keep their release, or some are
    /// sent to the candidate by name, the shares of the requests are not those of the split.
    pub by_turn: bool,
    /// The comparison of errors.
    pub plan: Plan,
    /// By how much later answers may be; none where response times are not compared.
    pub tolerance: Option<Millis>,
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
    /// None where nobody asked for it.
    slowness: Option<Slowness>,
    /// Whether the split can be checked.
    by_turn: bool,
    /// None before anything was dealt out to both.
    split: Option<SplitCheck>,
    share: Option<Percent>,
    /// What came and is not compared yet.
    #[serde(default)]
    joined: Joined,
    /// Requests that were compared at this share.
    here: u64,
}

impl Watch {
    /// Nothing seen yet.
    pub fn new(setting: &Setting) -> Self {
        let rules = setting.rules.iter();
        let fed = Fed {
            gauges: &setting.gauges,
            score: setting.score,
        };
        Self {
            has_answered: false,
            past: Counts::default(),
            rules: rules.filter_map(|rule| Watching::new(rule, fed)).collect(),
            comparison: Comparison::new(setting.plan),
            slowness: setting.tolerance.map(Slowness::new),
            by_turn: setting.by_turn,
            split: None,
            share: None,
            joined: Joined::default(),
            here: 0,
        }
    }

    /// Adds the next interval, and how its requests were dealt out. Returns the rules that are met
    /// now, each once.
    pub fn push(&mut self, interval: &Interval, dealt: &Dealt) -> Vec<Fired> {
        if !self.has_answered && interval.candidate.answers == 0 {
            self.past.add(&interval.stable);
            if let Some(slowness) = &mut self.slowness {
                slowness.learn(&interval.stable);
            }
            return Vec::new();
        }
        self.has_answered = true;
        if let Some(share) = dealt.share {
            self.compare(interval, share, dealt);
        }
        let known = Known {
            past: &self.past,
            comparison: (!is_void(self.split.as_ref())).then_some(&self.comparison),
        };
        let rules = self.rules.iter_mut();
        rules
            .filter_map(|rule| rule.push(interval, known))
            .collect()
    }

    /// Adds a reading: none if there was no answer, or no number in it. Its times are its own, on any
    /// clock that does not stand still. Returns the rules that are met now, each once.
    pub fn measure(&mut self, gauge: &Gauge, at_ms: u64, read: Option<&Read>) -> Vec<Fired> {
        self.feed(|condition| match condition {
            Condition::Read(readings) if readings.gauge() == gauge => {
                readings.push(at_ms, read);
                true
            }
            Condition::Read(_)
            | Condition::Score(_)
            | Condition::Lasting { .. }
            | Condition::Over(..)
            | Condition::Worse => false,
        })
    }

    /// Adds a measurement of the health score: none where it is not known. Times as of readings.
    /// Returns the rules that are met now, each once.
    pub fn score(&mut self, at_ms: u64, score: Option<Measure>) -> Vec<Fired> {
        self.feed(|condition| match condition {
            Condition::Score(dropping) => {
                dropping.push(at_ms, score);
                true
            }
            Condition::Read(_)
            | Condition::Lasting { .. }
            | Condition::Over(..)
            | Condition::Worse => false,
        })
    }

    fn feed(&mut self, mut feed: impl FnMut(&mut Condition) -> bool) -> Vec<Fired> {
        let rules = self.rules.iter_mut();
        rules.filter_map(|rule| rule.feed(&mut feed)).collect()
    }

    fn compare(&mut self, interval: &Interval, share: Percent, dealt: &Dealt) {
        if self.share != Some(share) {
            if self.share.replace(share).is_some() {
                self.comparison.begin_stage();
                if let Some(slowness) = &mut self.slowness {
                    slowness.begin_stage();
                }
            }
            self.joined.begin_anew();
            self.here = 0;
        }
        // Where all goes to one there is nothing to deal out.
        if self.by_turn && share > Percent::ZERO && share < Percent::FULL {
            let weights = [share.rest(), share].map(|part| u32::from(part.get()));
            let fresh = || SplitCheck::new(weights.to_vec());
            let split = self.split.get_or_insert_with(fresh);
            split.change(weights.to_vec());
            split.push(&[dealt.stable, dealt.candidate]);
        }
        let stable = interval.stable.less(&dealt.late_stable);
        let candidate = interval.candidate.less(&dealt.late_candidate);
        let tick = Tick {
            stable: stable.failed(),
            candidate: candidate.failed(),
        };
        if let Some(slowness) = &mut self.slowness {
            slowness.push(interval.until_ms, &stable, &candidate);
        }
        let (from_ms, until_ms) = (interval.from_ms, interval.until_ms);
        if let Some(both) = self.joined.push(from_ms, until_ms, tick) {
            self.here = self.here.saturating_add(both.requests());
            self.comparison.push(both);
        }
    }

    /// Intervals are missing: what has to last begins anew. What was compared stays.
    pub fn begin_anew(&mut self) {
        self.joined.begin_anew();
        for rule in &mut self.rules {
            rule.begin_anew();
        }
        if let Some(slowness) = &mut self.slowness {
            slowness.begin_anew();
        }
    }

    /// Whether it was seen answering.
    pub const fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// What the comparison says, without the figures, which are the dear part.
    pub fn verdict(&self) -> Verdict {
        if is_void(self.split.as_ref()) {
            return Verdict::Error;
        }
        let errors = verdict(self.comparison.shown_and_reach(1.0).0);
        let times = self.slowness.as_ref().map(Slowness::shown);
        both(errors, times.map(verdict))
    }

    /// Requests that were compared at this share.
    pub fn compared_at(&self, share: Percent) -> u64 {
        if self.share == Some(share) {
            self.here
        } else {
            0
        }
    }

    /// The record of the decision at this share; of what is read, whoever reads knows more.
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
            verdict: self.verdict(),
            words: self.words(&finding),
            stable: tally(finding.stable),
            candidate: tally(finding.candidate),
            at_least: Measure::nearest(at_least),
            at_most: Measure::nearest(at_most),
            evidence: Measure::nearest(finding.log_e),
            needed: Measure::nearest(finding.needed),
            here: self.compared_at(share),
            visible: finding.visible.map(|rate| Measure::nearest(rate * 100.0)),
            more_requests: self.more_requests(&finding),
            not_watched: silent.map(|rule| rule.rule().clone()).collect(),
            rising: self.rising().cloned().collect(),
            unanswered: !self.has_answered,
            read: BTreeSet::new(),
            unread: BTreeMap::new(),
        }
    }

    /// How many rules ever had enough to say anything.
    pub fn rules_fed(&self) -> usize {
        self.rules.iter().filter(|rule| rule.was_fed()).count()
    }

    /// Rules that are met, but not for long enough yet; without those that only tell.
    pub fn rising(&self) -> impl Iterator<Item = &Rule> {
        let rising = self.rules.iter().filter(|rule| rule.is_rising());
        let rules = rising.map(Watching::rule);
        rules.filter(|rule| rule.then != Then::Notify)
    }

    /// Whichever waits longer. What is not compared is not waited for.
    fn more_requests(&self, finding: &Finding) -> Option<u64> {
        let times = self.slowness.as_ref().and_then(Slowness::more_requests);
        finding.reach.more_requests.max(times).map(one_digit)
    }

    /// A split that is not kept voids whatever was found.
    fn words(&self, finding: &Finding) -> String {
        let Some(split) = self.split.as_ref().filter(|split| split.broken()) else {
            let slowness = self.slowness.as_ref().map(Slowness::words);
            let slowness = slowness.map(|words| format!("; {words}"));
            return format!("{finding}{}", slowness.unwrap_or_default());
        };
        let broken = "can't be compared: requests are not dealt out as the split says";
        match (split.counts(), self.share) {
            ([stable, candidate], Some(share)) if *stable > 0 || *candidate > 0 => {
                let (came, all) = (count(*candidate), count(stable.saturating_add(*candidate)));
                format!("{broken}; {came} of {all} came to the new version at {share}")
            }
            (_, _) => broken.to_owned(),
        }
    }
}

/// Whether no comparison means anything.
fn is_void(split: Option<&SplitCheck>) -> bool {
    split.is_some_and(SplitCheck::broken)
}

/// One of both is enough to fail, both are needed to pass. Response times without data, where few
/// answers came before, leave it to errors, and the words say so.
const fn both(errors: Verdict, times: Option<Verdict>) -> Verdict {
    match (errors, times) {
        (Verdict::Error, _) => Verdict::Error,
        (Verdict::Fail, _) | (_, Some(Verdict::Fail)) => Verdict::Fail,
        (Verdict::Pass, Some(Verdict::Inconclusive)) => Verdict::Inconclusive,
        (Verdict::Pass | Verdict::NoData | Verdict::Inconclusive, _) => errors,
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
