//! Cobertura XML: coverage, as many tools write it.

use std::borrow::Cow;

use crate::coverage::{Coverage, Reached};
use crate::found::{Found, Unreadable, shown};
use crate::xml::{Element, Listener, root, walk};

/// The share of lines that were covered. Counted are the lines; only a report without any is believed what
/// it says of itself.
///
/// # Errors
/// What is no Cobertura XML, one that ends too early, one that tells of no line.
pub fn cobertura(bytes: &[u8]) -> Result<Found, Unreadable> {
    let mut report = Report::default();
    walk(bytes, &mut report)?;
    if report.coverage.is_empty() {
        return report.says.unwrap_or_default().found();
    }
    report.coverage.found()
}

#[derive(Default)]
struct Report {
    coverage: Coverage,
    /// What the root says.
    says: Option<Reached>,
    /// The file of the class that is being read.
    file: Option<String>,
    /// Whether its methods are being read: their lines come again with the class.
    in_methods: bool,
}

impl Listener for Report {
    fn open(&mut self, element: &Element<'_>) -> Result<(), String> {
        if element.depth == 0 {
            root(element, &["coverage"])?;
            let lines = count(element, "lines-covered")?;
            let of = count(element, "lines-valid")?;
            self.says = lines.zip(of).map(|(lines, of)| Reached { lines, of });
        }
        match (element.name(), &self.file) {
            ("class", _) => self.file = Some(element.text("filename")?),
            ("methods", _) => self.in_methods = true,
            ("line", Some(file)) if !self.in_methods => {
                let number = count(element, "number")?.ok_or("a <line> without a number")?;
                let hits = element.attribute("hits")?.ok_or("a <line> without hits")?;
                let reached = hits.trim().parse::<u64>();
                let reached = reached.map_err(|_odd| format!("`{}` are no hits", shown(&hits)))?;
                self.coverage.add(file, number, reached > 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        match name {
            "class" => self.file = None,
            "methods" => self.in_methods = false,
            _ => {}
        }
        Ok(())
    }
}

fn count(element: &Element<'_>, name: &str) -> Result<Option<u32>, String> {
    let value: Option<Cow<'_, str>> = element.attribute(name)?;
    let read = |text: Cow<'_, str>| {
        let number = text.trim().parse();
        number.map_err(|_odd| format!("`{}` is no number: {name}", shown(&text)))
    };
    value.map(read).transpose()
}
