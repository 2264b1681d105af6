//! The list of suites. A run that leaves one of them out is a failed run.

use crate::arguments::Extent;
use crate::test::fuzzed::FUZZ;
use crate::test::ran::Ran;

/// A part of the proof that must not be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    /// Its name in the closing line.
    pub(super) name: &'static str,
    /// What shows that it ran.
    shown_by: Shown,
}

/// What shows that a suite ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// A stage of this name ended well.
    Stage,
    /// At least one test of this package ran.
    Package(&'static str),
    /// At least one test beside this package's own source ran.
    Unit(&'static str),
    /// At least one test below this package's `tests/` ran.
    Integration(&'static str),
}

/// The suite that needs the real components.
const REAL: &str = "e2e";

/// The same suite as a user without rights: once more when the run is root's, else the run itself.
pub(super) const ORDINARY: &str = "e2e-ordinary";

/// The product, killed at its crash points.
pub(super) const SWEEP: &str = "sweep";

/// Every suite, in the order in which the closing line names them.
const SUITES: [Suite; 30] = [
    Suite {
        name: "fmt",
        shown_by: Shown::Stage,
    },
    Suite {
        name: "clippy",
        shown_by: Shown::Stage,
    },
    Suite {
        name: "build",
        shown_by: Shown::Stage,
    },
    Suite {
        name: "pure",
        shown_by: Shown::Stage,
    },
    Suite {
        name: "doc",
        shown_by: Shown::Stage,
    },
    Suite {
        name: "house",
        shown_by: Shown::Integration("xtask"),
    },
    Suite {
        name: "chores",
        shown_by: Shown::Unit("xtask"),
    },
    Suite {
        name: "model",
        shown_by: Shown::Package("windlass-model"),
    },
    Suite {
        name: "config",
        shown_by: Shown::Package("windlass-config"),
    },
    Suite {
        name: "engine",
        shown_by: Shown::Package("windlass-engine"),
    },
    Suite {
        name: "analysis",
        shown_by: Shown::Package("windlass-analysis"),
    },
    Suite {
        name: "control",
        shown_by: Shown::Package("windlass-control"),
    },
    Suite {
        name: "store",
        shown_by: Shown::Package("windlass-store"),
    },
    Suite {
        name: "runtime",
        shown_by: Shown::Package("windlass-runtime"),
    },
    Suite {
        name: "adapters",
        shown_by: Shown::Package("windlass-adapters"),
    },
    Suite {
        name: "kept",
        shown_by: Shown::Package("windlass-kept"),
    },
    Suite {
        name: "shim",
        shown_by: Shown::Package("windlass-shim"),
    },
    Suite {
        name: "router",
        shown_by: Shown::Package("windlass-router"),
    },
    Suite {
        name: "tls",
        shown_by: Shown::Package("windlass-tls"),
    },
    Suite {
        name: "acme",
        shown_by: Shown::Package("windlass-acme"),
    },
    Suite {
        name: "reports",
        shown_by: Shown::Package("windlass-reports"),
    },
    Suite {
        name: "load",
        shown_by: Shown::Package("windlass-load"),
    },
    Suite {
        name: "api",
        shown_by: Shown::Package("windlass-api"),
    },
    Suite {
        name: "client",
        shown_by: Shown::Package("windlass-client"),
    },
    Suite {
        name: "server",
        shown_by: Shown::Package("windlass-server"),
    },
    Suite {
        name: "cli",
        shown_by: Shown::Unit("windlass"),
    },
    Suite {
        name: REAL,
        shown_by: Shown::Integration("windlass"),
    },
    Suite {
        name: ORDINARY,
        shown_by: Shown::Stage,
    },
    Suite {
        name: SWEEP,
        shown_by: Shown::Stage,
    },
    Suite {
        name: FUZZ,
        shown_by: Shown::Stage,
    },
];

/// What a fast run leaves out besides.
const NOT_FAST: [&str; 3] = [ORDINARY, SWEEP, FUZZ];

/// Packages that need no test of their own, each with the reason.
const WITHOUT_TESTS: [(&str, &str); 2] = [
    (
        "windlass-edge",
        "traits only; their conformance is proven by those that implement them",
    ),
    ("windlass-testkit", "what the tests of others are made of"),
];

/// What runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// `cargo nextest run`.
    Nextest,
    /// `cargo test`, where nextest is absent.
    Plain,
}

/// The nextest filter of the suite that is run once more as a user without rights.
pub(super) const REAL_FILTER: &str = "package(=windlass) and kind(test)";

/// The nextest filter that leaves out what a fast run does not prove.
pub(super) const FAST_FILTER: &str =
    "not ((package(=windlass) or package(=windlass-acme)) and kind(test))";

/// The package that plain cargo leaves out whole in a fast run: it cannot leave out a part.
pub(super) const FAST_EXCLUDED: &str = "windlass";

/// The suites that a run of this extent must show.
pub(super) fn wanted(extent: Extent, runner: Runner) -> Vec<Suite> {
    let is_wanted = |suite: &Suite| match (extent, runner) {
        (Extent::Whole, Runner::Nextest | Runner::Plain) => true,
        (Extent::Fast, Runner::Nextest) => suite.name != REAL && !NOT_FAST.contains(&suite.name),
        (Extent::Fast, Runner::Plain) => {
            !NOT_FAST.contains(&suite.name) && suite.shown_by.package() != Some(FAST_EXCLUDED)
        }
    };
    SUITES.into_iter().filter(is_wanted).collect()
}

/// The names of the wanted suites of which nothing shows that they ran.
pub(super) fn missing(wanted: &[Suite], stages: &[&str], ran: &[Ran]) -> Vec<&'static str> {
    wanted
        .iter()
        .filter(|suite| !is_shown(suite, stages, ran))
        .map(|suite| suite.name)
        .collect()
}

