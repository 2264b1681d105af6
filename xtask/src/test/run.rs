//! The order of the stages, and the verdict on the whole run.

use std::time::Instant;

use crate::arguments::Extent;
use crate::pure::{PURE_CRATES, WORLDLY};
use crate::say;
use crate::setup;
use crate::stage::{Stage, cargo, has_subcommand};
use crate::sweep;
use crate::test::fuzzed::{self, FUZZ};
use crate::test::proof::{Proof, as_an_ordinary_user, build, by_cargo, by_nextest, selection};
use crate::test::suites::{ORDINARY, Runner, SWEEP, Suite, missing, unlisted, wanted};
use crate::workspace::Workspace;

/// How a whole run ended; what failed has been said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every suite of the list ran and passed.
    Passed,
    /// A test failed, or a suite did not run.
    Failed,
}

/// Proves the tree, and says at the end which suites ran.
///
/// # Errors
/// A stage before the tests failed; the error names it with its exit code.
pub(crate) fn run(extent: Extent) -> anyhow::Result<Verdict> {
    let started = Instant::now();
    let workspace = Workspace::find()?;
    let unlisted = unlisted(&workspace.packages());
    anyhow::ensure!(
        unlisted.is_empty(),
        "no suite speaks of {}",
        unlisted.join(", ")
    );
    match extent {
        Extent::Whole => setup::run()?,
        Extent::Fast => say::aside(
            "== fast: no set-up, and no test with the real components (package windlass, tests/)",
        ),
    }
    let runner = if has_subcommand("nextest") {
        Runner::Nextest
    } else {
        Runner::Plain
    };
    let mut stages = Vec::new();
    check(&workspace, &mut stages)?;
    let selection = selection(extent, runner);
    let built = build(&workspace, &selection)?;
    stages.push("build");
    documents(&workspace, &mut stages)?;
    let proof = match runner {
        Runner::Nextest => by_nextest(&workspace, extent)?,
        Runner::Plain => {
            say::aside("== cargo-nextest is not here; plain cargo test, one test at a time");
            by_cargo(&workspace, &selection, &built)
        }
    };
    let proof = match extent {
        Extent::Whole => {
            let proof = once_more(&workspace, runner, proof, &mut stages);
            let proof = swept(&workspace, proof, &mut stages);
            targeted(&workspace, proof, &mut stages)
        }
        Extent::Fast => proof,
    };
    Ok(conclude(&wanted(extent, runner), &stages, proof, started))
}

/// The real components once more, as a user without rights; a failure is told with the others.
fn once_more(
    workspace: &Workspace,
    runner: Runner,
    mut proof: Proof,
    stages: &mut Vec<&'static str>,
) -> Proof {
    match as_an_ordinary_user(workspace, runner) {
        Ok(()) => stages.push(ORDINARY),
        Err(error) => proof.ended = proof.ended.and(Err(error)),
    }
    proof
}

/// Kills the product at its crash points, of which the code is linted first: no other stage compiles
/// it. A failure is told with the others.
fn swept(workspace: &Workspace, mut proof: Proof, stages: &mut Vec<&'static str>) -> Proof {
    let lints = [
        "clippy",
        "--locked",
        "--package",
        "windlass-runtime",
        "--package",
        "windlass",
        "--features",
        "windlass/crash-points",
        "--",
        "--deny",
        "warnings",
    ];
    let linted = Stage::new("clippy sweep", &workspace.root, cargo(&lints)).run();
    match linted.and_then(|()| sweep::run(&sweep::Ask::for_tests())) {
        Ok(()) => stages.push(SWEEP),
        Err(error) => proof.ended = proof.ended.and(Err(error)),
    }
    proof
}

/// Compiles the fuzz targets. A failure is told with the others.
fn targeted(workspace: &Workspace, mut proof: Proof, stages: &mut Vec<&'static str>) -> Proof {
    match fuzzed::check(workspace) {
        Ok(()) => stages.push(FUZZ),
        Err(error) => proof.ended = proof.ended.and(Err(error)),
    }
    proof
}

