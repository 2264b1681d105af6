//! What a run of benches found, as text for a person, or as one object for a program.

use anyhow::Context as _;
use serde::Serialize;

use crate::bench::occasion::Occasion;
use crate::bench::row::Row;
use crate::bench::table;

/// What a run of benches found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    occasion: Occasion,
    /// Every part, in the order measured.
    parts: Vec<Spent>,
    /// Every row, in the order measured.
    rows: Vec<Row>,
    /// No goal was missed.
    ok: bool,
}

/// How long a part took.
#[derive(Debug, Serialize)]
pub(crate) struct Spent {
    pub(crate) bench: &'static str,
    pub(crate) part: &'static str,
    pub(crate) seconds: f64,
    /// The machine's load average over a minute, before and after.
    pub(crate) load: [f64; 2],
}

impl Report {
    /// Nothing is measured yet.
    pub(crate) fn new(occasion: Occasion) -> Self {
        Self {
            occasion,
            parts: Vec::new(),
            rows: Vec::new(),
            ok: true,
        }
    }

    /// Adds a part; the report is well unless a goal was missed.
    pub(crate) fn add(&mut self, spent: Spent, rows: impl Iterator<Item = Row>) {
        self.parts.push(spent);
        self.rows.extend(rows);
        self.ok = self.missed().is_empty();
    }

    /// The names of the rows that missed their goal.
    pub(crate) fn missed(&self) -> Vec<&'static str> {
        let missed = self.rows.iter().filter(|row| row.pass == Some(false));
        missed.map(|row| row.name).collect()
    }

    /// One JSON object, with a line end.
    pub(crate) fn json(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string_pretty(self).context("write the rows as JSON")?;
        text.push('\n');
        Ok(text)
    }

    /// For each bench where and when its figures were taken, and a table in Markdown: a page about them
    /// takes both as they are.
    pub(crate) fn text(&self) -> String {
        let mut texts = Vec::new();
        for parts in self.parts.chunk_by(|one, next| one.bench == next.bench) {
            let of_bench = |row: &&Row| parts.iter().any(|part| part.bench == row.bench);
            let rows: Vec<&Row> = self.rows.iter().filter(of_bench).collect();
            texts.push(format!("{}\n\n{}", self.above(parts), table::of(&rows)));
        }
        texts.join("\n")
    }

    /// What stands above the table of these parts.
    fn above(&self, parts: &[Spent]) -> String {
        let Occasion {
            command,
            commit,
            date,
            machine,
        } = &self.occasion;
        let loads = || parts.iter().flat_map(|part| part.load);
        let least = loads().fold(f64::INFINITY, f64::min);
        let most = loads().fold(0.0, f64::max);
        let each = parts
            .iter()
            .map(|part| format!("{} {:.0}", part.part, part.seconds));
        let seconds: f64 = parts.iter().map(|part| part.seconds).sum();
        format!(
            "`{command}` of {commit} on {date}: {machine}; load average {least:.1} to {most:.1}; {seconds:.0} s \
             ({}).",
            each.collect::<Vec<_>>().join(", ")
        )
    }
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
        let mut report = Report::new(Occasion {
            command: "cargo xtask bench spine".to_owned(),
            commit: "1234567".to_owned(),
            date: "2026-11-27".to_owned(),
            machine: "2 cores (Some CPU), Debian, Linux 6".to_owned(),
        });
        for (part, measure) in [("size", size), ("start_up", start_up)] {
            let spent = Spent {
                bench: "spine",
                part,
                seconds: 1.6,
                load: [0.2, value / 10.0],
            };
            let row = Row::judge("spine", &measure, 0.25);
            report.add(spent, [row].into_iter());
        }
        report
    }

    #[test]
    fn a_bench_is_told_by_where_and_when_and_a_table() {
        let expected = "\
`cargo xtask bench spine` of 1234567 on 2026-11-27: 2 cores (Some CPU), Debian, Linux 6; load average 0.2 to 4.0; 3 s \
(size 2, start_up 2).

| row            | Windlass | beside         | ratio | bar     | verdict    |
|----------------|----------|----------------|-------|---------|------------|
| `binary_size`  | 9.50 MB  |                |       |         |            |
| `cli_start_up` | 40 ms    | /bin/true 2 ms | 20.00 | ≤ 20 ms | **missed** |
";
        assert_eq!(report(40.0).text(), expected);
    }

    #[test]
    fn the_object_carries_rows_times_and_verdict() {
        let text = report(4.0).json().expect("it can be written");
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(
            (&value["ok"], &value["commit"]),
            (&true.into(), &"1234567".into())
        );
        assert_eq!(value["parts"][1]["part"], "start_up");
        assert_eq!(value["parts"][1]["seconds"], 1.6);
        let row = &value["rows"][1];
        let keys = [
            "name",
            "value",
            "unit",
            "anchor",
            "anchor_value",
            "ratio",
            "rounds",
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
