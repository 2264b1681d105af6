//! What is left when following ends: the record, the failure, the exit code.

use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, EnvironmentView, Exit};
use windlass_model::{DeploymentState, Outcome};

use super::progress::Progress;
use super::summary::Summary;
use super::watch::Purpose;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::failure::failure;
use crate::ui::record::record_text;

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
    Summary::of(view, None).report(text)
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
    let mut report = Summary::of(view, runs).report(record)?.sentences();
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
        view.score = Some(windlass_api::DeploymentScore {
            needed: Some(85),
            before: Some(score),
            after: None,
            shut: vec![gate],
            shut_since_us: None,
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
