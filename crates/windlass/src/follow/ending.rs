//! What is left when following ends: the record, the failure, the exit code.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;
use windlass_api::{DeploymentScore, DeploymentView, EnvironmentView, Exit, Problem, RolloutView};
use windlass_model::{
    AppName, DeploymentId, DeploymentState, EnvironmentName, Outcome, PlanId, PlanKind, ServiceName,
};

use super::progress::Progress;
use super::watch::Purpose;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::compared::{Compared, compared};
use crate::ui::failure::failure;
use crate::ui::grounds::{Unjudged, unjudged};
use crate::ui::record::{Traffic, record_text, shares};
use crate::ui::words::{outcome_word, state_word};

/// The one object of `-o json`.
#[derive(Debug, Serialize)]
struct Final<'v> {
    deployment: &'v DeploymentId,
    plan: &'v PlanId,
    /// `deploy`, `rollback`, `remove`.
    kind: PlanKind,
    app: &'v AppName,
    environment: &'v EnvironmentName,
    /// `promoted`, `partly_promoted`, `rolled_back`, `failed`, `abandoned`; none when it has not
    /// ended.
    outcome: Option<&'static str>,
    /// `ended`, `stuck` …
    state: &'static str,
    /// Whether a person let it go on somewhere, and not only what was seen.
    by_hand: bool,
    started_us: i64,
    ended_us: Option<i64>,
    by: &'v str,
    services: &'v BTreeMap<ServiceName, RolloutView>,
    /// Services of a promotion that were compared with what served before, and what that came to.
    compared: BTreeMap<&'v ServiceName, Compared<'v>>,
    /// Services of a promotion that few or no requests were judged of.
    unjudged: BTreeMap<&'v ServiceName, Unjudged>,
    /// Its health score, before and after, where that is measured.
    score: Option<&'v DeploymentScore>,
    /// What runs now, where it could be asked.
    runs: Option<&'v EnvironmentView>,
    /// Of each of its services that is served, which version gets how many of 100 requests now.
    traffic: Option<Traffic<'v>>,
    /// Why it did not end as it was asked to; whoever prints it says so here.
    problem: Option<Problem>,
}

impl<'v> Final<'v> {
    fn of(view: &'v DeploymentView, runs: Option<&'v EnvironmentView>) -> Self {
        Self {
            deployment: &view.id,
            plan: &view.plan,
            kind: view.kind,
            app: &view.app,
            environment: &view.environment,
            outcome: match view.state {
                DeploymentState::Ended(outcome) => Some(outcome_word(outcome)),
                DeploymentState::Running
                | DeploymentState::Held
                | DeploymentState::Returning
                | DeploymentState::Settling
                | DeploymentState::Stuck => None,
            },
            state: state_word(view.state),
            by_hand: view.by_hand,
            started_us: view.started_us,
            ended_us: view.ended_us,
            by: &view.by,
            services: &view.rollouts,
            compared: compared(view),
            unjudged: unjudged(view),
            score: view.score.as_ref(),
            runs,
            traffic: runs.map(|runs| shares(view, runs)),
            problem: None,
        }
    }
}

/// How a command that followed ends.
pub(super) fn exit_of(state: DeploymentState, stopped: bool, purpose: &Purpose) -> Exit {
    match (state, purpose) {
        // The abort or repair did what was asked.
        (
            DeploymentState::Ended(Outcome::RolledBack | Outcome::Failed),
            Purpose::Abort { .. } | Purpose::Repair { .. },
        ) => Exit::Done,
        // Whoever followed one that somebody stopped: it did not fail.
        (DeploymentState::Ended(Outcome::Failed), _) if stopped => Exit::RolledBack,
        // It came too late: the promotion was first.
        (DeploymentState::Ended(Outcome::Promoted), Purpose::Abort { .. }) => Exit::Refused,
        (DeploymentState::Ended(outcome), _) => Exit::from(outcome),
        (DeploymentState::Stuck, _) => Exit::Stuck,
        (DeploymentState::Held, _) => Exit::Waiting,
        (DeploymentState::Running | DeploymentState::Returning | DeploymentState::Settling, _) => {
            Exit::Done
        }
    }
}

/// The report of who does not follow: the same object, as it stands at the beginning.
pub(crate) fn begun(text: impl Into<String>, view: &DeploymentView) -> Result<Report, Diagnostic> {
    Report::new(text, &Final::of(view, None))
}

/// Why one that is only looked at does not stand as it was asked to, if so; without what `runs` where
/// nobody asked for that.
pub(crate) fn standing(
    view: &DeploymentView,
    runs: Option<&EnvironmentView>,
) -> Option<Diagnostic> {
    let picture = Progress::of(view);
    let exit = exit_of(view.state, picture.stopped, &Purpose::Watch);
    (exit != Exit::Done).then(|| failure(view, &picture, runs, exit))
}

