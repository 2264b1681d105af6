//! Who holds a deployment, by its rows.

use windlass_api::HeldView;
use windlass_edge::JournalEntry;
use windlass_model::Fact;

/// Who asked for the last hold, and when. A hold that is lifted has nobody.
pub(crate) fn holder(rows: &[JournalEntry]) -> Option<HeldView> {
    rows.iter().rev().find_map(|row| {
        let by = holds(&row.facts)?.to_owned();
        let since_us = row.at_us;
        Some(HeldView { by, since_us })
    })
}

/// Who asks for a hold with these facts: a person or a halt by its own row, a trigger or the analysis
/// with what it saw.
pub(crate) fn holds(facts: &[Fact]) -> Option<&str> {
    facts.iter().find_map(|fact| {
        let Fact::Held { by } = fact else {
            return None;
        };
        Some(by.as_str())
    })
}
