//! What is left when following ends: the record, the failure, the exit code.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass_api::{DeploymentView, EnvironmentView, Exit, RolloutView};
use windlass_model::{
    AppName, DeploymentId, DeploymentState, EnvironmentName, Outcome, PlanId, ServiceName,
};

use super::progress::Progress;
use super::watch::Purpose;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::failure::failure;
use crate::ui::record::record_text;
use crate::ui::words::{outcome_word, state_word};

/// The one object of `-o json`.
#[derive(Debug, Serialize)]
struct Final<'v> {
    deployment: &'v DeploymentId,
    plan: &'v PlanId,
    app: &'v AppName,
    environment: &'v EnvironmentName,
    /// `promoted`, `partly_promoted`, `rolled_back`, `failed`; none when it has not ended.
    outcome: Option<&'static str>,
    /// `ended`, `stuck` …
    state: &'static str,
    started_us: i64,
    ended_us: Option<i64>,
    by: &'v str,
    services: &'v BTreeMap<ServiceName, RolloutView>,
    /// What runs now, where it could be asked.
    runs: Option<&'v EnvironmentView>,
}

impl<'v> Final<'v> {
    fn of(view: &'v DeploymentView, runs: Option<&'v EnvironmentView>) -> Self {
        Self {
            deployment: &view.id,
            plan: &view.plan,
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
            started_us: view.started_us,
            ended_us: view.ended_us,
            by: &view.by,
            services: &view.rollouts,
            runs,
        }
    }
}

/// How a command that followed ends.
pub(super) fn exit_of(state: DeploymentState, purpose: &Purpose) -> Exit {
    match (state, purpose) {
        // The abort did what was asked.
        (DeploymentState::Ended(Outcome::RolledBack | Outcome::Failed), Purpose::Abort { .. }) => {
            Exit::Done
        }
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

pub(super) fn ending(
    view: &DeploymentView,
    picture: &Progress,
    runs: Option<&EnvironmentView>,
    purpose: &Purpose,
) -> Result<Report, Diagnostic> {
    let exit = exit_of(view.state, purpose);
    let mut report = Report::new(record_text(view, picture, runs), &Final::of(view, runs))?;
    report.exit = exit;
    if exit != Exit::Done {
        report.failure = Some(failure(view, picture, runs, exit));
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn exit_codes_follow_from_how_it_ended_and_what_was_asked() {
        let plan = || Purpose::Deploy {
            plan: Box::new(sample::plan_view().plan),
        };
        let abort = || Purpose::Abort { after: 0 };
        let ended = DeploymentState::Ended;
        let table = [
            (ended(Outcome::Promoted), plan(), 0),
            (ended(Outcome::PartlyPromoted), plan(), 3),
            (ended(Outcome::RolledBack), plan(), 3),
            (ended(Outcome::Failed), plan(), 1),
            (DeploymentState::Stuck, plan(), 6),
            (ended(Outcome::RolledBack), Purpose::Watch, 3),
            (ended(Outcome::RolledBack), abort(), 0),
            (ended(Outcome::Failed), abort(), 0),
            (ended(Outcome::Promoted), abort(), 5),
            (ended(Outcome::PartlyPromoted), abort(), 3),
            (DeploymentState::Stuck, abort(), 6),
        ];
        for (state, purpose, code) in table {
            let exit = exit_of(state, &purpose);
            assert_eq!(exit.code(), code, "{state:?} {purpose:?}");
        }
    }

    #[test]
    fn the_final_object_names_deployment_outcome_state_and_services() {
        let view = sample::ended(Outcome::Promoted);
        let picture = sample::told(&sample::good_story());
        let report = ending(&view, &picture, None, &Purpose::Watch).unwrap();
        let json = report.json.unwrap();
        assert_eq!(json["deployment"], "dep_01k0a");
        assert_eq!(json["outcome"], "promoted");
        assert_eq!(json["state"], "ended");
        assert_eq!(json["services"]["auth"]["to"], "1.4.2");
    }
}
