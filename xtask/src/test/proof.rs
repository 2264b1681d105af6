//! What each kind of test runner prints, and what a run of it proves.

use std::fs;
use std::io;
use std::num::NonZero;
use std::process::Command;
use std::thread;

use anyhow::Context as _;

use crate::arguments::Extent;
use crate::setup;
use crate::stage::{Fate, Stage, cargo};
use crate::test::ran::{PlainOutput, Ran, binaries, from_junit};
use crate::test::suites::{FAST_EXCLUDED, FAST_FILTER, ORDINARY, REAL_FILTER, Runner};
use crate::workspace::Workspace;

/// What a run of the tests left behind.
pub(super) struct Proof {
    /// Whether every test passed.
    pub(super) ended: anyhow::Result<()>,
    /// The tests that ran.
    pub(super) ran: Vec<Ran>,
    /// The runner's own last lines, not yet printed.
    pub(super) closing: Vec<String>,
}

/// Runs every test by nextest.
///
/// # Errors
/// The runner's report cannot be read; failed tests are told in the proof.
pub(super) fn by_nextest(workspace: &Workspace, extent: Extent) -> anyhow::Result<Proof> {
    let report = workspace.target.join("nextest/ci/junit.xml");
    // A report of an earlier run must not stand in for this one.
    match fs::remove_file(&report) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("remove {}", report.display()));
        }
        Ok(()) | Err(_) => {}
    }
    let mut command = nextest(extent);
    if extent == Extent::Fast {
        command.args(["--filterset", FAST_FILTER]);
    }
    let mut closing = Vec::new();
    let ended = stage(workspace, command).watch(|line| {
        if closing.is_empty() && !line.trim_start().starts_with("Summary [") {
            return Fate::Show;
        }
        closing.push(line.to_owned());
        Fate::Hold
    });
    // A run that did not get as far as its tests leaves no report; `ended` says why.
    let ran = match fs::read_to_string(&report) {
        Ok(text) => from_junit(&text),
        Err(_) if ended.is_err() => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("read {}", report.display())),
    };
    Ok(Proof {
        ended,
        ran,
        closing,
    })
}

/// The runner of what is selected. Half as many tests again as there are cores run side by side: those with the real
/// components are most of the time, and wait through most of theirs.
fn nextest(extent: Extent) -> Command {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (cores + cores / 2).to_string();
    let mut command = cargo(&["nextest", "run", "--locked", "--profile", "ci"]);
    command.args(["--test-threads", &threads]);
    command.args(selection(extent, Runner::Nextest));
    command
}

/// Runs the tests with the real components once more, as a user without rights. Nothing to do where
/// the run is such a user's already.
///
/// # Errors
/// A test failed; it has been told.
pub(super) fn as_an_ordinary_user(workspace: &Workspace, runner: Runner) -> anyhow::Result<()> {
    if !setup::is_root() {
        return Ok(());
    }
    let command = match runner {
        Runner::Nextest => {
            // The same words as before, so that nothing is built again.
            let mut command = nextest(Extent::Whole);
            command.args(["--filterset", REAL_FILTER]);
            command
        }
        Runner::Plain => {
            let words = ["--package", FAST_EXCLUDED, "--test", "it"];
            let mut command = cargo(&["test", "--locked", "--no-fail-fast"]);
            command.args(words);
            command
        }
    };
    Stage::new(ORDINARY, &workspace.root, command)
        .with("CARGO_TERM_COLOR", "never")
        .with("INSTA_UPDATE", "no")
        .with("RUST_TEST_THREADS", "1")
        .with("WINDLASS_TEST_USER", "ordinary")
        .run()
}

/// Builds every test once, and returns what cargo says about them; the runner finds them built.
pub(super) fn build(workspace: &Workspace, selection: &[&str]) -> anyhow::Result<String> {
    let mut command = cargo(&["test", "--locked", "--no-run"]);
    command
        .args(selection)
        .args(["--message-format", "json-render-diagnostics"]);
    Stage::new("build", &workspace.root, command).capture()
}

/// What is built and run: the same words for both, so that nothing is built twice. Not `--all-targets`:
/// that makes tests of the examples, of which tests run one as a program.
pub(super) fn selection(extent: Extent, runner: Runner) -> Vec<&'static str> {
    let mut words = vec!["--workspace"];
    if extent == Extent::Fast && runner == Runner::Plain {
        words.extend(["--exclude", FAST_EXCLUDED]);
    }
    words
}

/// Runs every test by plain `cargo test`; `built` is what cargo said when it built them.
pub(super) fn by_cargo(workspace: &Workspace, selection: &[&str], built: &str) -> Proof {
    let mut command = cargo(&["test", "--locked", "--no-fail-fast"]);
    command.args(selection);
    let mut output = PlainOutput::of(binaries(built));
    let mut closing = Vec::new();
    // Plain cargo knows no groups, and tests on real processes must not run beside each other.
    let ended = stage(workspace, command)
        .with("RUST_TEST_THREADS", "1")
        .watch(|line| {
            output.line(line);
            if !line.starts_with("test result:") {
                return Fate::Show;
            }
            closing.push(line.to_owned());
            Fate::Hold
        });
    Proof {
        ended,
        ran: output.ran,
        closing,
    }
}

fn stage(workspace: &Workspace, command: Command) -> Stage {
    // Plain text, so that the runner's lines can be read here too.
    Stage::new("tests", &workspace.root, command)
        .with("CARGO_TERM_COLOR", "never")
        .with("INSTA_UPDATE", "no")
}
