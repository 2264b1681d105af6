//! Which process each instance is, and where its files lie: for who looks further with other tools.

use std::collections::BTreeSet;

use windlass_api::{DeploymentView, EnvironmentView, ServiceView, SlotView};
use windlass_model::{Digest, ServiceName, Version};

use super::grid::{Ease, Grid};
use super::words::harmless;

/// What gives way where the table is too wide: the process stays.
const EASES: [Ease; 2] = [Ease::Drop("ADDRESS"), Ease::Wrap("OF")];

/// A row for each instance, then the folder of each release that runs; nothing where nothing does.
pub(crate) fn instances_text<'v>(
    environments: impl Iterator<Item = &'v EnvironmentView>,
    fits: Option<usize>,
) -> String {
    let mut rows = Vec::new();
    let mut kept = BTreeSet::new();
    for view in environments {
        for (name, service) in &view.services {
            for (role, slot) in slots(service) {
                let of = format!(
                    "{name} {} of {} in {}, {role}",
                    slot.version, view.app, view.environment
                );
                rows.extend(slot_rows(&of, slot));
                kept.extend(folder(name, &slot.version, slot.artefact.as_ref()));
            }
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let header = ["PROCESS", "INSTANCE", "OF", "STATE", "ADDRESS"];
    let table = Grid::new(&header, rows).fit(fits, &EASES).text(fits);
    let kept = kept.into_iter().map(|line| line + "\n");
    ["\n".to_owned(), table].into_iter().chain(kept).collect()
}

fn slots(service: &ServiceView) -> impl Iterator<Item = (&'static str, &SlotView)> {
    let roles = [
        ("stable", &service.stable),
        ("candidate", &service.candidate),
        ("standby", &service.standby),
        ("failed", &service.failed),
    ];
    let roles = roles.into_iter();
    roles.filter_map(|(role, slot)| Some((role, slot.as_ref()?)))
}

fn slot_rows(of: &str, slot: &SlotView) -> Vec<Vec<String>> {
    let rows = slot.instances.iter().map(|one| {
        vec![
            one.pid
                .map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            one.id.to_string(),
            of.to_owned(),
            harmless(&one.state),
            if slot.script {
                "-".to_owned()
            } else {
                one.address.to_string()
            },
        ]
    });
    rows.collect()
}

/// The folder of each version that a deployment brings or has brought.
pub(crate) fn kept_text(view: &DeploymentView) -> String {
    let all = view.rollouts.iter();
    let lines = all.filter_map(|(name, part)| folder(name, &part.to, part.artefact.as_ref()));
    lines.map(|line| line + "\n").collect()
}

fn folder(name: &ServiceName, version: &Version, artefact: Option<&Digest>) -> Option<String> {
    let folder = artefact?;
    Some(format!(
        "what is kept of {name} {version}: releases/{folder}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn each_instance_is_told_with_its_process_and_each_release_with_its_folder() {
        let mut view = sample::environment();
        let auth = view.services.get_mut(&sample::service("auth"));
        let stable = auth.and_then(|auth| auth.stable.as_mut()).expect("it runs");
        stable.artefact = Digest::parse(&"cd".repeat(32)).ok();
        stable.instances[0].pid = Some(4711);
        view.services.retain(|name, _| name.as_str() == "auth");
        let text = |fits| instances_text(std::iter::once(&view), fits);
        insta::assert_snapshot!(text(None), @r"

        PROCESS  INSTANCE  OF                                         STATE     ADDRESS
        4711     ins_20    auth 1.4.2 of shop in production, stable   running   127.0.0.1:20000
        -        ins_21    auth 1.4.2 of shop in production, stable   exited 1  127.0.0.1:20000
        -        ins_10    auth 1.4.1 of shop in production, standby  running   127.0.0.1:20000
        what is kept of auth 1.4.2: releases/cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
        ");
        assert!(
            text(Some(60)).contains("4711     ins_"),
            "{}",
            text(Some(60))
        );
        view.services.clear();
        assert_eq!(instances_text(std::iter::once(&view), None), "");
    }

    #[test]
    fn a_deployment_names_the_folders_of_what_it_brings() {
        let mut view = sample::deployment("dep_01k0a");
        assert_eq!(kept_text(&view), "", "an older controller does not say");
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").artefact = Digest::parse(&"cd".repeat(32)).ok();
        let folder = "cd".repeat(32);
        let said = format!("what is kept of auth 1.4.2: releases/{folder}\n");
        assert_eq!(kept_text(&view), said);
    }
}