pub(super) fn ending(
    view: &DeploymentView,
    picture: &Progress,
    runs: Option<&EnvironmentView>,
    (purpose, zone): (&Purpose, &TimeZone),
) -> Result<Report, Diagnostic> {
    let exit = exit_of(view.state, picture.stopped, purpose);
    let record = record_text(view, picture, runs, (exit != Exit::Done, zone));
    let mut report = Report::new(record, &Final::of(view, runs))?.sentences();
    report.exit = exit;
    if exit != Exit::Done {
        report.failure = Some(failure(view, picture, runs, exit));
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{Style, sample};

    #[test]
    fn exit_codes_follow_from_how_it_ended_and_what_was_asked() {
        let plan = || Purpose::Deploy {
            plan: Box::new(sample::plan_view().plan),
        };
        let abort = || Purpose::Abort { after: 0 };
        let repair = || Purpose::Repair { after: 0 };
        let ended = DeploymentState::Ended;
        let table = [
            (ended(Outcome::Promoted), plan(), 0),
            (ended(Outcome::PartlyPromoted), plan(), 3),
            (ended(Outcome::RolledBack), plan(), 3),
            (ended(Outcome::Failed), plan(), 1),
            (DeploymentState::Stuck, plan(), 6),
            (DeploymentState::Held, plan(), 4),
            (DeploymentState::Held, Purpose::Watch, 4),
            (ended(Outcome::RolledBack), Purpose::Watch, 3),
            (ended(Outcome::RolledBack), abort(), 0),
            (ended(Outcome::Failed), abort(), 0),
            (ended(Outcome::Promoted), abort(), 5),
            (ended(Outcome::PartlyPromoted), abort(), 3),
            (DeploymentState::Stuck, abort(), 6),
            (ended(Outcome::Abandoned), plan(), 6),
            (ended(Outcome::Abandoned), repair(), 6),
            (ended(Outcome::RolledBack), repair(), 0),
            (ended(Outcome::Promoted), repair(), 0),
            (DeploymentState::Stuck, repair(), 6),
        ];
        for (state, purpose, code) in table {
            let exit = exit_of(state, false, &purpose);
            assert_eq!(exit.code(), code, "{state:?} {purpose:?}");
        }
        let stopped = exit_of(ended(Outcome::Failed), true, &Purpose::Watch);
        assert_eq!(
            stopped.code(),
            3,
            "a first deployment that somebody stopped"
        );
    }

    #[test]
    fn who_follows_and_who_does_not_get_the_same_object() {
        let mut view = sample::deployment("dep_01k0a");
        let keys = |report: Report| {
            let json = report.json.unwrap();
            let keys = json.as_object().unwrap().keys().cloned();
            keys.collect::<Vec<_>>()
        };
        let left = begun("", &view).unwrap();
        assert_eq!(left.exit, Exit::Done);
        assert_eq!(left.json.as_ref().unwrap()["state"], "running");
        view.state = DeploymentState::Ended(Outcome::Promoted);
        let followed = ending(
            &view,
            &sample::untold(),
            None,
            (&Purpose::Watch, &TimeZone::UTC),
        )
        .unwrap();
        assert_eq!(keys(left), keys(followed));
    }

    #[test]
    fn a_held_one_ends_with_who_holds_it_and_the_next_command() {
        let mut view = sample::deployment("dep_01k0a");
        view.state = DeploymentState::Held;
        view.held = Some(sample::hold());
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").evidence = Some(sample::lacking(false));
        let picture = sample::told(&[sample::held()]);
        let report = ending(&view, &picture, None, (&Purpose::Watch, &TimeZone::UTC)).unwrap();
        assert_eq!(report.exit, Exit::Waiting);
        let text = crate::ui::diagnostic_text(&report.failure.unwrap(), &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0406]: shop in production waits for a person: the analysis of auth (inconclusive) holds it
          auth has no evidence at 25 %: about 2,000 more requests to the new version were needed
          hint: windlass resume dep_01k0a goes on, windlass promote dep_01k0a skips all that is left, windlass abort dep_01k0a goes back
        ");
    }

    #[test]
    fn one_that_waits_for_its_score_waits_for_nobody() {
        let points = windlass_model::Measure::nearest(80.0);
        let score = windlass_model::ScoreSummary {
            at_us: 0,
            low: points,
            high: points,
            band: None,
            permit: None,
            lost: Vec::new(),
        };
        let gate = windlass_model::ScoreGate {
            at_least: 85,
            step: None,
        };
        let shut = windlass_model::Fact::GateShut {
            gate: gate.clone(),
            score: Box::new(score.clone()),
            then: windlass_model::Below::Hold,
        };
        let mut told = sample::held();
        told.facts = vec![shut];
        let mut view = sample::deployment("dep_01k0a");
        view.state = DeploymentState::Held;
        view.score = Some(DeploymentScore {
            needed: Some(85),
            before: Some(score),
            after: None,
            shut: vec![gate],
            beyond_reach: None,
            let_go: Vec::new(),
        });
        let report = ending(
            &view,
            &sample::told(&[told]),
            None,
            (&Purpose::Watch, &TimeZone::UTC),
        )
        .unwrap();
        assert_eq!(report.exit, Exit::Waiting);
        let text = crate::ui::diagnostic_text(&report.failure.unwrap(), &Style::plain());
        insta::assert_snapshot!(text, @r"
        error[WL0406]: shop in production waits for its score: the score is 80, and score >= 85 is asked for
          the score is 80, and score >= 85 is asked for; it goes on by itself once it is that high
          hint: windlass score --explain what gives points back, windlass resume dep_01k0a goes on all the same, windlass abort dep_01k0a goes back
        ");
    }

    #[test]
    fn the_final_object_names_deployment_outcome_state_and_services() {
        let view = sample::ended(Outcome::Promoted);
        let picture = sample::told(&sample::good_story());
        let report = ending(&view, &picture, None, (&Purpose::Watch, &TimeZone::UTC)).unwrap();
        let json = report.json.unwrap();
        assert_eq!(json["deployment"], "dep_01k0a");
        assert_eq!(json["outcome"], "promoted");
        assert_eq!(json["state"], "ended");
        assert_eq!(json["by_hand"], false);
        assert_eq!(json["services"]["auth"]["to"], "1.4.2");
        assert_eq!(json["unjudged"]["auth"], "no_requests");
    }
}
