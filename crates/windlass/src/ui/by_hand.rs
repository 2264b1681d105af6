//! What people let a deployment go past: who, where, and what was left out.

use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, LetGo, RolloutView, score_number};
use windlass_model::{
    Lacking, Millis, Past, Percent, RolloutPhase, ScoreGate, ServiceName, more_to_the_new,
};

use super::time::of_calendar;
use super::words::{harmless, listed};

/// One line for each time: "mira let web go on at 10 % without up to 18s of watching and …", and what became of it
/// where it went back all the same.
pub(crate) fn told(view: &DeploymentView, zone: &TimeZone) -> Vec<String> {
    let gates = view.score.iter().flat_map(|score| &score.let_go);
    let gates = gates.map(|gate| let_go(gate, zone));
    let parts = view.rollouts.iter();
    let past = parts.flat_map(|(service, part)| {
        let back = went_back(part);
        let each = part.past.iter();
        each.map(move |past| [went_past(service, past), back.clone()].concat())
    });
    gates.chain(past).collect()
}

/// "mira let web go on at 10 % without …"; before it had any share nothing could go on.
fn went_past(service: &ServiceName, past: &Past) -> String {
    let (by, at, left) = (harmless(&past.by), past.at, left_out(past));
    if at == Percent::ZERO {
        format!("{by} let {service} skip {left}")
    } else {
        format!("{by} let {service} go on at {at} without {left}")
    }
}

/// What became of it, as the end of the sentence; nothing where it went on.
fn went_back(part: &RolloutView) -> String {
    let from = part.from.as_ref();
    match (part.phase, from) {
        (RolloutPhase::Returned, Some(from)) => format!("; then it went back to version {from}"),
        (RolloutPhase::Returned, None) => {
            "; then it was stopped, and nothing ran before".to_owned()
        }
        (RolloutPhase::Returning, Some(from)) => format!("; it is going back to version {from}"),
        (RolloutPhase::Returning, None) => "; it is being stopped".to_owned(),
        (
            RolloutPhase::Waiting
            | RolloutPhase::Clearing
            | RolloutPhase::StoppingOld
            | RolloutPhase::Starting
            | RolloutPhase::Holding
            | RolloutPhase::Shifting
            | RolloutPhase::Baking
            | RolloutPhase::Passed
            | RolloutPhase::Settling
            | RolloutPhase::Done
            | RolloutPhase::Stuck,
            _,
        ) => String::new(),
    }
}

/// "mira let it begin with a score of 80, and 85 was asked for (2026-11-21 14:02:51)".
fn let_go(gate: &LetGo, zone: &TimeZone) -> String {
    let what = match &gate.gate.step {
        None => "it begin".to_owned(),
        Some(step) => format!("{} go on at {}", step.service, step.to),
    };
    let score = match &gate.score {
        Some(score) if score.known().is_some() => format!("a score of {}", score_number(score)),
        Some(score) => format!("a score that was not known ({})", score_number(score)),
        None => "a score that was not measured".to_owned(),
    };
    let (by, at) = (harmless(&gate.by), of_calendar(gate.at_us, zone));
    let asked = gate.gate.at_least;
    format!("{by} let {what} with {score}, and {asked} was asked for ({at})")
}

/// What was left out: "up to 18s of watching, the step 50 % and evidence (…)".
fn left_out(past: &Past) -> String {
    let mut left = Vec::new();
    if past.bake > Millis::ZERO {
        // It is noted every few seconds how much is left: in truth it may have been a little less.
        left.push(format!("up to {} of watching", past.bake));
    }
    match &past.steps[..] {
        [] => {}
        [one] => left.push(format!("the step {one}")),
        several => left.push(format!("the steps {}", listed(several))),
    }
    left.extend(past.scores.iter().map(score));
    left.extend(past.evidence.map(lacking));
    let last = left.pop().unwrap_or_default();
    if left.is_empty() {
        last
    } else {
        format!("{} and {last}", left.join(", "))
    }
}

