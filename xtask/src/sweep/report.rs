//! What came of a sweep.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde::Serialize;

/// Everything that was swept.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// Plan by plan.
    pub(super) plans: Vec<Swept>,
    /// The seed of all that was chosen at random.
    pub(super) seed: u64,
    /// From the first lab to the last.
    pub(super) elapsed_ms: u64,
    /// Nothing was otherwise than it must be.
    pub(super) ok: bool,
}

/// One plan.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Swept {
    pub(super) plan: &'static str,
    /// Points that a run reaches.
    pub(super) points: usize,
    /// Of the controller, each at a point.
    pub(super) controller_kills: usize,
    /// Of the router, at random moments.
    pub(super) router_kills: usize,
    /// Of shims, at random moments.
    pub(super) shim_kills: usize,
    /// Sent in all runs.
    pub(super) requests: u64,
    /// What was otherwise than it must be.
    pub(super) failures: Vec<Failure>,
}

/// One kill after which something was otherwise.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Failure {
    /// The point, or the kill.
    pub(super) at: String,
    /// What differed.
    pub(super) what: Vec<String>,
}

impl Report {
    /// One JSON object, with a line end.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string_pretty(self).context("write the report as JSON")?;
        text.push('\n');
        Ok(text)
    }

    /// A line a plan, then every failure.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for swept in &self.plans {
            let Swept { failures, .. } = swept;
            // Writing to a string can't fail.
            writeln!(
                text,
                "{:9} {:4} points, kills: {} controller, {} router, {} shim; {} requests; {} failures",
                swept.plan,
                swept.points,
                swept.controller_kills,
                swept.router_kills,
                swept.shim_kills,
                swept.requests,
                failures.len()
            )
            .ok();
            for failure in failures {
                writeln!(text, "  {}", failure.at).ok();
                for what in &failure.what {
                    writeln!(text, "    {what}").ok();
                }
            }
        }
        let verdict = if self.ok { "ok" } else { "FAILED" };
        let seconds = self.elapsed_ms / 1_000;
        writeln!(text, "sweep {verdict} in {seconds} s, seed {}", self.seed).ok();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_points_kills_requests_and_what_differed() {
        let swept = Swept {
            plan: "one",
            points: 43,
            controller_kills: 43,
            router_kills: 2,
            shim_kills: 2,
            requests: 900,
            failures: vec![Failure {
                at: "web/route 1/after_effect".to_owned(),
                what: vec!["web stable: 2, without the kill 3".to_owned()],
            }],
        };
        let report = Report {
            plans: vec![swept],
            seed: 7,
            elapsed_ms: 12_345,
            ok: false,
        };
        let expected = "\
one         43 points, kills: 43 controller, 2 router, 2 shim; 900 requests; 1 failures
  web/route 1/after_effect
    web stable: 2, without the kill 3
sweep FAILED in 12 s, seed 7
";
        assert_eq!(report.text(), expected);
        let value: serde_json::Value =
            serde_json::from_str(&report.json().expect("plain")).expect("it is JSON");
        assert_eq!(
            value["plans"][0]["failures"][0]["at"],
            "web/route 1/after_effect"
        );
        assert_eq!(value["ok"], false);
    }
}
