//! What was taken down: when, by whom, and how it comes back.

use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, EnvironmentView, ServiceView};
use windlass_model::TakenDown;

use super::time::of_calendar;
use super::words::{command_in, harmless};

/// What brings an application up again that may be another one than that of the folder which it is looked at
/// from: there the command would deploy something else.
pub(crate) fn again(runs: &EnvironmentView, here: Option<&str>) -> String {
    let folder = harmless(&runs.folder);
    if here == Some(runs.app.as_str()) || folder.is_empty() {
        command_in(&runs.environment, "deploy")
    } else {
        format!("deploy it from {folder}")
    }
}

/// The same as what to do next.
pub(super) fn next(runs: &EnvironmentView, here: Option<&str>) -> String {
    format!("next: {}", again(runs, here))
}

/// What is left to do once nothing runs any more of what a deployment has left. `runs`: what became of its
/// application, where that is known.
pub(crate) fn after_final(
    view: &DeploymentView,
    runs: Option<&EnvironmentView>,
    (here, zone): (Option<&str>, &TimeZone),
) -> String {
    let down = runs.and_then(|runs| Some((runs, of(runs, view)?)));
    match down {
        Some((runs, down)) => {
            let (told, again) = (told(down, zone), again(runs, here));
            format!("it was {told}, to bring it up again: {again}")
        }
        None => "a rollback starts it again".to_owned(),
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

#[cfg(test)]
mod tests {
    use windlass_model::Outcome;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_is_final_and_down_comes_back_from_its_own_folder_only() {
        let view = sample::ended(Outcome::Promoted);
        let mut runs = sample::environment();
        let said = |runs: &EnvironmentView, here: &str| {
            after_final(&view, Some(runs), (Some(here), &TimeZone::UTC))
        };
        assert_eq!(said(&runs, "shop"), "a rollback starts it again");
        for service in runs.services.values_mut() {
            (service.stable, service.standby) = (None, None);
            service.down = Some(TakenDown {
                by: "mira".to_owned(),
                at_us: sample::at(43_000),
            });
        }
        let down = "it was taken down at 2026-11-21 14:02:54 by mira, to bring it up again:";
        assert_eq!(
            said(&runs, "shop"),
            format!("{down} windlass -e production deploy")
        );
        let elsewhere = format!("{down} deploy it from /srv/shop");
        assert_eq!(said(&runs, "blog"), elsewhere);
    }
}
