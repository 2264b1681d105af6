//! The one object by which every command tells of a deployment as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use windlass_api::{
    BecauseView, DeploymentScore, DeploymentView, EnvironmentView, HeldView, Problem, RolloutView,
    SaidView,
};
use windlass_model::{
    AppName, DeploymentId, DeploymentState, EnvironmentName, PlanId, PlanKind, ServiceName,
};

use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::compared::{Compared, compared};
use crate::ui::grounds::{Unjudged, unjudged};
use crate::ui::record::{Traffic, shares};
use crate::ui::words::{outcome_word, state_word};

/// What the object is called among those of other commands.
pub(crate) const DEPLOYMENT: &str = "deployment";

/// A deployment as it stands, or as it ended: of `deploy`, `rollback`, `abort`, `show`, `list` and all
/// others the same. `docs/reference/output.md` has a line for each field.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'v> {
    r#type: &'static str,
    deployment: &'v DeploymentId,
    /// The same under the name that it has in the API.
    id: &'v DeploymentId,
    plan: &'v PlanId,
    kind: PlanKind,
    app: &'v AppName,
    environment: &'v EnvironmentName,
    outcome: Option<&'static str>,
    state: &'static str,
    by_hand: bool,
    because: &'v [BecauseView],
    said: &'v [SaidView],
    started_us: i64,
    ended_us: Option<i64>,
    returning_since_us: Option<i64>,
    by: &'v str,
    sequence: u64,
    services: &'v BTreeMap<ServiceName, RolloutView>,
    compared: BTreeMap<&'v ServiceName, Compared<'v>>,
    unjudged: BTreeMap<&'v ServiceName, Unjudged>,
    score: Option<&'v DeploymentScore>,
    held: Option<&'v HeldView>,
    poisoned: Option<&'v str>,
    not_renamed: Option<&'v str>,
    runs: Option<&'v EnvironmentView>,
    traffic: Option<Traffic<'v>>,
    /// Why it did not end as it was asked to; whoever prints it says so here.
    problem: Option<Problem>,
}

impl<'v> Summary<'v> {
    /// Of a deployment, and of what runs where it could be asked.
    pub(crate) fn of(view: &'v DeploymentView, runs: Option<&'v EnvironmentView>) -> Self {
        Self {
            r#type: DEPLOYMENT,
            deployment: &view.id,
            id: &view.id,
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
            because: &view.because,
            said: &view.said,
            started_us: view.started_us,
            ended_us: view.ended_us,
            returning_since_us: view.returning_since_us,
            by: &view.by,
            sequence: view.sequence,
            services: &view.rollouts,
            compared: compared(view),
            unjudged: unjudged(view),
            score: view.score.as_ref(),
            held: view.held.as_ref(),
            poisoned: view.poisoned.as_deref(),
            not_renamed: view.not_renamed.as_deref(),
            runs,
            traffic: runs.map(|runs| shares(view, runs)),
            problem: None,
        }
    }

    /// The report of a command that leaves it.
    pub(crate) fn report(self, text: impl Into<String>) -> Result<Report, Diagnostic> {
        Ok(Report::new(text, &self)?.of(DEPLOYMENT))
    }
}

/// The same object where there is nothing to do, and so no deployment.
pub(crate) fn of_none(kind: PlanKind, app: &str, environment: &str) -> Value {
    json!({
        "type": DEPLOYMENT,
        "deployment": null,
        "id": null,
        "plan": null,
        "kind": kind,
        "app": app,
        "environment": environment,
        "outcome": "nothing_to_do",
        "state": "ended",
        "by_hand": false,
        "because": [],
        "said": [],
        "started_us": null,
        "ended_us": null,
        "returning_since_us": null,
        "by": null,
        "sequence": null,
        "services": {},
        "compared": {},
        "unjudged": {},
        "score": null,
        "held": null,
        "poisoned": null,
        "not_renamed": null,
        "runs": null,
        "traffic": null,
        "problem": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    fn keys(value: &Value) -> Vec<&String> {
        value.as_object().expect("an object").keys().collect()
    }

    #[test]
    fn where_there_is_no_deployment_the_object_has_the_same_fields() {
        let view = sample::deployment("dep_01k0a");
        let one = serde_json::to_value(Summary::of(&view, None)).expect("it is JSON");
        let none = of_none(PlanKind::Deploy, "shop", "production");
        assert_eq!(keys(&one), keys(&none));
    }

    #[test]
    fn each_field_has_its_line_in_the_reference() {
        let page = include_str!("../../../../docs/reference/output.md");
        for key in keys(&of_none(PlanKind::Deploy, "shop", "production")) {
            assert!(page.contains(&format!("| `{key}` |")), "{key}");
        }
    }
}
