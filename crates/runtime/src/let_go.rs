//! The gates of a deployment that people let go, by its rows: only they know when that was.

use windlass_api::LetGo;
use windlass_edge::JournalEntry;
use windlass_model::Fact;

/// Each with who said so, when, and what was measured instead; in order.
pub(crate) fn let_go(rows: &[JournalEntry]) -> Vec<LetGo> {
    let told = rows
        .iter()
        .flat_map(|row| row.facts.iter().map(|fact| (row.at_us, fact)));
    told.filter_map(|(at_us, fact)| {
        let Fact::GatePassed { gate, score, by } = fact else {
            return None;
        };
        Some(LetGo {
            by: by.clone()?,
            at_us,
            gate: gate.clone(),
            score: score.as_deref().cloned(),
        })
    })
    .collect()
}
