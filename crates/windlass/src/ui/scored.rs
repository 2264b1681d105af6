//! The health score of a deployment, in words.

use std::collections::BTreeSet;

use windlass_api::{DeploymentScore, DeploymentView, points, score_number, score_shut};
use windlass_model::{
    Band, Below, BeyondReach, Change, DeploymentId, Fact, Permit, Plan, RolloutPlan, ScoreGate,
    ScoreStage, ScoreSummary, ServiceName, Strategy,
};

use super::words::{harmless, listed};

/// A score in a few words: "80, staging only".
pub(crate) fn brief(score: &ScoreSummary) -> String {
    let Some(known) = score.known() else {
        return format!("not known, {}", score_number(score));
    };
    let named = score.band.map(|it| format!(", {}", band(it)));
    let advice = match score.permit {
        Some(Permit::No) => ": not advised here",
        Some(Permit::Watched) => ": watch it",
        Some(Permit::Yes) | None => "",
    };
    format!("{}{}{advice}", points(known), named.unwrap_or_default())
}

fn band(band: Band) -> &'static str {
    match band {
        Band::Deploy => "deploy",
        Band::DeployWithMonitoring => "deploy with monitoring",
        Band::StagingOnly => "staging only",
        Band::DevelopmentOnly => "development only",
    }
}

/// Before and after: "93 → 91".
pub(crate) fn around(score: &DeploymentScore) -> Option<String> {
    let before = score.before.as_ref()?;
    Some(match &score.after {
        Some(after) => format!("{} → {}", score_number(before), score_number(after)),
        None => brief(before),
    })
}

/// Why a step went back by its score.
pub(crate) fn too_low(gate: &ScoreGate, score: &ScoreSummary) -> String {
    format!(
        "the score was {}, and {gate} was asked for",
        score_number(score)
    )
}

/// What would raise it, one line each.
pub(crate) fn raises(score: &ScoreSummary) -> Vec<String> {
    let lost = score.lost.iter().map(|lost| {
        format!(
            "{} points by {}/{} ({}): {}",
            points(lost.points),
            lost.category,
            lost.check,
            harmless(&lost.cause),
            harmless(&lost.remedy)
        )
    });
    lost.collect()
}

/// What holds it, and what would raise the score or open the gate; empty where no score holds it.
pub(crate) fn holds(view: &DeploymentView) -> Vec<String> {
    let beyond = view.score.as_ref();
    let beyond = beyond.and_then(|score| score.beyond_reach.as_ref());
    let mut lines = Vec::new();
    for (gate, score) in view.shut() {
        let shut = score_shut(gate, score);
        let beyond = beyond.filter(|_| gate.step.is_none());
        lines.push(match beyond {
            Some(beyond) => {
                let why = has_no_data(beyond);
                format!("{shut}; it can't go on by itself: {why}, and this gate comes before that")
            }
            None => format!("{shut}; it goes on by itself once it is that high"),
        });
        let raises = raises(score).into_iter();
        lines.extend(raises.map(|line| format!("  {line}")));
        lines.extend(beyond.map(|beyond| way_out(&view.id, beyond)));
    }
    lines
}

/// "health/up has data only once web runs".
pub(crate) fn has_no_data(beyond: &BeyondReach) -> String {
    let services: BTreeSet<&ServiceName> = beyond.checks.iter().map(|it| &it.service).collect();
    let services: Vec<_> = services.into_iter().collect();
    let verb = |one: bool, singular, plural| if one { singular } else { plural };
    let has = verb(beyond.checks.len() == 1, "has", "have");
    let runs = verb(services.len() == 1, "runs", "run");
    let (checks, services) = (listed(&beyond.checks), listed(&services));
    format!("{checks} {has} data only once {services} {runs}")
}

/// What a person can do now, as it is typed and written.
fn way_out(id: &DeploymentId, beyond: &BeyondReach) -> String {
    let resume = format!("now: windlass resume {id} lets it begin all the same");
    if !beyond.skip_is_enough {
        return resume;
    }
    let checks = listed(&beyond.checks);
    format!(
        "{resume}; or write `no_data: skip` at {checks} in the file, then: windlass abort {id}, windlass deploy"
    )
}

