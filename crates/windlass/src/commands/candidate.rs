//! Which deployment can be meant by a command that is about one that has ended, where none is named.

use std::collections::{BTreeMap, BTreeSet};

use windlass_api::{DeploymentView, EnvironmentView, Exit};
use windlass_client::Client;
use windlass_model::{DeploymentId, DeploymentState, Outcome};

use super::which::{Here, NONE_IS, NONE_NAMED, SEARCHED, named};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::{listed, state_of};

/// The deployment to carry out once more: the one that is named, else the last one here, if it failed
/// or was stopped.
pub(super) async fn to_retry(
    context: &Context,
    client: &Client,
    id: Option<&str>,
) -> Result<DeploymentId, Diagnostic> {
    let all = client.deployments(SEARCHED).await?;
    if let Some(text) = id {
        return named(context, &all, text);
    }
    let here = Here::of(context)?;
    let meant = the_failed_one(&all, &here)?;
    context.ui.about(&meant.environment);
    context.ui.say(&format!("{}, the last one", told(meant)));
    Ok(meant.id.clone())
}

/// The deployment whose standby is to go: the one that is named, else the only one here that has left
/// anything.
pub(super) async fn to_finalize(
    context: &Context,
    client: &Client,
    id: Option<&str>,
) -> Result<DeploymentId, Diagnostic> {
    if let Some(text) = id {
        let all = client.deployments(SEARCHED).await?;
        return named(context, &all, text);
    }
    let here = Here::of(context)?;
    let (id, left) = the_one_that_left(&client.status().await?, &here)?;
    context.ui.say(&format!("{id}, which left {left}"));
    Ok(id)
}

/// Only the last one of a place: what came before it starts from what is no more.
fn the_failed_one<'v>(
    all: &'v [DeploymentView],
    here: &Here<'_>,
) -> Result<&'v DeploymentView, Diagnostic> {
    let mut places = BTreeSet::new();
    let last = all.iter().filter(|view| {
        here.has(&view.app, &view.environment) && places.insert((&view.app, &view.environment))
    });
    let (can, others): (Vec<&DeploymentView>, Vec<_>) = last.partition(|view| {
        let state = view.state;
        matches!(
            state,
            DeploymentState::Ended(Outcome::RolledBack | Outcome::Failed)
        )
    });
    let lines = |views: &[&DeploymentView]| {
        let lines: Vec<String> = views.iter().map(|view| told(view)).collect();
        lines.join("\n")
    };
    match can.as_slice() {
        [only] => Ok(only),
        [] => Err(
            Diagnostic::new(Exit::Refused, "no deployment is there to try again")
                .code(NONE_IS)
                .detail(lines(&others))
                .hint("one that failed or was stopped can be, while it is the last one: windlass list"),
        ),
        several => Err(
            Diagnostic::new(Exit::Usage, "several deployments can be tried again")
                .code(NONE_NAMED)
                .detail(lines(several))
                .hint("name the one that is meant: windlass retry ID"),
        ),
    }
}

fn told(view: &DeploymentView) -> String {
    format!(
        "{} of {} in {}: {}",
        view.id,
        view.app,
        view.environment,
        state_of(view.kind, view.state)
    )
}

fn the_one_that_left(
    all: &[EnvironmentView],
    here: &Here<'_>,
) -> Result<(DeploymentId, String), Diagnostic> {
    let mut left: BTreeMap<&DeploymentId, Vec<String>> = BTreeMap::new();
    for view in all {
        if !here.has(&view.app, &view.environment) {
            continue;
        }
        for (service, now) in &view.services {
            let standby = now.standby.as_ref();
            let standby = standby.zip(now.standby_kept.as_ref().map(|kept| &kept.by));
            let failed = now.failed.as_ref().zip(now.failed_kept_by.as_ref());
            for (slot, by) in standby.into_iter().chain(failed) {
                let what = format!("{service} {}", slot.version);
                left.entry(by).or_default().push(what);
            }
        }
    }
    let mut all = left.into_iter();
    match (all.next(), all.next()) {
        (Some((only, what)), None) => Ok((only.clone(), listed(&what))),
        (None, _) => Err(
            Diagnostic::new(Exit::Refused, "no deployment has left anything to drop")
                .code(NONE_IS)
                .hint("what runs, and what is kept warm: windlass status"),
        ),
        (Some(first), Some(second)) => {
            let each = [first, second].into_iter().chain(all);
            let lines: Vec<String> = each
                .map(|(id, what)| format!("{id} left {}", listed(&what)))
                .collect();
            Err(
                Diagnostic::new(Exit::Usage, "several deployments have left something")
                    .code(NONE_NAMED)
                    .detail(lines.join("\n"))
                    .hint("name the one that is meant: windlass finalize ID"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::{EnvironmentName, Finalize};

    use super::*;
    use crate::ui::sample;

    const HERE: Here<'static> = Here {
        app: None,
        environment: None,
    };

    fn view(id: &str, state: DeploymentState) -> DeploymentView {
        let mut view = sample::deployment(id);
        view.state = state;
        view
    }

    #[test]
    fn only_the_last_one_of_a_place_is_tried_again_and_only_if_it_failed() {
        let failed = view("dep_01kc", DeploymentState::Ended(Outcome::Failed));
        let back = view("dep_01kb", DeploymentState::Ended(Outcome::RolledBack));
        let good = view("dep_01ka", DeploymentState::Ended(Outcome::Promoted));
        let found = |all: &[&DeploymentView]| {
            let all: Vec<_> = all.iter().map(|view| (*view).clone()).collect();
            let meant = the_failed_one(&all, &HERE);
            meant
                .map(|view| view.id.to_string())
                .map_err(|no| no.detail.unwrap_or_default())
        };
        assert_eq!(found(&[&failed, &back, &good]).as_deref(), Ok("dep_01kc"));
        assert_eq!(
            found(&[&good, &failed]).unwrap_err(),
            "dep_01ka of shop in production: promoted"
        );
        let none = the_failed_one(&[], &HERE).map_err(|no| no.exit);
        assert_eq!(none.unwrap_err(), Exit::Refused);
        let running = view("dep_01kd", DeploymentState::Running);
        found(&[&running, &back]).unwrap_err();
        found(&[]).unwrap_err();
        let mut other = back.clone();
        other.environment = EnvironmentName::new("staging").unwrap();
        assert_eq!(
            found(&[&failed, &other]).unwrap_err(),
            "dep_01kc of shop in production: failed\ndep_01kb of shop in staging: rolled back"
        );
    }

    #[test]
    fn the_only_one_that_left_something_is_final() {
        let mut here = sample::environment();
        let auth = sample::service("auth");
        let found = |all: &[EnvironmentView]| the_one_that_left(all, &HERE);
        found(std::slice::from_ref(&here)).unwrap_err();
        let kept = Some(sample::kept(Finalize::Manual));
        here.services.get_mut(&auth).unwrap().standby_kept = kept;
        let (id, left) = found(std::slice::from_ref(&here)).unwrap();
        assert_eq!((id.as_str(), left.as_str()), ("dep_01k0a", "auth 1.4.1"));
        let mut other = here.clone();
        other.environment = EnvironmentName::new("staging").unwrap();
        let now = other.services.get_mut(&auth).unwrap();
        now.standby_kept.as_mut().unwrap().by = sample::deployment("dep_01k0b").id;
        let several = found(&[here, other]).unwrap_err();
        assert_eq!(
            several.detail.as_deref(),
            Some("dep_01k0a left auth 1.4.1\ndep_01k0b left auth 1.4.1")
        );
    }
}
