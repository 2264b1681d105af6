//! What a promotion rests on, where that is little: start and readiness, and nobody who asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use windlass_analysis::watch::Gauge;
use windlass_api::{DeploymentView, RolloutView};
use windlass_model::{
    DeploymentState, Judgement, Outcome, Percent, PlanKind, RolloutPhase, Rule, ServiceName,
    Trigger, Verdict,
};

use super::words::{harmless, listed};

/// What was not judged of a service that was promoted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unjudged {
    /// Nobody asked it anything while it was watched.
    NoRequests,
    /// Too few asked, or for too short, for these triggers.
    TooFew(Vec<Rule>),
}

/// The services of a promotion of which little or nothing was judged, by their records. One without
/// requests to split is not among them, nor one that went back to what was judged before.
pub(crate) fn unjudged(view: &DeploymentView) -> BTreeMap<&ServiceName, Unjudged> {
    let promoted = matches!(
        view.state,
        DeploymentState::Ended(Outcome::Promoted | Outcome::PartlyPromoted)
    );
    if !promoted || view.kind != PlanKind::Deploy {
        return BTreeMap::new();
    }
    let served = view.rollouts.iter().filter(|(_, part)| is_served(part));
    let found = served.filter_map(|(service, part)| Some((service, of(part)?)));
    found.collect()
}

/// Whether requests go to it, and its promotion is done.
fn is_served(part: &RolloutView) -> bool {
    part.phase == RolloutPhase::Done && part.weight > Percent::ZERO
}

fn of(part: &RolloutView) -> Option<Unjudged> {
    let judgement = part.judgement.as_ref();
    let Some(judgement) = judgement.filter(|judgement| !judgement.unanswered) else {
        return Some(Unjudged::NoRequests);
    };
    let rules = judgement.not_watched.iter();
    let few: Vec<Rule> = rules
        .filter(|rule| !had_no_chance(rule, judgement) && !is_unread(rule, judgement))
        .cloned()
        .collect();
    (!few.is_empty()).then_some(Unjudged::TooFew(few))
}

/// Whether a rule rests on what gave no number: more requests would have changed nothing about it.
pub(crate) fn is_unread(rule: &Rule, judgement: &Judgement) -> bool {
    let mut gauges = rule.all.iter().filter_map(Gauge::of);
    gauges.any(|gauge| judgement.unread.contains_key(&gauge.to_string()))
}

/// A comparison needs the old release beside the new one: where all requests moved at once, more of
/// them would have changed nothing.
fn had_no_chance(rule: &Rule, judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::NoData && rule.all.contains(&Trigger::ErrorRateWorse)
}

/// The same in words, one line each; none where enough was judged.
pub(crate) fn grounds(view: &DeploymentView) -> Vec<String> {
    let found = unjudged(view);
    let unasked = found
        .iter()
        .filter(|(_, why)| **why == Unjudged::NoRequests);
    let unasked: Vec<_> = unasked.map(|(service, _)| service).collect();
    let mut lines = Vec::new();
    let read = unasked.iter().filter_map(|service| {
        let judgement = view.rollouts.get(**service)?.judgement.as_ref()?;
        Some(judgement.read.iter())
    });
    let only = only(&read.flatten().collect());
    if unasked.len() == view.rollouts.len() && !unasked.is_empty() {
        lines.push(only);
    } else if !unasked.is_empty() {
        lines.push([&listed(&unasked), ": ", &only].concat());
    }
    for (service, why) in &found {
        if let Unjudged::TooFew(rules) = why {
            let rules = listed(rules);
            lines.push(format!(
                "{service}: too few requests, or too short a watch, to be judged by {rules}"
            ));
        }
    }
    lines.extend(never_read(view));
    lines
}

/// What a promotion was to be judged by and gave no number, each with why.
fn never_read(view: &DeploymentView) -> Vec<String> {
    let is_promoted = matches!(
        view.state,
        DeploymentState::Ended(Outcome::Promoted | Outcome::PartlyPromoted)
    );
    let parts = view.rollouts.iter().filter(|_| is_promoted);
    let judged = parts.filter_map(|(service, part)| Some((service, part.judgement.as_ref()?)));
    let all = judged.flat_map(|(service, judgement)| {
        let each = judgement.never_read();
        each.map(move |(what, why)| format!("{service}: {what} was never read: {why}"))
    });
    all.map(|line| harmless(&line)).collect()
}