/// "the score of 95 at 100 %"
fn score(gate: &ScoreGate) -> String {
    let at = gate.step.as_ref().map(|step| format!(" at {}", step.to));
    format!("the score of {}{}", gate.at_least, at.unwrap_or_default())
}

fn lacking(lacking: Lacking) -> String {
    let verdict = lacking.verdict;
    match lacking.more_requests {
        Some(more) => format!(
            "evidence ({verdict}: {} were needed)",
            more_to_the_new(more)
        ),
        None => format!("evidence ({verdict})"),
    }
}

#[cfg(test)]
mod tests {
    use windlass_api::DeploymentScore;
    use windlass_model::{GatedStep, Measure, Percent, Verdict};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn who_went_past_what_is_one_sentence() {
        let mut view = sample::ended(windlass_model::Outcome::Promoted);
        let part = view.rollouts.get_mut(&sample::service("auth"));
        part.expect("a service").past = vec![sample::past()];
        insta::assert_snapshot!(told(&view, &TimeZone::UTC).join("\n"), @"mira let auth go on at 25 % without up to 18s of watching, the step 50 % and evidence (inconclusive: about 2,000 more requests to the new version were needed)");
    }

    #[test]
    fn a_gate_that_was_let_go_is_told_with_who_when_and_what_was_measured_instead() {
        let mut view = sample::ended(windlass_model::Outcome::Promoted);
        let begin = sample::let_go();
        let mut step = begin.clone();
        step.gate.step = Some(GatedStep {
            service: sample::service("auth"),
            to: Percent::try_from(25).expect("a share"),
        });
        let score = step.score.as_mut().expect("it was measured");
        score.high = Measure::nearest(95.0);
        view.score = Some(DeploymentScore {
            needed: Some(85),
            before: begin.score.clone(),
            after: None,
            shut: Vec::new(),
            shut_since_us: None,
            beyond_reach: None,
            let_go: vec![begin, step],
        });
        insta::assert_snapshot!(told(&view, &TimeZone::UTC).join("\n"), @r"
        mira let it begin with a score of 80, and 85 was asked for (2026-11-21 14:02:12)
        mira let auth go on at 25 % with a score that was not known (80 to 95), and 85 was asked for (2026-11-21 14:02:12)
        ");
    }

    #[test]
    fn only_what_was_left_out_is_named() {
        let mut past = sample::past();
        (past.bake, past.steps) = (Millis::ZERO, Vec::new());
        past.evidence = Some(Lacking {
            verdict: Verdict::NoData,
            more_requests: None,
        });
        assert_eq!(left_out(&past), "evidence (no data)");
        past.evidence = None;
        past.steps = vec![Percent::ZERO, Percent::FULL];
        assert_eq!(left_out(&past), "the steps 0 %, 100 %");
        past.steps.clear();
        past.scores = vec![ScoreGate {
            at_least: 95,
            step: Some(GatedStep {
                service: sample::service("auth"),
                to: Percent::FULL,
            }),
        }];
        assert_eq!(left_out(&past), "the score of 95 at 100 %");
    }

    #[test]
    fn what_went_back_all_the_same_says_so_and_names_no_share_that_never_was() {
        let mut view = sample::ended(windlass_model::Outcome::RolledBack);
        let part = view.rollouts.get_mut(&sample::service("auth"));
        let part = part.expect("a service");
        let mut past = sample::past();
        (past.at, past.evidence) = (Percent::ZERO, None);
        part.past = vec![past];
        insta::assert_snapshot!(told(&view, &TimeZone::UTC).join("\n"), @"mira let auth skip up to 18s of watching and the step 50 %; then it went back to version 1.4.1");
        let part = view.rollouts.get_mut(&sample::service("auth"));
        part.expect("a service").from = None;
        insta::assert_snapshot!(told(&view, &TimeZone::UTC).join("\n"), @"mira let auth skip up to 18s of watching and the step 50 %; then it was stopped, and nothing ran before");
    }
}