/// Packages of the workspace that no suite speaks of: their tests could go missing unseen.
pub(super) fn unlisted<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    packages
        .iter()
        .copied()
        .filter(|package| !WITHOUT_TESTS.iter().any(|(name, _reason)| name == package))
        .filter(|package| {
            !SUITES
                .iter()
                .any(|suite| suite.shown_by.package() == Some(package))
        })
        .collect()
}

fn is_shown(suite: &Suite, stages: &[&str], ran: &[Ran]) -> bool {
    match suite.shown_by {
        Shown::Stage => stages.contains(&suite.name),
        Shown::Package(package) => ran.iter().any(|test| split(&test.binary).0 == package),
        Shown::Unit(package) => ran
            .iter()
            .any(|test| split(&test.binary).0 == package && is_unit(&test.binary)),
        Shown::Integration(package) => ran
            .iter()
            .any(|test| split(&test.binary).0 == package && !is_unit(&test.binary)),
    }
}

fn split(binary: &str) -> (&str, &str) {
    binary.split_once("::").unwrap_or((binary, ""))
}

fn is_unit(binary: &str) -> bool {
    let (_package, rest) = split(binary);
    rest.is_empty() || rest.starts_with("bin/")
}

impl Shown {
    fn package(self) -> Option<&'static str> {
        match self {
            Self::Stage => None,
            Self::Package(name) | Self::Unit(name) | Self::Integration(name) => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [&str; 8] = [
        "fmt", "clippy", "build", "pure", "doc", ORDINARY, SWEEP, FUZZ,
    ];

    fn whole() -> Vec<Suite> {
        wanted(Extent::Whole, Runner::Nextest)
    }

    fn everything() -> Vec<Ran> {
        let binaries = SUITES.iter().filter_map(|suite| match suite.shown_by {
            Shown::Stage => None,
            Shown::Package(name) => Some(name.to_owned()),
            Shown::Unit(name) => Some(format!("{name}::bin/{name}")),
            Shown::Integration(name) => Some(format!("{name}::it")),
        });
        binaries
            .map(|binary| Ran {
                binary,
                test: "t".to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_whole_run_misses_nothing() {
        assert!(missing(&whole(), &STAGES, &everything()).is_empty());
    }

    #[test]
    fn each_suite_is_missed_when_it_did_not_run() {
        for stage in STAGES {
            let others: Vec<&str> = STAGES.into_iter().filter(|name| *name != stage).collect();
            assert_eq!(missing(&whole(), &others, &everything()), [stage]);
        }
        for left_out in everything() {
            let mut ran = everything();
            ran.retain(|test| *test != left_out);
            let missed = missing(&whole(), &STAGES, &ran);
            assert_eq!(missed.len(), 1, "without {left_out:?}: {missed:?}");
        }
    }

    #[test]
    fn unit_tests_do_not_stand_in_for_the_real_components() {
        let mut ran = everything();
        ran.retain(|test| test.binary != "windlass::it");
        assert_eq!(missing(&whole(), &STAGES, &ran), [REAL]);
        assert!(missing(&wanted(Extent::Fast, Runner::Nextest), &STAGES, &ran).is_empty());
    }

    #[test]
    fn a_fast_run_of_plain_cargo_leaves_the_whole_package_out() {
        let mut ran = everything();
        ran.retain(|test| !test.binary.starts_with("windlass::"));
        assert!(missing(&wanted(Extent::Fast, Runner::Plain), &STAGES, &ran).is_empty());
        assert_eq!(
            missing(&wanted(Extent::Whole, Runner::Plain), &STAGES, &ran),
            ["cli", REAL]
        );
    }

    #[test]
    fn a_new_package_must_join_a_suite() {
        assert_eq!(
            unlisted(&["windlass-model", "windlass-edge", "windlass-new"]),
            ["windlass-new"]
        );
    }
}
