//! What was taken down: when, by whom, and how it comes back.

use jiff::tz::TimeZone;
use windlass_api::{EnvironmentView, ServiceView};
use windlass_model::{ServiceName, TakenDown};

use super::time::of_calendar;
use super::words::harmless;

/// What brings it up again.
pub(crate) const AGAIN: &str = "windlass deploy";

/// Who took these services down last, if nothing of any of them runs since.
pub(crate) fn of<'v>(
    runs: &'v EnvironmentView,
    services: impl IntoIterator<Item = &'v ServiceName>,
) -> Option<&'v TakenDown> {
    let downs = services.into_iter().map(|service| {
        let now = runs.services.get(service)?;
        now.down.as_ref().filter(|_| now.is_empty())
    });
    let downs: Option<Vec<&TakenDown>> = downs.collect();
    downs?.into_iter().max_by_key(|down| down.at_us)
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