/// Formatting, lints, and the purity of the crates that decide.
fn check(workspace: &Workspace, stages: &mut Vec<&'static str>) -> anyhow::Result<()> {
    Stage::new("fmt", &workspace.root, cargo(&["fmt", "--all", "--check"])).run()?;
    stages.push("fmt");
    let lints = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    Stage::new("clippy", &workspace.root, cargo(&lints)).run()?;
    stages.push("clippy");
    pure(workspace)?;
    stages.push("pure");
    Ok(())
}

/// Builds the pure crates alone and looks at what cargo built for them.
fn pure(workspace: &Workspace) -> anyhow::Result<()> {
    let mut command = cargo(&[
        "check",
        "--locked",
        "--message-format",
        "json-render-diagnostics",
    ]);
    for package in workspace.packages() {
        if PURE_CRATES.contains(&package) {
            command.args(["--package", package]);
        }
    }
    let messages = Stage::new("pure", &workspace.root, command).capture()?;
    let worldly = worldly(&messages);
    anyhow::ensure!(
        worldly.is_empty(),
        "stage pure failed: a crate that decides brings in {}",
        worldly.join(", ")
    );
    Ok(())
}

/// The packages in cargo's messages that a pure crate must not bring in.
fn worldly(messages: &str) -> Vec<&'static str> {
    let is_in = |package: &str| messages.contains(&format!("#{package}@"));
    WORLDLY
        .into_iter()
        .filter(|package| is_in(package))
        .collect()
}

fn documents(workspace: &Workspace, stages: &mut Vec<&'static str>) -> anyhow::Result<()> {
    let words = ["test", "--locked", "--workspace", "--doc", "--quiet"];
    Stage::new("doc", &workspace.root, cargo(&words)).run()?;
    stages.push("doc");
    Ok(())
}

/// Prints the list of suites and what failed, and last the runner's own closing lines as they are.
fn conclude(wanted: &[Suite], stages: &[&str], proof: Proof, started: Instant) -> Verdict {
    let missing = missing(wanted, stages, &proof.ran);
    let shown: Vec<&str> = wanted
        .iter()
        .map(|suite| suite.name)
        .filter(|name| !missing.contains(name))
        .collect();
    let verdict = if missing.is_empty() && proof.ended.is_ok() {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    if !missing.is_empty() {
        say::line(&format!("suites that did not run: {}", missing.join(", ")));
    }
    if let Err(error) = proof.ended {
        say::line(&format!("{error:#}"));
    }
    let told = match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "FAILED",
    };
    say::line(&format!(
        "{told} in {:.0} s",
        started.elapsed().as_secs_f64()
    ));
    say::line(&format!("suites: {}", shown.join(", ")));
    for line in &proof.closing {
        say::line(line);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_a_wanted_suite_fails_though_every_test_passed() {
        let proof = || Proof {
            ended: Ok(()),
            ran: Vec::new(),
            closing: Vec::new(),
        };
        let wanted = wanted(Extent::Whole, Runner::Nextest);
        assert_eq!(
            conclude(&wanted, &["fmt"], proof(), Instant::now()),
            Verdict::Failed
        );
        assert_eq!(conclude(&[], &[], proof(), Instant::now()), Verdict::Passed);
        let failed = Proof {
            ended: Err(anyhow::anyhow!("a test failed")),
            ..proof()
        };
        assert_eq!(conclude(&[], &[], failed, Instant::now()), Verdict::Failed);
    }

    #[test]
    fn a_runtime_below_a_pure_crate_is_seen() {
        let clean = r#"{"package_id":"registry+https://x#serde@1.0.0"}"#;
        let dirty = r#"{"package_id":"registry+https://x#tokio@1.50.0"}"#;
        assert!(worldly(clean).is_empty());
        assert_eq!(worldly(&format!("{clean}\n{dirty}")), ["tokio"]);
    }
}
