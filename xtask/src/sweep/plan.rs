//! The deployments that are swept.

use std::net::SocketAddr;
use std::path::Path;

use crate::sweep::plan::Place::{Front, Listens, Works};

/// One deployment that is swept. Each is of version 3, where 2 is stable and 1 stands by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// One service, a canary of two steps.
    One,
    /// auth ← api ← web and a worker that needs api, each a canary of two steps.
    Canary,
    /// The same, but version 3 of api answers errors.
    Rollback,
    /// The canary, of which the controller dies once in every run: what it does to recover.
    Recovery,
}

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// For the versions before.
    Before,
    /// For the one that is swept.
    Swept,
}

/// What a service is in its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The load asks it.
    Front,
    /// Others ask it.
    Listens,
    /// Nobody asks it.
    Works,
}

/// A service, what it needs, and its place.
type Part = (&'static str, Option<&'static str>, Place);

const ONE: &[Part] = &[("web", None, Front)];
const CHAIN: &[Part] = &[
    ("auth", None, Listens),
    ("api", Some("auth"), Listens),
    ("web", Some("api"), Front),
    ("worker", Some("api"), Works),
];

/// How long a step is watched where nothing is proved.
const BAKE_BEFORE_MS: u32 = 1;
/// How long a step is watched in the deployment that is swept: time for some requests.
const BAKE_MS: u32 = 150;
/// How long a step of the bad release may be watched: it is caught long before.
const BAKE_BAD_MS: u32 = 10_000;

/// What is wrong with the bad release.
const FAULT: &str = " --fault errors";

/// How a new release takes over where there is traffic.
const STRATEGY: &str = "    strategy: { canary: [{ to: 50% }, { to: 100% }] }\n";

/// The services' program, beside the file.
pub(super) const PROGRAM: &str = "service";

/// The version that is swept.
pub(super) const VERSION: &str = "3";
/// Those that were deployed before, in order.
pub(super) const BEFORE: [&str; 2] = ["1", "2"];

impl Plan {
    pub(super) const ALL: [Self; 4] = [Self::One, Self::Canary, Self::Rollback, Self::Recovery];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Canary => "canary",
            Self::Rollback => "rollback",
            Self::Recovery => "recovery",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name() == name)
    }

    /// How the command ends that carries it out.
    pub(super) fn exit(self) -> i32 {
        match self {
            Self::One | Self::Canary | Self::Recovery => 0,
            Self::Rollback => 3,
        }
    }

    /// What the chain of versions holds in every answer that the bad release spoiled.
    pub(super) fn bad(self) -> Option<&'static str> {
        match self {
            Self::Rollback => Some("api=3"),
            Self::One | Self::Canary | Self::Recovery => None,
        }
    }

    /// Where the controller dies in every run, before the point that is swept.
    pub(super) fn dies_first(self) -> &'static [&'static str] {
        match self {
            Self::Recovery => &["api/route 1/after_effect"],
            Self::One | Self::Canary | Self::Rollback => &[],
        }
    }

    fn parts(self) -> &'static [Part] {
        match self {
            Self::One => ONE,
            Self::Canary | Self::Rollback | Self::Recovery => CHAIN,
        }
    }

    /// The services, providers first.
    pub(super) fn services(self) -> impl Iterator<Item = &'static str> {
        self.parts().iter().map(|(name, _, _)| *name)
    }

    /// Whether the load asks this service.
    pub(super) fn is_front(self, service: &str) -> bool {
        let mut parts = self.parts().iter();
        parts.any(|(name, _, place)| *name == service && *place == Front)
    }

    /// The application's file. Every process of it names `folder` in its command line.
    pub(super) fn text(self, stage: Stage, listen: &[SocketAddr], folder: &Path) -> String {
        let bake = match stage {
            Stage::Before => BAKE_BEFORE_MS,
            Stage::Swept => BAKE_MS,
        };
        let mut text = format!(
            "app: sweep\n\
             defaults:\n\
             \x20 bake: {bake}ms\n\
             \x20 drain: 2s\n\
             \x20 rollback_on: [crash, readiness lost, error rate > 20% for 1s]\n\
             \x20 probes: {{ ready: {{ http: /health/ready, every: 50ms, rise: 1, within: 10s }} }}\n\
             services:\n"
        );
        for (part, address) in self.parts().iter().zip(listen) {
            let (name, need, place) = part;
            let mut options = self.upstream(*need, listen);
            let bad = stage == Stage::Swept && self.bad().is_some_and(|bad| bad.starts_with(name));
            if bad {
                options.push_str(FAULT);
            }
            text.push_str(&service(name, *need, &options, folder));
            if bad {
                let watched = format!("    bake: {BAKE_BAD_MS}ms\n");
                text.push_str(&watched);
            }
            if *place != Works {
                let served = format!("    listen: {address}\n{STRATEGY}");
                text.push_str(&served);
            }
        }
        text
    }

    /// The option that makes a service ask the one it needs.
    fn upstream(self, need: Option<&str>, listen: &[SocketAddr]) -> String {
        let mut parts = self.parts().iter().zip(listen);
        let found = parts.find(|((name, _, _), _)| Some(*name) == need);
        found.map_or_else(String::new, |(_, address)| {
            format!(" --upstream http://{address}")
        })
    }
}

fn service(name: &str, need: Option<&str>, options: &str, folder: &Path) -> String {
    let needs = need.map_or_else(String::new, |need| format!("    needs: [{need}]\n"));
    let folder = folder.display();
    format!(
        "  {name}:\n{needs}    release: {{ version: \"1\" }}\n    target:\n      process:\n        run: \
         >-\n          ./{PROGRAM} --name {name} --version ${{VERSION}} --port ${{PORT}}\n          \
         --starts {folder}/starts{options}\n        stop: {{ within: 3s }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(plan: Plan, stage: Stage) -> String {
        let listen = [1, 2, 3, 4].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        plan.text(stage, &listen, Path::new("/lab"))
    }

    #[test]
    fn each_service_asks_the_one_it_needs_and_the_worker_has_no_listener() {
        let text = text(Plan::Canary, Stage::Swept);
        assert!(text.contains("--name api --version ${VERSION}"), "{text}");
        assert_eq!(text.matches("--upstream http://127.0.0.1:1\n").count(), 1);
        assert_eq!(text.matches("--upstream http://127.0.0.1:2\n").count(), 2);
        assert_eq!(text.matches("    listen: ").count(), 3);
        assert!(!text.contains(FAULT));
    }

    #[test]
    fn only_version_3_of_api_is_bad_and_only_in_the_rollback() {
        let bad = text(Plan::Rollback, Stage::Swept);
        let api = bad.lines().filter(|line| line.contains(FAULT));
        assert_eq!(api.count(), 1);
        assert!(!text(Plan::Rollback, Stage::Before).contains(FAULT));
        assert!(!text(Plan::Recovery, Stage::Swept).contains(FAULT));
    }

    #[test]
    fn every_plan_has_one_front_and_a_name_of_its_own() {
        for plan in Plan::ALL {
            let fronts = plan.services().filter(|service| plan.is_front(service));
            assert_eq!(fronts.collect::<Vec<_>>(), ["web"]);
            assert_eq!(Plan::named(plan.name()), Some(plan));
        }
    }
}
