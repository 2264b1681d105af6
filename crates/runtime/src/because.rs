//! Why people said what they said, by the rows of a deployment.

use std::collections::{BTreeMap, BTreeSet};

use windlass_api::{BecauseView, SaidView, Word};
use windlass_edge::JournalEntry;
use windlass_engine::deployment::{Event, Stepped};
use windlass_model::{Fact, OtherProgram, Repair, ServiceName};

use crate::handle::Terms;

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

impl From<&Terms> for Signed {
    fn from(terms: &Terms) -> Self {
        Self {
            by: terms.by.clone(),
            why: terms.why.clone(),
        }
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

/// What is told of a deployment's beginning beside what it does.
#[derive(Debug, Default)]
pub(crate) struct First {
    /// Why somebody asked for it, if they said that.
    pub(crate) because: Option<Fact>,
    /// Programs outside of the folder that are others than before, where that is known.
    pub(crate) programs: Option<BTreeMap<ServiceName, OtherProgram>>,
}

impl First {
    /// The first step, with it.
    pub(crate) fn told(self, stepped: Stepped) -> Stepped {
        let mut stepped = because_of(self.because, stepped);
        for fact in &mut stepped.facts {
            if let Fact::DeploymentStarted { programs, .. } = fact {
                programs.clone_from(&self.programs);
            }
        }
        stepped
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

/// Reasons of words that changed nothing, as of an abort of what goes back already: at most so many are kept.
const BESIDE_MOST: usize = 20;

/// Those of one deployment: to which word, who, and why.
#[derive(Debug, Default)]
pub(crate) struct Beside(BTreeSet<Reason>);

type Reason = (Option<Word>, String, String);

impl Beside {
    /// Those that its rows hold.
    pub(crate) fn of(rows: &[JournalEntry]) -> Self {
        let mut all = Self::default();
        let alone = |row: &&JournalEntry| row.facts.iter().find_map(reasoned).is_none();
        for row in rows.iter().filter(alone) {
            let word = wanted(row);
            all.0
                .extend(row.facts.iter().filter_map(|fact| reason(word, fact)));
        }
        all
    }

    /// Whether the same person has said the same to the same word.
    pub(crate) fn has(&self, word: &Event, because: &Fact) -> bool {
        reason(wants(word), because).is_some_and(|reason| self.0.contains(&reason))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= BESIDE_MOST
    }

    pub(crate) fn keep(&mut self, word: &Event, because: &Fact) {
        self.0.extend(reason(wants(word), because));
    }
}

fn reason(word: Option<Word>, fact: &Fact) -> Option<Reason> {
    match fact {
        Fact::Because { by, why } => Some((word, by.clone(), why.clone())),
        _ => None,
    }
}

/// All reasons, in order.
pub(crate) fn because(rows: &[JournalEntry]) -> Vec<BecauseView> {
    let told = rows.iter().flat_map(|row| {
        let facts = row.facts.iter();
        facts.map(move |fact| (row, fact))
    });
    told.filter_map(|(row, fact)| match fact {
        Fact::Because { by, why } => Some(BecauseView {
            by: by.clone(),
            at_us: row.at_us,
            why: why.clone(),
            word: row.facts.iter().find_map(reasoned).or_else(|| wanted(row)),
        }),
        _ => None,
    })
    .collect()
}

/// What a word wanted that changed nothing, so that no fact tells of it.
fn wanted(row: &JournalEntry) -> Option<Word> {
    // A row that can't be read is told of elsewhere.
    wants(&serde_json::from_str(&row.event).ok()?)
}

fn wants(said: &Event) -> Option<Word> {
    match said {
        Event::HoldRequested { .. } => Some(Word::Held),
        Event::ResumeRequested { .. } => Some(Word::Resumed),
        Event::AbortRequested { .. } => Some(Word::Aborted),
        Event::SupersedeRequested { .. } => Some(Word::Superseded),
        _ => None,
    }
}

/// What a reason in the same row belongs to.
fn reasoned(fact: &Fact) -> Option<Word> {
    match fact {
        Fact::DeploymentStarted { .. } => Some(Word::Began),
        _ => word(fact).map(|(word, _)| word),
    }
}
