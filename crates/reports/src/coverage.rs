//! Lines of code, counted.

use std::collections::BTreeMap;

use crate::found::{Found, Unreadable, shown};
use crate::limit::{MAX_COUNTED, MAX_NAMED};

/// Lines by file and number, and whether they were reached. One that is told of twice was reached if it
/// was so once.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    files: BTreeMap<String, BTreeMap<u32, bool>>,
    lines: u32,
}

/// How many of how many lines were reached.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reached {
    pub(crate) lines: u32,
    pub(crate) of: u32,
}

impl Reached {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            lines: self.lines.saturating_add(other.lines),
            of: self.of.saturating_add(other.of),
        }
    }

    fn share(self) -> f64 {
        f64::from(self.lines) / f64::from(self.of) * 100.0
    }

    /// The share of lines that were reached; nothing is said by a report without any.
    pub(crate) fn found(self) -> Result<Found, Unreadable> {
        let Self { lines, of } = self;
        if of == 0 {
            return Err(Unreadable::whole("it tells of no line of code"));
        }
        if lines > of {
            return Err(Unreadable::whole(format!(
                "{lines} lines covered of {of}: that can't be"
            )));
        }
        let value = self.share();
        Ok(Found {
            value,
            saw: format!("{lines} of {of} lines covered ({value:.1} %)"),
        })
    }
}

impl Coverage {
    /// Notes one line.
    pub(crate) fn add(&mut self, file: &str, line: u32, reached: bool) -> Result<(), String> {
        if self.lines >= MAX_COUNTED {
            return Err(format!("more than {MAX_COUNTED} lines of code"));
        }
        self.lines += 1;
        // Most lines are of a file that is known.
        if !self.files.contains_key(file) {
            self.files.insert(file.to_owned(), BTreeMap::new());
        }
        if let Some(lines) = self.files.get_mut(file) {
            *lines.entry(line).or_default() |= reached;
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// The share of lines that were reached, and the files with the most that were not.
    pub(crate) fn found(&self) -> Result<Found, Unreadable> {
        let mut files: Vec<(&str, Reached)> = self
            .files
            .iter()
            .map(|(name, lines)| (name.as_str(), reached(lines)))
            .collect();
        let all = files.iter().map(|(_, reached)| *reached);
        let mut found = all.fold(Reached::default(), Reached::plus).found()?;
        files.retain(|(_, reached)| reached.lines < reached.of);
        files.sort_by_key(|(_, reached)| std::cmp::Reverse(reached.of - reached.lines));
        files.truncate(MAX_NAMED);
        if !files.is_empty() {
            let told = files
                .iter()
                .map(|(name, reached)| format!("{} {}", reached.of - reached.lines, shown(name)));
            let told = told.collect::<Vec<_>>().join(", ");
            found.saw = format!("{}; not covered: {told}", found.saw);
        }
        Ok(found)
    }
}

fn reached(lines: &BTreeMap<u32, bool>) -> Reached {
    let count = |lines: usize| u32::try_from(lines).unwrap_or(u32::MAX);
    Reached {
        lines: count(lines.values().filter(|reached| **reached).count()),
        of: count(lines.len()),
    }
}
