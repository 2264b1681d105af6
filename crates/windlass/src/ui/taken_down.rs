//! What was taken down: when, by whom, and how it comes back.

use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, EnvironmentView, ServiceView};
use windlass_model::TakenDown;

use super::time::of_calendar;
use super::words::harmless;

/// What brings it up again, in its own folder.
pub(crate) const AGAIN: &str = "windlass deploy";

/// What to do next, of an application that may be another one than that of the folder which it is looked at
/// from: there the command would deploy something else.
pub(super) fn next(runs: &EnvironmentView, here: Option<&str>) -> String {
    let folder = harmless(&runs.folder);
    if here == Some(runs.app.as_str()) || folder.is_empty() {
        format!("next: {AGAIN}")
    } else {
        format!("next: deploy it from {folder}")
    }
}

/// Who took down last what this one deployed, if nothing of it runs since. What was taken down before it
/// began says nothing about it.
pub(crate) fn of<'v>(
    runs: &'v EnvironmentView,
    deployed: &DeploymentView,
) -> Option<&'v TakenDown> {
    let downs = deployed.rollouts.keys().map(|service| {
        let now = runs.services.get(service)?;
        now.down.as_ref().filter(|_| now.is_empty())
    });
    let downs: Option<Vec<&TakenDown>> = downs.collect();
    let last = downs?.into_iter().max_by_key(|down| down.at_us);
    last.filter(|down| down.at_us >= deployed.started_us)
}

/// The same of an environment in which nothing runs.
pub(super) fn last(view: &EnvironmentView) -> Option<&TakenDown> {
    let downs = view.services.values();
    let downs = downs.filter_map(|now: &ServiceView| now.down.as_ref());
    downs.max_by_key(|down| down.at_us)
}

/// "taken down at 2026-11-21 14:02:51 by mira".
pub(crate) fn told(down: &TakenDown, zone: &TimeZone) -> String {
    let at = of_calendar(down.at_us, zone);
    format!("taken down at {at} by {}", harmless(&down.by))
}
