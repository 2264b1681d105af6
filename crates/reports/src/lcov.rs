//! LCOV: coverage, as a text with one fact a line.

use std::collections::BTreeMap;

use crate::coverage::{Coverage, Reached};
use crate::found::{Found, Unreadable, shown, text};

/// The share of lines that were covered. Counted are the lines; only a report without any is believed what
/// its records say of themselves (`LF`, `LH`). What is said of one file several times comes together.
///
/// # Errors
/// What is no LCOV, one that ends within a record, one that tells of no line.
pub fn lcov(bytes: &[u8]) -> Result<Found, Unreadable> {
    let mut report = Report::default();
    let text = text(bytes)?;
    for (number, line) in (1..).zip(text.lines()) {
        report
            .line(line.trim())
            .map_err(|what| Unreadable::at(number, what))?;
    }
    if report.file.is_some() {
        return Err(Unreadable::whole("it ends within a record"));
    }
    if report.coverage.is_empty() {
        return report.said().found();
    }
    report.coverage.found()
}

#[derive(Default)]
struct Report<'r> {
    coverage: Coverage,
    /// The file of the record that is being read.
    file: Option<&'r str>,
    /// What each file's last record says of itself.
    says: BTreeMap<&'r str, Reached>,
}

impl<'r> Report<'r> {
    fn line(&mut self, line: &'r str) -> Result<(), String> {
        if line == "end_of_record" {
            let known = self.file.take();
            return known
                .map(drop)
                .ok_or_else(|| "the end of no record".to_owned());
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        match (key, self.file) {
            ("SF", None) => self.file = Some(value),
            ("SF", Some(_)) => return Err("a record begins within another".to_owned()),
            ("DA", Some(file)) => {
                let mut parts = value.split(',');
                let line = number(parts.next().unwrap_or_default())?;
                let hits = parts.next().unwrap_or_default().trim();
                let hits = hits
                    .parse::<i64>()
                    .map_err(|_odd| format!("`{}` are no hits", shown(hits)))?;
                self.coverage.add(file, line, hits > 0)?;
            }
            ("LF", Some(file)) => self.says.entry(file).or_default().of = number(value)?,
            ("LH", Some(file)) => self.says.entry(file).or_default().lines = number(value)?,
            ("DA" | "LF" | "LH", None) => return Err(format!("{key} outside of a record")),
            // Functions, branches, the name of a test, comments.
            _ if line.is_empty() || line.starts_with('#') || is_key(key) => {}
            _ => return Err(format!("`{}` is no LCOV", shown(line))),
        }
        Ok(())
    }

    fn said(&self) -> Reached {
        let all = self.says.values();
        all.fold(Reached::default(), |all, one| all.plus(*one))
    }
}

/// Keys are of two to five capitals, of which not all matter here.
fn is_key(key: &str) -> bool {
    (2..=5).contains(&key.len()) && key.chars().all(|c| c.is_ascii_uppercase())
}

fn number(text: &str) -> Result<u32, String> {
    let number = text.trim().parse();
    number.map_err(|_odd| format!("`{}` is no number", shown(text)))
}
