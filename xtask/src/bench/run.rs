//! Measures the product, and tells the rows.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;

use crate::arguments::Form;
use crate::bench::ask::Ask;
use crate::bench::build::product;
use crate::bench::interrupt;
use crate::bench::occasion::Occasion;
use crate::bench::registry::{Product, Wanted, chosen};
use crate::bench::report::{Report, Spent};
use crate::bench::row::{Measure, Row};
use crate::bench::timing;
use crate::say;
use crate::workspace::Workspace;

/// Measures one bench or all of them, against the build that ships or a binary that is given.
///
/// # Errors
/// The product cannot be built or measured, or a goal was missed.
pub(crate) fn run(ask: &Ask) -> anyhow::Result<()> {
    let chosen = chosen(ask.name.as_deref(), ask.only.as_deref())?;
    let workspace = Workspace::find()?;
    let mut report = Report::new(Occasion::now(ask.written(), &workspace.root)?);
    for simulation in &chosen.simulations {
        say::aside(&format!(
            "== bench {}: {}",
            simulation.name, simulation.about
        ));
        let measure = || (simulation.rows)(&workspace);
        timed(&mut report, [simulation.name; 2], measure)?;
    }
    if !chosen.benches.is_empty() {
        let product = product(&workspace, ask.binary.as_deref())?;
        // Only from here on is there anything to clear away.
        interrupt::listen()?;
        for wanted in &chosen.benches {
            of_product(wanted, &product, &mut report)?;
        }
    }
    match ask.form {
        Form::Text => {
            let beside = keep(&workspace, ask, &report)?;
            say::text(&report.text());
            say::aside(&format!("== the same as JSON: {}", beside.display()));
        }
        Form::Json => say::text(&report.json()?),
    }
    let missed = report.missed();
    anyhow::ensure!(
        missed.is_empty(),
        "these rows missed their goal: {}",
        missed.join(", ")
    );
    Ok(())
}

/// Writes the JSON beside the table, so that nobody has to measure again for it; where it is.
fn keep(workspace: &Workspace, ask: &Ask, report: &Report) -> anyhow::Result<PathBuf> {
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let name = ask.name.as_deref().unwrap_or("all");
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, report.json()?).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

fn of_product(wanted: &Wanted, product: &Product, report: &mut Report) -> anyhow::Result<()> {
    let Wanted { bench, parts } = wanted;
    say::aside(&format!("== bench {}: {}", bench.name, bench.about));
    for part in parts {
        interrupt::check()?;
        timed(report, [bench.name, part.name], || (part.rows)(product))?;
    }
    Ok(())
}

/// Adds what a part measures, judged under the load of its end, and how long it took.
fn timed(
    report: &mut Report,
    [bench, part]: [&'static str; 2],
    measure: impl FnOnce() -> anyhow::Result<Vec<Measure>>,
) -> anyhow::Result<()> {
    let load = timing::load()?;
    let begun = Instant::now();
    let measures = measure().with_context(|| format!("bench {bench}, part {part}"))?;
    let seconds = begun.elapsed().as_secs_f64();
    say::aside(&format!("== bench {bench}: {part} took {seconds:.1} s"));
    let after = timing::load()?;
    let rows = measures.iter();
    report.add(
        Spent {
            bench,
            part,
            seconds,
            load: [load, after],
        },
        rows.map(|measure| Row::judge(bench, measure, after)),
    );
    Ok(())
}
