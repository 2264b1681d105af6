//! Builds the product, measures it, prints the rows.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use serde::Deserialize;

use crate::arguments::Form;
use crate::bench::interrupt;
use crate::bench::registry::{Bench, Product, chosen};
use crate::bench::report::Report;
use crate::bench::row::{Measure, Row};
use crate::bench::timing;
use crate::say;
use crate::stage::{Stage, cargo};
use crate::workspace::Workspace;

/// Measures one bench or all of them against the build that ships.
///
/// # Errors
/// The product cannot be built or measured, or a goal was missed.
pub(crate) fn run(name: Option<&str>, form: Form) -> anyhow::Result<()> {
    let chosen = chosen(name)?;
    let workspace = Workspace::find()?;
    let mut rows = Vec::new();
    let load = timing::load()?;
    for simulation in &chosen.simulations {
        let measures = timed(simulation.name, simulation.about, || {
            (simulation.rows)(&workspace)
        })?;
        rows.extend(judged(simulation.name, &measures)?);
    }
    if !chosen.benches.is_empty() {
        let product = product(&workspace)?;
        // Only from here on is there anything to clear away.
        interrupt::listen()?;
        for bench in chosen.benches {
            rows.extend(timed(bench.name, bench.about, || {
                of_product(bench, &product)
            })?);
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

/// Says what is measured, and how long that took.
fn timed<T>(
    name: &str,
    about: &str,
    measure: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    say::aside(&format!("== bench {name}: {about}"));
    let begun = Instant::now();
    let measured = measure().with_context(|| format!("bench {name}"))?;
    let seconds = begun.elapsed().as_secs_f64();
    say::aside(&format!("== bench {name}: {seconds:.1} s"));
    Ok(measured)
}

fn of_product(bench: &Bench, product: &Product) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for part in bench.parts {
        interrupt::check()?;
        rows.extend(judged(bench.name, &part(product)?)?);
    }
    Ok(rows)
}

fn judged(bench: &'static str, measures: &[Measure]) -> anyhow::Result<Vec<Row>> {
    let load = timing::load()?;
    let judge = |measure| Row::judge(bench, measure, load);
    Ok(measures.iter().map(judge).collect())
}

/// Builds one example as the product is built; where it is.
pub(crate) fn example(
    workspace: &Workspace,
    package: &str,
    example: &str,
) -> anyhow::Result<PathBuf> {
    let what = ["--package", package, "--example", example].into_iter();
    built(&build(workspace, "build example", what)?, example)
}

/// Builds what is measured. The binary goes first and alone, as it is built to ship: what tests and
/// examples bring in would change it.
pub(crate) fn product(workspace: &Workspace) -> anyhow::Result<Product> {
    let scratch = workspace.target.join("bench");
    fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
    let binary = ["--package", "windlass", "--bin", "windlass"];
    let examples = ["--package", "windlass-store", "--example", "commit"]
        .into_iter()
        .chain(["--package", "windlass-engine", "--example", "plan"])
        .chain(["--package", "windlass-load"])
        .chain(["--example", "origin", "--example", "sockets"]);
    let binary = build(workspace, "build", binary.into_iter())?;
    let examples = build(workspace, "build examples", examples)?;
    Ok(Product {
        binary: built(&binary, "windlass")?,
        commit: built(&examples, "commit")?,
        compile: built(&examples, "plan")?,
        origin: built(&examples, "origin")?,
        sockets: built(&examples, "sockets")?,
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
    let mut command = cargo(&["build", "--locked", "--profile", "dist"]);
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
