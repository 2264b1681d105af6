//! All of it: the bad ones, then the good ones on a busy machine.

use anyhow::Context as _;

use crate::arguments::Form;
use crate::bench::interrupt;
use crate::bench::product;
use crate::e2e::ask::Ask;
use crate::e2e::noise::Noise;
use crate::e2e::play::{Bed, Played};
use crate::e2e::table::{Row, Table};
use crate::say;
use crate::workspace::Workspace;

/// Plays what is asked for, and prints the table.
///
/// # Errors
/// It can't be played, or something did not come as it had to.
pub(crate) fn run(ask: &Ask) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let product = product(&workspace, ask.binary.as_deref())?;
    interrupt::listen()?;
    let mut bed = Bed::make(&product, ask.rate)?;
    let mut rows = Vec::new();
    for candidate in &ask.candidates {
        let played = bed.bad(*candidate);
        let played = played.with_context(|| format!("candidate {}", candidate.name()))?;
        told(candidate.name(), &played);
        rows.push(Row::bad(*candidate, &played));
    }
    {
        let _noise = Noise::begin();
        for number in 1..=ask.healthy {
            let played = bed.healthy();
            let played = played.with_context(|| format!("healthy candidate {number}"))?;
            told("healthy", &played);
            rows.push(Row::healthy(number, &played));
        }
    }
    let answered_per_second = bed.end()?;
    let table = Table {
        ok: rows.iter().all(|row| row.ok),
        rows,
        asked_per_second: ask.rate,
        answered_per_second,
    };
    say::text(&match ask.form {
        Form::Text => table.text(),
        Form::Json => serde_json::to_string_pretty(&table).context("write the table")? + "\n",
    });
    anyhow::ensure!(table.ok, "not every candidate came out as it had to");
    Ok(())
}

fn told(name: &str, played: &Played) {
    let Played {
        outcome,
        reason,
        detected_ms,
        judged_at,
        requests,
    } = played;
    let at = judged_at.map(|share| format!(" at {share} %"));
    let at = at.unwrap_or_default();
    say::aside(&format!(
        "   {name}: {outcome}{at} after {detected_ms} ms and {requests} answers: {reason}"
    ));
}
