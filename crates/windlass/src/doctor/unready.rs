//! Services of which nothing can take a request, although nothing is under way.

use std::collections::BTreeSet;

use windlass_api::{EnvironmentView, HappeningView, InstanceView, ServiceView};
use windlass_client::Client;
use windlass_model::{AppName, EnvironmentName, Happened, InstanceEnd, ServiceName};

use super::Finding;
use crate::ui::words::{command_in, counted, harmless, instance_end, listed};

const CHECK: &str = "service";

/// Happenings among which the last end of a service is looked for.
const SEARCHED: u32 = 1_000;

/// Where a service is.
type Place<'v> = (&'v AppName, &'v EnvironmentName, &'v ServiceName);

/// Each of them, with how it ended last and what it printed then.
pub(super) async fn unready(client: &Client, status: &[EnvironmentView]) -> Vec<Finding> {
    let all: Vec<(Place<'_>, &ServiceView)> = status
        .iter()
        .filter(|view| view.deployment.is_none())
        .flat_map(|view| {
            let services = view.services.iter();
            let unready = services.filter(|(_, service)| is_unready(service));
            unready.map(|(name, service)| ((&view.app, &view.environment, name), service))
        })
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    // Without them it is told as it is seen.
    let happenings = client.happenings(SEARCHED).await.unwrap_or_default().known;
    let told = all.into_iter();
    told.map(|(place, service)| told_of(place, service, &happenings))
        .collect()
}

/// Whether no instance of what is stable is ready. One that nobody could ask may be.
pub(super) fn is_unready(service: &ServiceView) -> bool {
    let mut stable = service.stable.iter();
    stable.any(|slot| !slot.instances.is_empty() && !slot.may_answer())
}

fn told_of(place: Place<'_>, service: &ServiceView, happenings: &[HappeningView]) -> Finding {
    let (app, environment, name) = place;
    let slots = service.stable.iter();
    let all: Vec<&InstanceView> = slots.flat_map(|slot| &slot.instances).collect();
    let states: BTreeSet<&str> = all.iter().map(|one| one.state.as_str()).collect();
    let states: Vec<&str> = states.into_iter().collect();
    let version = service.stable.as_ref().map(|slot| slot.version.to_string());
    let mut saw = format!(
        "{name} {} of {app} in {environment}: none of {} is ready ({})",
        version.unwrap_or_default(),
        counted(all.len(), "instance"),
        listed(&states)
    );
    if !service.listen.is_empty() {
        saw.push_str(", its requests are refused");
    }
    let last = last_end(place, happenings);
    if let Some((end, _)) = last {
        saw.push_str(&["; the last one ", &instance_end(end)].concat());
    }
    if let Some(trouble) = all.iter().find_map(|one| one.trouble.as_ref()) {
        saw.push_str(&["; it can't be started again: ", trouble].concat());
    }
    let typed = |words: &str| command_in(environment, words);
    let mut fix = format!(
        "{}, mend it, then: {}",
        typed(&format!("logs {name}")),
        typed("deploy"),
    );
    if let Some(earlier) = &service.goes_back_to {
        let back = typed(&format!("rollback {name}"));
        fix.push_str(&["; or go back to ", &harmless(&earlier.0), ": ", &back].concat());
    }
    let printed = last.map(|(_, printed)| printed.to_vec());
    Finding::broken(CHECK, saw, fix).printed(printed.unwrap_or_default())
}

/// How an instance of it ended last outside of a deployment; they come newest first.
fn last_end<'h>(
    (app, environment, service): Place<'_>,
    happenings: &'h [HappeningView],
) -> Option<(&'h InstanceEnd, &'h [String])> {
    let mut its = happenings.iter().filter(|happening| {
        happening.app.as_ref() == Some(app)
            && happening.environment.as_ref() == Some(environment)
            && happening.service.as_ref() == Some(service)
    });
    its.find_map(|happening| match &happening.what {
        Happened::InstanceEnded {
            end, last_lines, ..
        } => Some((end, last_lines.as_slice())),
        _ => None,
    })
}
