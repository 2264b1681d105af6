//! Who holds a deployment, by its rows.

use windlass_api::{HALT_SIGN, HeldView};
use windlass_edge::JournalEntry;
use windlass_model::Fact;

/// Who holds a deployment that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) by: String,
    /// Microseconds since 1970 UTC.
    pub(crate) since_us: i64,
    /// Why, if that was said.
    pub(crate) why: Option<String>,
}

impl Holder {
    /// Whoever holds it with these facts, of a row of this time.
    pub(crate) fn of(facts: &[Fact], since_us: i64) -> Option<Self> {
        let by = holds(facts)?.to_owned();
        let why = facts.iter().find_map(|fact| match fact {
            Fact::Because { by: who, why } if *who == by => Some(why.clone()),
            _ => None,
        });
        Some(Self { by, since_us, why })
    }

    /// Whoever asked for the last hold, by the rows.
    pub(crate) fn last(rows: &[JournalEntry]) -> Option<Self> {
        let mut latest = rows.iter().rev();
        latest.find_map(|row| Self::of(&row.facts, row.at_us))
    }

    /// Whether it goes on by itself once a halt is lifted.
    pub(crate) fn is_halt(&self) -> bool {
        self.by.starts_with(HALT_SIGN)
    }
}

/// Who asked for the last hold, and when. A hold that is lifted has nobody.
pub(crate) fn holder(rows: &[JournalEntry]) -> Option<HeldView> {
    Holder::last(rows).map(|Holder { by, since_us, .. }| HeldView { by, since_us })
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
