//! Builds the product, measures it, prints the rows.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Deserialize;

use crate::arguments::Form;
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
    let load = timing::load()?;
    let mut rows = Vec::new();
    for bench in benches {
        say::aside(&format!("== bench {}: {}", bench.name, bench.about));
        for part in bench.parts {
            let measures = part(&product).with_context(|| format!("bench {}", bench.name))?;
            let load = timing::load()?;
            rows.extend(
                measures
                    .iter()
                    .map(|measure| Row::judge(bench.name, measure, load)),
            );
        }
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

/// Builds what is measured, the binary first and alone: as a user would.
fn product(workspace: &Workspace) -> anyhow::Result<Product> {
    let scratch = workspace.target.join("bench");
    fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
    Ok(Product {
        binary: build(workspace, "windlass", ["--bin", "windlass"])?,
        commit: build(workspace, "windlass-store", ["--example", "commit"])?,
        compile: build(workspace, "windlass-engine", ["--example", "plan"])?,
        scratch,
    })
}

#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// Builds one program, and asks cargo where it put it.
fn build(workspace: &Workspace, package: &str, what: [&str; 2]) -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["build", "--locked", "--release", "--package", package]);
    command.args(what);
    command.args(["--message-format", "json-render-diagnostics"]);
    let messages = Stage::new("build", &workspace.root, command).capture()?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter_map(|artifact| artifact.executable)
        .next_back()
        .context("cargo built no executable")
}