/// What was checked where nobody asked anything.
fn only(read: &BTreeSet<&String>) -> String {
    let names: Vec<_> = read.iter().collect();
    let besides = if names.is_empty() {
        String::new()
    } else {
        format!(", and of what is read {}", harmless(&listed(&names)))
    };
    format!("judged on 0 requests: nothing but start and readiness was checked{besides}")
}

#[cfg(test)]
mod tests {
    use windlass_model::{Measure, Tally};

    use super::*;
    use crate::ui::sample;

    fn judged(verdict: Verdict, not_watched: &[Trigger]) -> Judgement {
        Judgement {
            share: Percent::FULL,
            verdict,
            words: String::new(),
            stable: Tally::default(),
            candidate: Tally::default(),
            here: 0,
            at_least: Measure::nearest(0.0),
            at_most: Measure::nearest(1.0),
            evidence: Measure::nearest(0.0),
            needed: Measure::nearest(4.6),
            visible: None,
            more_requests: None,
            not_watched: not_watched.iter().cloned().map(Rule::from).collect(),
            rising: Vec::new(),
            unanswered: false,
            read: BTreeSet::new(),
            unread: BTreeMap::new(),
        }
    }

    /// What is said of a promotion with these records of `api` and `auth`.
    fn said<A, B>(api: A, auth: B) -> String
    where
        A: Into<Option<Judgement>>,
        B: Into<Option<Judgement>>,
    {
        let mut view = sample::ended(Outcome::Promoted);
        let parts: Vec<&mut RolloutView> = view.rollouts.values_mut().collect();
        let [one, other] = parts.try_into().expect("two services");
        (one.judgement, other.judgement) = (api.into(), auth.into());
        grounds(&view).join("\n")
    }

    #[test]
    fn a_promotion_that_nobody_asked_anything_says_so() {
        insta::assert_snapshot!(said(None, None), @"judged on 0 requests: nothing but start and readiness was checked");
        let enough = judged(Verdict::Pass, &[]);
        insta::assert_snapshot!(said(None, enough.clone()), @"api: judged on 0 requests: nothing but start and readiness was checked");
        let read = Judgement {
            unanswered: true,
            read: BTreeSet::from(["metric login_failures".to_owned()]),
            ..enough.clone()
        };
        insta::assert_snapshot!(said(read, enough.clone()), @"api: judged on 0 requests: nothing but start and readiness was checked, and of what is read metric login_failures");
        assert_eq!(said(enough.clone(), enough), "");
    }

    #[test]
    fn a_metric_that_was_never_read_is_not_said_to_lack_requests() {
        let metric = Trigger::Metric {
            name: "logins".to_owned(),
            above: windlass_model::Limit::Number(Measure::nearest(5.0)),
            lasting: windlass_model::Lasting::For(windlass_model::Millis::from_secs(10)),
        };
        let mut unread = judged(Verdict::Pass, &[metric]);
        let why = "http://127.0.0.1:1 gave no number: Connection refused";
        unread.unread = BTreeMap::from([("metric logins".to_owned(), why.to_owned())]);
        let enough = judged(Verdict::Pass, &[]);
        insta::assert_snapshot!(said(unread, enough), @"api: metric logins was never read: http://127.0.0.1:1 gave no number: Connection refused");
    }

    #[test]
    fn a_trigger_that_had_too_little_is_named_unless_more_would_have_changed_nothing() {
        let [rate, worse] = [&Trigger::DEFAULTS[2], &Trigger::ErrorRateWorse].map(Clone::clone);
        let all_at_once = judged(Verdict::NoData, &[rate.clone(), worse.clone()]);
        let enough = judged(Verdict::Inconclusive, &[]);
        insta::assert_snapshot!(said(all_at_once, enough.clone()), @"api: too few requests, or too short a watch, to be judged by error rate > 5% for 10s");
        assert_eq!(
            said(
                judged(Verdict::NoData, std::slice::from_ref(&worse)),
                enough.clone()
            ),
            ""
        );
        insta::assert_snapshot!(said(judged(Verdict::Inconclusive, &[worse]), enough), @"api: too few requests, or too short a watch, to be judged by error rate worse than baseline");
    }

    #[test]
    fn only_what_was_promoted_and_is_served_rests_on_requests() {
        let mut view = sample::ended(Outcome::RolledBack);
        assert_eq!(grounds(&view), Vec::<String>::new());
        view = sample::ended(Outcome::Promoted);
        for part in view.rollouts.values_mut() {
            part.weight = Percent::ZERO;
        }
        assert_eq!(grounds(&view), Vec::<String>::new());
        view = sample::ended(Outcome::Promoted);
        view.kind = PlanKind::Rollback;
        assert_eq!(grounds(&view), Vec::<String>::new());
    }
}
