//! Builds the product, measures it, prints the rows.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use serde::Deserialize;

use crate::arguments::Form;
use crate::bench::interrupt;
use crate::bench::registry::{Product, chosen};
use crate::bench::report::Report;
use crate::bench::row::Row;
use crate::bench::timing;
use crate::say;
use crate::stage::{Stage, cargo};
use crate::workspace::Workspace;

/// Measures one bench or all of them against the release build.
///
/// # Errors
/// The product cannot be built or measured, or a goal was missed.
pub(crate) fn run(name: Option<&str>, form: Form) -> anyhow::Result<()> {
    let benches = chosen(name)?;
    let workspace = Workspace::find()?;
    let product = product(&workspace)?;
    // Only from here on is there anything to clear away.
    interrupt::listen()?;
    let load = timing::load()?;
    let mut rows = Vec::new();
    for bench in benches {
        say::aside(&format!("== bench {}: {}", bench.name, bench.about));
        let begun = Instant::now();
        for part in bench.parts {
            interrupt::check()?;
            let measures = part(&product).with_context(|| format!("bench {}", bench.name))?;
            let load = timing::load()?;
            rows.extend(
                measures
                    .iter()
                    .map(|measure| Row::judge(bench.name, measure, load)),
            );
        }
        let seconds = begun.elapsed().as_secs_f64();
        say::aside(&format!("== bench {}: {seconds:.1} s", bench.name));
    }
    let report = Report::new(rows, load);
    say::text(&match form {
        Form::Text => report.table(),
        Form::Json => report.json()?,
    });
    anyhow::ensure!(
        report.ok,
        "these rows missed their goal: {}",
        report.missed().join(", ")
    );
    Ok(())
}

/// Builds what is measured. The binary goes first and alone, as a user would build it: what tests and
/// examples bring in would change it.
fn product(workspace: &Workspace) -> anyhow::Result<Product> {
    let scratch = workspace.target.join("bench");
    fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
    let binary = ["--package", "windlass", "--bin", "windlass"];
    let examples = ["--package", "windlass-store", "--example", "commit"]
        .into_iter()
        .chain(["--package", "windlass-engine", "--example", "plan"])
        .chain(["--package", "windlass-load", "--example", "origin"]);
    let binary = build(workspace, "build", binary.into_iter())?;
    let examples = build(workspace, "build examples", examples)?;
    Ok(Product {
        binary: built(&binary, "windlass")?,
        commit: built(&examples, "commit")?,
        compile: built(&examples, "plan")?,
        origin: built(&examples, "origin")?,
        scratch,
    })
}

#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds programs of the workspace; what cargo says of each thing that it built.
fn build<'a>(
    workspace: &Workspace,
    name: &'static str,
    what: impl Iterator<Item = &'a str>,
) -> anyhow::Result<Vec<Artifact>> {
    let mut command = cargo(&["build", "--locked", "--release"]);
    command.args(what);
    command.args(["--message-format", "json-render-diagnostics"]);
    let messages = Stage::new(name, &workspace.root, command).capture()?;
    let artifacts = messages.lines().map(serde_json::from_str);
    Ok(artifacts.filter_map(Result::ok).collect())
}

/// Where cargo put the program of this name.
fn built(artifacts: &[Artifact], name: &str) -> anyhow::Result<PathBuf> {
    let mut named = artifacts
        .iter()
        .filter(|artifact| artifact.target.name == name);
    named
        .find_map(|artifact| artifact.executable.clone())
        .with_context(|| format!("cargo built no program {name}"))
}
