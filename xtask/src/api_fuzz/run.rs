//! All of it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::api_fuzz::subject::Subject;
use crate::api_fuzz::tool;
use crate::stage::{Fate, Stage, cargo};
use crate::workspace::Workspace;

/// Longest run of all requests, in seconds.
const SECONDS: u32 = 120;
/// Most generated requests of an operation in each phase.
const EXAMPLES: u32 = 60;
/// Requests a second: below what a token may ask, so that few answers are only that it was too often.
const RATE: &str = "90/s";
/// The seed, so that two runs find the same.
const SEED: &str = "1";

/// Builds the product, asks its API in every way and says what came of it.
///
/// # Errors
/// schemathesis is not to be had, the controller does not come up, or something was found.
pub(crate) fn run() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let schemathesis = tool::install(&workspace)?;
    let build = cargo(&["build", "--locked", "--package", "windlass"]);
    Stage::new("build", &workspace.root, build).run()?;
    let subject = Subject::start(&workspace.target.join("debug/windlass"))?;
    let asked = ask(&workspace, schemathesis, &subject);
    // Whatever was asked, the controller still answers.
    subject.run(&["status"]).context("after the requests")?;
    asked
}

fn ask(workspace: &Workspace, program: PathBuf, subject: &Subject) -> anyhow::Result<()> {
    let config = workspace.root.join("xtask/src/api_fuzz/schemathesis.toml");
    let mut command = Command::new(program);
    command.arg("--config-file").arg(config).arg("run");
    command.arg(format!("http://{}/v1/openapi.json", subject.address));
    let (seconds, examples) = (SECONDS.to_string(), EXAMPLES.to_string());
    command.args(["--max-time", &seconds, "--max-examples", &examples]);
    command.args(["--checks", "all", "--seed", SEED, "--rate-limit", RATE]);
    // A stream has no end that could be waited for; the tests of the server follow it.
    command.args(["--exclude-path", "/v1/events", "--request-timeout", "10"]);
    // The controller ends with its last application; the tests of the binary ask this path.
    command.args(["--exclude-path", "/v1/down"]);
    command.args(["--continue-on-failure", "--no-color", "--warnings", "off"]);
    Stage::new("api-fuzz", &workspace.target, command)
        .with("WINDLASS_TOKEN", &subject.token()?)
        .watch(|_line| Fate::Show)
}
