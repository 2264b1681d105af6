//! Kept releases that are damaged, by the services that may need them.

use windlass_client::StatePaths;
use windlass_model::{Environment, Release, ServiceState};

use crate::ui::words::{harmless, listed};
use crate::wire::{self, DamagedRelease};

/// A line for each kept release that is not what was kept: whose it is, and what was seen of it. Reads every byte
/// of all of them.
pub(crate) async fn damaged_releases(paths: &StatePaths) -> Vec<String> {
    let found = wire::damaged_releases(paths);
    if found.is_empty() {
        return Vec::new();
    }
    let journal = paths.state.join(wire::JOURNAL);
    // Without a journal that can be read nobody knows whose they are, and they are damaged all the same.
    let known = windlass_store::environments(&journal).await;
    let known = known.ok().flatten().unwrap_or_default();
    found.iter().map(|one| line(one, &known)).collect()
}

fn line(found: &DamagedRelease, known: &[Environment]) -> String {
    let mut whose: Vec<String> = known
        .iter()
        .flat_map(|place| {
            let services = place.services.iter();
            services.flat_map(move |(service, state)| {
                let its = releases(state).filter(|release| release.artefact == found.artefact);
                its.map(move |release| {
                    let (app, environment) = (&place.app, &place.environment);
                    format!("{service} {} of {app} in {environment}", release.version)
                })
            })
        })
        .collect();
    whose.sort();
    whose.dedup();
    let saw = &found.saw;
    match (whose.as_slice(), found.versions.as_slice()) {
        ([], []) => format!("release {}: {saw}", found.artefact),
        ([], versions) => format!("release {}: {saw}", harmless(&versions.join(" and "))),
        (whose, _) => format!("{}: {saw}", harmless(&listed(whose))),
    }
}

/// What runs of a service, and what a rollback of it may go to.
fn releases(state: &ServiceState) -> impl Iterator<Item = &Release> {
    let slots = state.slots().map(|slot| &slot.release);
    slots.chain(state.promoted.iter().map(|promoted| &promoted.release))
}

#[cfg(test)]
mod tests {
    use windlass_model::{AppName, EnvironmentName, Promoted};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_damaged_release_is_named_by_each_service_that_may_need_it() {
        let plan = sample::plan_view().plan;
        let auth = sample::service("auth");
        let part = &plan.rollouts[&auth];
        let found = DamagedRelease {
            artefact: part.release.artefact.clone(),
            versions: vec!["1.4.2".to_owned()],
            saw: "/r/files/auth is gone".to_owned(),
        };
        assert_eq!(line(&found, &[]), "release 1.4.2: /r/files/auth is gone");
        let app = AppName::new("shop").expect("a name");
        let production = EnvironmentName::new("production").expect("a name");
        let mut place = Environment::empty(app, production);
        let promoted = Promoted {
            release: part.release.clone(),
            spec: part.spec.clone(),
        };
        for service in ["auth", "beside"] {
            let state = place.services.entry(sample::service(service)).or_default();
            state.promoted = vec![promoted.clone(), promoted.clone()];
        }
        assert_eq!(
            line(&found, &[place]),
            "auth 1.4.2 of shop in production, beside 1.4.2 of shop in production: /r/files/auth is gone"
        );
    }
}
