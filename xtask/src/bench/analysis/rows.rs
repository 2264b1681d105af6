//! Runs the example and reads its rows.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::build::example;
use crate::bench::program;
use crate::bench::row::{Anchor, Goal, Measure};
use crate::bench::timing::figure;
use crate::workspace::Workspace;

/// What the issue allows on two cores.
const WITHIN: Duration = Duration::from_mins(5);

/// One line of the example.
#[derive(Debug, Deserialize)]
struct Line {
    name: String,
    value: f64,
    unit: String,
    anchor: Option<LineAnchor>,
    goal: Option<LineGoal>,
}

#[derive(Debug, Deserialize)]
struct LineAnchor {
    name: String,
    value: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LineGoal {
    AtMost(f64),
    AtLeast(f64),
    TimesAnchor(f64),
    NearAnchor(f64),
}

impl From<Line> for Measure {
    /// A row lives as long as the process, and there are some dozens of them: their names may leak.
    fn from(line: Line) -> Self {
        Self {
            name: line.name.leak(),
            value: line.value,
            unit: line.unit.leak(),
            anchor: line.anchor.map(|anchor| Anchor {
                name: anchor.name.leak(),
                value: anchor.value,
            }),
            goal: match line.goal {
                None => Goal::Told,
                Some(LineGoal::AtMost(limit)) => Goal::AtMost(limit),
                Some(LineGoal::AtLeast(limit)) => Goal::AtLeast(limit),
                Some(LineGoal::TimesAnchor(times)) => Goal::TimesAnchor(times),
                Some(LineGoal::NearAnchor(part)) => Goal::NearAnchor(part),
            },
        }
    }
}

/// Everything that the example prints, and how long it took.
pub(super) fn rows(workspace: &Workspace) -> anyhow::Result<Vec<Measure>> {
    let program = example(workspace, "windlass-analysis", "characteristics")?;
    let scratch = workspace.target.join("bench");
    fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
    let ended = program::run(&mut Command::new(program), &scratch, WITHIN)?;
    let mut rows = read(&ended.out)?;
    anyhow::ensure!(!rows.is_empty(), "the simulation printed no row");
    rows.push(Measure {
        name: "simulation_rows",
        value: figure(rows.len()),
        unit: "rows",
        anchor: None,
        goal: Goal::Told,
    });
    rows.push(Measure {
        name: "simulation_time",
        value: ended.elapsed.as_secs_f64(),
        unit: "s",
        anchor: None,
        goal: Goal::AtMost(WITHIN.as_secs_f64()),
    });
    Ok(rows)
}

fn read(text: &str) -> anyhow::Result<Vec<Measure>> {
    text.lines()
        .map(|line| {
            let line: Line = serde_json::from_str(line).context("read a row of the simulation")?;
            Ok(Measure::from(line))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_simulation_is_read_with_its_goal() {
        let text = r#"{"name":"x","value":2.0,"unit":"requests","anchor":{"name":"table","value":1.9},"goal":{"near_anchor":0.1}}"#;
        let rows = read(text).expect("read");
        assert_eq!(rows[0].goal, Goal::NearAnchor(0.1));
        assert_eq!(rows[0].anchor.as_ref().map(|a| a.name), Some("table"));
        assert!(read("{}").is_err());
    }
}
