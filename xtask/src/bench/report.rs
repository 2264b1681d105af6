//! Rows as a table for a person, or as one object for a program.

use anyhow::Context as _;
use serde::Serialize;

use crate::bench::row::Row;

/// What a run of benches found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Every row, in the order measured.
    pub(crate) rows: Vec<Row>,
    /// The machine's load average over a minute before the first row.
    pub(crate) load: f64,
    /// No goal was missed.
    pub(crate) ok: bool,
}

const HEADINGS: [&str; 7] = ["name", "value", "anchor", "ratio", "goal", "pass", "load"];

impl Report {
    /// A report on these rows; it is well unless a goal was missed.
    pub(crate) fn new(rows: Vec<Row>, load: f64) -> Self {
        let ok = rows.iter().all(|row| row.pass != Some(false));
        Self { rows, load, ok }
    }

    /// The names of the rows that missed their goal.
    pub(crate) fn missed(&self) -> Vec<&'static str> {
        self.rows
            .iter()
            .filter(|row| row.pass == Some(false))
            .map(|row| row.name)
            .collect()
    }

    /// One JSON object, with a line end.
    pub(crate) fn json(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string_pretty(self).context("write the rows as JSON")?;
        text.push('\n');
        Ok(text)
    }

    /// A table with one line a row.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![HEADINGS.map(str::to_owned)];
        lines.extend(self.rows.iter().map(cells));
        let widths: Vec<usize> = (0..HEADINGS.len())
            .map(|column| {
                lines
                    .iter()
                    .map(|line| line[column].len())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for line in &lines {
            let padded: Vec<String> = line
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            text.push_str(padded.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

fn cells(row: &Row) -> [String; HEADINGS.len()] {
    let anchor = match (row.anchor, row.anchor_value) {
        (Some(name), Some(value)) => format!("{name} {value:.3} {}", row.unit),
        (Some(_), None) | (None, Some(_) | None) => "-".to_owned(),
    };
    let pass = match row.pass {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "-",
    };
    [
        row.name.to_owned(),
        format!("{:.3} {}", row.value, row.unit),
        anchor,
        row.ratio
            .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
        row.goal.clone().unwrap_or_else(|| "-".to_owned()),
        pass.to_owned(),
        format!("{:.2}", row.load),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::{Anchor, Goal, Measure};

    fn report(value: f64) -> Report {
        let start_up = Measure {
            name: "cli_start_up",
            value,
            unit: "ms",
            anchor: Some(Anchor {
                name: "/bin/true",
                value: 2.0,
            }),
            goal: Goal::AtMost(20.0),
        };
        let size = Measure {
            name: "binary_size",
            value: 9.5,
            unit: "MB",
            anchor: None,
            goal: Goal::Told,
        };
        let rows = [size, start_up].map(|measure| Row::judge("spine", &measure, 0.25));
        Report::new(rows.into(), 0.25)
    }

    #[test]
    fn the_table_has_a_line_for_each_row() {
        let expected = "\
name          value      anchor              ratio  goal      pass  load
binary_size   9.500 MB   -                   -      -         -     0.25
cli_start_up  40.000 ms  /bin/true 2.000 ms  20.00  <= 20 ms  NO    0.25
";
        assert_eq!(report(40.0).table(), expected);
    }

    #[test]
    fn the_object_carries_rows_load_and_verdict() {
        let text = report(4.0).json().expect("it can be written");
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(value["load"], 0.25);
        assert_eq!(value["ok"], true);
        let row = &value["rows"][1];
        let keys = [
            "name",
            "value",
            "unit",
            "anchor",
            "anchor_value",
            "ratio",
            "goal",
            "pass",
        ];
        assert!(keys.iter().all(|key| row.get(key).is_some()), "{row}");
        assert_eq!(row["ratio"], 2.0);
    }

    #[test]
    fn a_missed_goal_is_named() {
        assert_eq!(report(40.0).missed(), ["cli_start_up"]);
        assert!(!report(40.0).ok && report(4.0).ok);
    }
}