/// The record of what the score decided.
pub(crate) fn why(view: &DeploymentView) -> Vec<String> {
    let Some(score) = &view.score else {
        return Vec::new();
    };
    let mut lines = vec![match &score.before {
        Some(before) => format!("score before: {}", brief(before)),
        None if view.ended_us.is_some() => "score before: it was not measured".to_owned(),
        None => "score before: being measured".to_owned(),
    }];
    if let Some(before) = score.before.as_ref().filter(|it| it.known().is_none()) {
        lines.push("  triggers on the score are not watched: nobody knows what it was".to_owned());
        let lines_of = raises(before).into_iter();
        lines.extend(lines_of.map(|line| format!("  {line}")));
    }
    if let Some(needed) = score.needed {
        lines.push(format!("needed to begin: score >= {needed}"));
    }
    lines.extend(holds(view));
    if let Some(after) = &score.after {
        lines.push(format!("score after: {}", brief(after)));
    }
    lines
}

/// Facts about the score as `key=value`; none for any other.
pub(crate) fn fact_words(fact: &Fact) -> Option<String> {
    if let Fact::Scored { stage, score } = fact {
        let when = match stage {
            ScoreStage::Before => "before",
            ScoreStage::During => "during",
            ScoreStage::After => "after",
        };
        return Some(format!("score={:?} measured={when}", brief(score)));
    }
    if let Fact::GateShut { gate, score, then } = fact {
        let lost = score.lost.first();
        let lost = lost.map(|lost| format!(" missing={}/{}", lost.category, lost.check));
        return Some(format!(
            "gate={:?} score={:?}{} then={then}",
            gate.to_string(),
            score_number(score),
            lost.unwrap_or_default()
        ));
    }
    let Fact::GatePassed { gate, score, by } = fact else {
        return None;
    };
    let score = score.as_deref().map(score_number);
    let by = by.as_ref().map(|by| format!(" by={}", harmless(by)));
    Some(format!(
        "gate_passed={:?} score={:?}{}",
        gate.to_string(),
        score.as_deref().unwrap_or("unmeasured"),
        by.unwrap_or_default()
    ))
}

/// The gates of a plan that ask for a score, one line each.
pub(crate) fn of_plan(plan: &Plan) -> Vec<String> {
    let before = plan.before.iter();
    let mut lines: Vec<String> = before
        .map(|asked| format!("needs before anything moves: {asked}; below, or not known: hold"))
        .collect();
    let parts = plan.rollouts.iter();
    lines.extend(parts.filter_map(|(service, part)| of_steps(service, part)));
    if !plan.score.is_empty() {
        lines.push("score: measured before and after".to_owned());
    }
    lines
}

fn of_steps(service: &ServiceName, part: &RolloutPlan) -> Option<String> {
    let Strategy::Canary(written) = &part.spec.strategy else {
        return None;
    };
    let asks = written.iter().any(|step| step.score.is_some());
    let Change::Beside { steps } = &part.change else {
        return asks.then(|| format!("needs no score: {service} climbs no steps this time"));
    };
    let needs = steps.iter().filter_map(|step| {
        let need = step.score?;
        let below = match need.below {
            Below::Hold => "",
            Below::Rollback => " (below: rollback)",
        };
        Some(format!("{} at {}{below}", need.at_least, step.to))
    });
    let needs: Vec<String> = needs.collect();
    (!needs.is_empty()).then(|| format!("needs a score: {service} {}", listed(&needs)))
}

#[cfg(test)]
mod tests {
    use windlass_model::{
        Before, CategoryName, CheckName, CheckOf, DeploymentState, Measure, PointsLost, ScoreNeed,
    };

    use super::*;
    use crate::ui::{sample, show};

    fn score(low: f64, high: f64, permit: Option<Permit>) -> ScoreSummary {
        let lost = PointsLost {
            category: CategoryName::new("testing").expect("a name"),
            check: CheckName::new("unit").expect("a name"),
            points: Measure::nearest(100.0 - low),
            cause: "32 of 40 tests passed".to_owned(),
            remedy: "mend what the failing tests show".to_owned(),
        };
        ScoreSummary {
            at_us: 0,
            low: Measure::nearest(low),
            high: Measure::nearest(high),
            band: permit.map(|_| Band::StagingOnly),
            permit,
            lost: vec![lost],
        }
    }

    fn gate() -> ScoreGate {
        ScoreGate {
            at_least: 85,
            step: None,
        }
    }

    /// One that waits at its gate.
    fn held() -> DeploymentView {
        let mut view = sample::deployment("dep_01k0a");
        view.state = DeploymentState::Held;
        view.score = Some(DeploymentScore {
            needed: Some(85),
            before: Some(score(80.0, 80.0, Some(Permit::No))),
            after: None,
            shut: vec![gate()],
            shut_since_us: Some(sample::at(0)),
            beyond_reach: None,
            let_go: Vec::new(),
        });
        view
    }

