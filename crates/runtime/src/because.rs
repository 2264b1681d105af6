//! Why people said what they said, by the rows of a deployment.

use windlass_api::{BecauseView, SaidView, Word};
use windlass_edge::JournalEntry;
use windlass_engine::deployment::Stepped;
use windlass_model::{Fact, Repair};

/// Who says something, and why, if they say that too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who.
    pub by: String,
    /// Why, in their own words.
    pub why: Option<String>,
}

impl From<String> for Signed {
    fn from(by: String) -> Self {
        Self { by, why: None }
    }
}

impl Signed {
    /// Who, and what is told of it beside what it brings about.
    pub(crate) fn parts(self) -> (String, Option<Fact>) {
        let by = self.by.clone();
        let because = self.why.map(|why| Fact::Because { by, why });
        (self.by, because)
    }
}

/// A step that a person asked for, with why.
pub(crate) fn because_of(because: Option<Fact>, mut stepped: Stepped) -> Stepped {
    stepped.facts.extend(because);
    stepped
}

/// What was said, in order; also without a reason.
pub(crate) fn said(rows: &[JournalEntry]) -> Vec<SaidView> {
    let told = rows.iter().flat_map(|row| {
        let facts = row.facts.iter();
        facts.filter_map(|fact| {
            let (word, by) = word(fact)?;
            let (by, at_us) = (by.to_owned(), row.at_us);
            Some(SaidView { by, at_us, word })
        })
    });
    told.collect()
}

fn word(fact: &Fact) -> Option<(Word, &str)> {
    Some(match fact {
        Fact::Held { by } => (Word::Held, by),
        Fact::Resumed { by } => (Word::Resumed, by),
        Fact::Expedited { by } => (Word::Promoted, by),
        Fact::AbortRequested { by } => (Word::Aborted, by),
        Fact::Superseded { by } => (Word::Superseded, by),
        Fact::Repaired { by, how } => (repaired(*how), by),
        _ => return None,
    })
}

fn repaired(how: Repair) -> Word {
    match how {
        Repair::Retry => Word::Retried,
        Repair::Done => Word::DeclaredDone,
        Repair::Abandon => Word::Abandoned,
    }
}

/// All reasons, in order.
pub(crate) fn because(rows: &[JournalEntry]) -> Vec<BecauseView> {
    let told = rows.iter().flat_map(|row| {
        let facts = row.facts.iter();
        facts.map(|fact| (row.at_us, fact))
    });
    told.filter_map(|(at_us, fact)| match fact {
        Fact::Because { by, why } => Some(BecauseView {
            by: by.clone(),
            at_us,
            why: why.clone(),
        }),
        _ => None,
    })
    .collect()
}
