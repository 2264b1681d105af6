//! The score gates of a deployment by its rows: only they know when one was found shut, and when people let
//! one go.

use windlass_api::LetGo;
use windlass_edge::JournalEntry;
use windlass_model::{Below, Fact, ScoreGate};

/// Since when the first of the gates that are shut now is; none where none is. What is measured again while a
/// gate is shut does not shut it anew.
pub(crate) fn shut_since(rows: &[JournalEntry], shut: &[ScoreGate]) -> Option<i64> {
    let since = |gate: &ScoreGate| {
        let mut since = None;
        for row in rows {
            for fact in &row.facts {
                match fact {
                    Fact::GateShut {
                        gate: told,
                        then: Below::Hold,
                        ..
                    } if told == gate => {
                        since.get_or_insert(row.at_us);
                    }
                    Fact::GatePassed { gate: told, .. } if told == gate => since = None,
                    _ => {}
                }
            }
        }
        since
    };
    shut.iter().filter_map(since).min()
}

/// The gates that people let go: each with who said so, when, and what was measured instead; in order.
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