    #[test]
    fn one_that_waits_at_a_gate_says_what_was_measured_what_raises_it_and_what_comes_next() {
        let shown = show::Shown {
            now_us: sample::at(43_100),
            fits: Some(80),
            style: &crate::ui::Style::plain(),
            own: Some("shop"),
            finalized: None,
        };
        let text = show::show_text(&held(), None, &shown);
        insta::assert_snapshot!(text, @r"
        dep_01k0a  shop in production
        state    held by its score
        plan     9f3cab1234
        started  2026-11-21 14:02:11 by mira
        held     since 2026-11-21 14:02:11, for 43.1s
        score    80, staging only: not advised here
        the score is 80, and score >= 85 is asked for; it goes on by itself once it is
        that high
          20 points by testing/unit (32 of 40 tests passed): mend what the failing tests
          show

        SERVICE  PHASE    VERSION        TRAFFIC  READY  NOTE
        api      waiting  1.4.1 → 1.4.2  0 %      0/1    waits for auth
        auth     waiting  1.4.1 → 1.4.2  0 %      0/2

        next: windlass score --explain   what gives points back
              windlass resume dep_01k0a  goes on all the same
              windlass abort dep_01k0a   goes back
        ");
    }

    #[test]
    fn a_gate_that_waits_for_what_it_keeps_shut_says_what_can_be_done_now() {
        let mut view = held();
        let told = view.score.as_mut().expect("it is measured");
        told.before = Some(score(0.0, 100.0, None));
        let up = CheckOf {
            category: CategoryName::new("health").expect("a name"),
            check: CheckName::new("up").expect("a name"),
            service: sample::service("auth"),
        };
        told.beyond_reach = Some(BeyondReach {
            checks: vec![up],
            skip_is_enough: true,
        });
        insta::assert_snapshot!(holds(&view).join("\n"), @r"
        the score is not known (0 to 100), and score >= 85 is asked for; it can't go on by itself: health/up has data only once auth runs, and this gate comes before that
          100 points by testing/unit (32 of 40 tests passed): mend what the failing tests show
        now: windlass resume dep_01k0a lets it begin all the same; or write `no_data: skip` at health/up in the file, then: windlass abort dep_01k0a, windlass deploy
        ");
        let told = view.score.as_mut().expect("it is measured");
        let beyond = told.beyond_reach.as_mut().expect("just set");
        beyond.skip_is_enough = false;
        let lines = holds(&view);
        let last = lines.last().expect("a line");
        insta::assert_snapshot!(last, @"now: windlass resume dep_01k0a lets it begin all the same");
    }

    #[test]
    fn the_record_says_what_was_asked_for_and_what_was_not_known() {
        let mut view = held();
        insta::assert_snapshot!(why(&view).join("\n"), @r"
        score before: 80, staging only: not advised here
        needed to begin: score >= 85
        the score is 80, and score >= 85 is asked for; it goes on by itself once it is that high
          20 points by testing/unit (32 of 40 tests passed): mend what the failing tests show
        ");
        let told = view.score.as_mut().expect("it is measured");
        told.before = Some(score(70.0, 95.0, None));
        told.after = Some(score(91.0, 91.0, Some(Permit::Watched)));
        told.shut.clear();
        insta::assert_snapshot!(why(&view).join("\n"), @r"
        score before: not known, 70 to 95
          triggers on the score are not watched: nobody knows what it was
          30 points by testing/unit (32 of 40 tests passed): mend what the failing tests show
        needed to begin: score >= 85
        score after: 91, staging only: watch it
        ");
    }

    #[test]
    fn a_plan_shows_its_gates() {
        let mut view = sample::plan_view();
        view.plan.before = vec![Before::Score(85)];
        for part in view.plan.rollouts.values_mut() {
            if let Change::Beside { steps } = &mut part.change {
                for step in steps.iter_mut() {
                    step.score = Some(ScoreNeed {
                        at_least: 90,
                        below: Below::Rollback,
                    });
                }
            }
        }
        insta::assert_snapshot!(of_plan(&view.plan).join("\n"), @r"
        needs before anything moves: score >= 85; below, or not known: hold
        needs a score: auth 90 at 25 % (below: rollback), 90 at 100 % (below: rollback)
        ");
    }
}
