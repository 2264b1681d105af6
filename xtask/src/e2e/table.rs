//! What came of all of it.

use serde::Serialize;

use crate::e2e::candidate::Candidate;
use crate::e2e::play::Played;

/// Characters of a reason in the table; JSON has all of it.
const REASON_CHARS: usize = 96;

/// One candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) candidate: String,
    pub(super) verdict: String,
    pub(super) reason: String,
    pub(super) detected_ms: Option<u64>,
    pub(super) requests: Option<u64>,
    /// Whether that is what had to come of it, for a reason that had to be given.
    pub(super) ok: bool,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// Requests in a second that were asked for, and that were answered.
    pub(super) asked_per_second: u32,
    pub(super) answered_per_second: f64,
    pub(super) ok: bool,
}

impl Row {
    /// Of one that had to go back.
    pub(super) fn bad(candidate: Candidate, played: &Played) -> Self {
        let given = candidate
            .reasons()
            .iter()
            .any(|reason| played.reason.contains(reason));
        let at = candidate
            .only_at()
            .is_none_or(|share| played.judged_at == Some(share));
        Self {
            candidate: candidate.name().to_owned(),
            verdict: played.outcome.clone(),
            reason: played.reason.clone(),
            detected_ms: Some(played.detected_ms),
            requests: Some(played.requests),
            ok: played.outcome == "rolled_back" && given && at,
        }
    }

    /// Of one that had to stay.
    pub(super) fn healthy(number: u32, played: &Played) -> Self {
        Self {
            candidate: format!("healthy-{number}"),
            verdict: played.outcome.clone(),
            reason: played.reason.clone(),
            detected_ms: None,
            requests: None,
            ok: played.outcome == "promoted",
        }
    }
}

impl Table {
    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{:<12} {:<12} {:>9} {:>9}  reason\n",
            "candidate", "verdict", "detected", "requests"
        );
        for row in &self.rows {
            let number = |value: Option<u64>, unit: &str| {
                value.map_or_else(|| "-".to_owned(), |value| format!("{value}{unit}"))
            };
            let short: String = row.reason.chars().take(REASON_CHARS).collect();
            let mark = if row.ok { "" } else { "NOT AS IT HAD TO BE: " };
            text.push_str(&format_row(
                [&row.candidate, &row.verdict],
                [&number(row.detected_ms, " ms"), &number(row.requests, "")],
                &format!("{mark}{short}"),
            ));
        }
        let rate = format!(
            "{} requests a second asked for, {:.0} answered\n",
            self.asked_per_second, self.answered_per_second
        );
        text + &rate
    }
}

fn format_row(names: [&str; 2], numbers: [&str; 2], reason: &str) -> String {
    let [candidate, verdict] = names;
    let [detected, requests] = numbers;
    let row = format!("{candidate:<12} {verdict:<12} {detected:>9} {requests:>9}  {reason}");
    format!("{}\n", row.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(outcome: &str, reason: &str) -> Played {
        Played {
            outcome: outcome.to_owned(),
            reason: reason.to_owned(),
            judged_at: Some(50),
            detected_ms: 1_200,
            requests: 240,
        }
    }

    #[test]
    fn another_reason_is_not_the_right_one_and_neither_is_another_share() {
        let ok = |candidate, outcome: &str, reason: &str| {
            Row::bad(candidate, &played(outcome, reason)).ok
        };
        let worse = "errors 1.00 % against 0.00 % beside it: worse, 2.0 to 9.0 times as often";
        assert!(ok(Candidate::Overload, "rolled_back", worse));
        let at_20 = Played {
            judged_at: Some(20),
            ..played("rolled_back", worse)
        };
        assert!(!Row::bad(Candidate::Overload, &at_20).ok);
        assert!(!ok(Candidate::Overload, "promoted", worse));
        assert!(!ok(Candidate::Leak, "rolled_back", worse));
    }

    #[test]
    fn the_table_says_what_is_not_as_it_had_to_be() {
        let rows = vec![
            Row::bad(
                Candidate::Leak,
                &played("rolled_back", "memory > 95% for 2s"),
            ),
            Row::healthy(1, &played("rolled_back", "crash")),
        ];
        let table = Table {
            rows,
            asked_per_second: 1_000,
            answered_per_second: 998.4,
            ok: false,
        };
        let lines: Vec<String> = table.text().lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "candidate    verdict       detected  requests  reason",
                "leak         rolled_back    1200 ms       240  memory > 95% for 2s",
                "healthy-1    rolled_back          -         -  NOT AS IT HAD TO BE: crash",
                "1000 requests a second asked for, 998 answered",
            ]
        );
    }
}
