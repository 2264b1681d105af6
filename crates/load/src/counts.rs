//! What came of the requests.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::connection::Answer;
use crate::histogram::Histogram;

/// Failures kept with time and reason; the later ones are only counted.
pub const FAILURES_KEPT: usize = 20;

/// Most different version chains, and most different `Windlass-Error` codes, counted apart.
const KEYS_MOST: usize = 256;

/// Under what the chains and codes beyond [`KEYS_MOST`] are counted.
const OTHER: &str = "(other)";

/// What came of a run, or of a part of it.
///
/// `sent` = good + `failed` + those still under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were due and taken on.
    pub sent: u64,
    /// Requests answered to the end of the body, whatever the status.
    pub answered: u64,
    /// Requests without an answer, with another status than 2xx, or without a version chain.
    pub failed: u64,
    /// Answers by their `Version-Chain`, such as `web=2,api=1,auth=1`.
    pub by_chain: BTreeMap<String, ChainCounts>,
    /// Answers without a version chain.
    pub without_chain: u64,
    /// Answers that Windlass itself generated, by their `Windlass-Error`.
    pub windlass_errors: BTreeMap<String, u64>,
    /// Time from when a request was due to the end of its answer; answered requests only.
    pub latency: Histogram,
    /// The first failures, at most [`FAILURES_KEPT`].
    pub failures: Vec<Failure>,
    /// When the earliest and the latest of all that failed were due, milliseconds since the start of
    /// the load: one that waits in vain is seen to have failed only much later.
    pub failed_due_ms: Option<[u64; 2]>,
}

/// Answers with one version chain. Times are milliseconds since the start of the load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainCounts {
    /// With status 2xx.
    pub ok: u64,
    /// With status 5xx.
    pub server_errors: u64,
    /// With any other status.
    pub other: u64,
    /// When the first one ended.
    pub first_ms: u64,
    /// When the last one ended.
    pub last_ms: u64,
    /// When the first one that was not 2xx ended.
    pub first_bad_ms: Option<u64>,
    /// When the last one that was not 2xx ended.
    pub last_bad_ms: Option<u64>,
}

/// One request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When it was seen, milliseconds since the start of the load.
    pub at_ms: u64,
    /// What was seen, such as `HTTP 503 (no_capacity)` or `no answer within 5s`.
    pub reason: String,
}

impl Counts {
    /// Requests answered with 2xx and a version chain.
    pub fn good(&self) -> u64 {
        self.by_chain.values().map(|chain| chain.ok).sum()
    }

    /// Requests that have neither been answered nor failed yet.
    pub fn under_way(&self) -> u64 {
        self.sent
            .saturating_sub(self.good())
            .saturating_sub(self.failed)
    }

    /// What came since `earlier`, an older snapshot of the same load. First and last times stay
    /// those of the whole run.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            sent: self.sent.saturating_sub(earlier.sent),
            answered: self.answered.saturating_sub(earlier.answered),
            failed: self.failed.saturating_sub(earlier.failed),
            by_chain: chains_since(&self.by_chain, &earlier.by_chain),
            without_chain: self.without_chain.saturating_sub(earlier.without_chain),
            windlass_errors: errors_since(&self.windlass_errors, &earlier.windlass_errors),
            latency: self.latency.since(&earlier.latency),
            failures: self
                .failures
                .iter()
                .skip(earlier.failures.len())
                .cloned()
                .collect(),
            failed_due_ms: self.failed_due_ms.filter(|_| self.failed > earlier.failed),
        }
    }

    /// Counts the end of one request, `at` after the start of the load.
    pub(crate) fn record(
        &mut self,
        at: Duration,
        latency: Duration,
        result: &Result<Answer, String>,
    ) {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let at_ms = millis(at);
        let failed = match result {
            Ok(answer) => {
                self.answered += 1;
                self.latency.record(latency);
                self.record_answer(at_ms, answer)
            }
            Err(reason) => Some(reason.clone()),
        };
        if let Some(reason) = failed {
            self.fail(at_ms, millis(at.saturating_sub(latency)), reason);
        }
    }

    /// Counts it; why it is a failure, if it is one.
    fn record_answer(&mut self, at_ms: u64, answer: &Answer) -> Option<String> {
        if let Some(code) = &answer.windlass_error {
            *entry(&mut self.windlass_errors, code) += 1;
        }
        match &answer.chain {
            Some(chain) => entry(&mut self.by_chain, chain).record(at_ms, answer.status),
            None => self.without_chain += 1,
        }
        if !(200..300).contains(&answer.status) {
            let code = answer
                .windlass_error
                .as_deref()
                .map(|code| format!(" ({code})"));
            return Some(format!(
                "HTTP {}{}",
                answer.status,
                code.unwrap_or_default()
            ));
        }
        let nameless = answer.chain.is_none();
        nameless.then(|| format!("HTTP {} without a Version-Chain", answer.status))
    }

    fn fail(&mut self, at_ms: u64, due_ms: u64, reason: String) {
        self.failed += 1;
        let [earliest, latest] = self.failed_due_ms.unwrap_or([due_ms; 2]);
        self.failed_due_ms = Some([earliest.min(due_ms), latest.max(due_ms)]);
        if self.failures.len() < FAILURES_KEPT {
            self.failures.push(Failure { at_ms, reason });
        }
    }
}

impl ChainCounts {
    /// All answers with this chain.
    pub fn total(&self) -> u64 {
        self.ok + self.server_errors + self.other
    }

    fn record(&mut self, at_ms: u64, status: u16) {
        if self.total() == 0 {
            self.first_ms = at_ms;
        }
        self.last_ms = at_ms;
        match status {
            200..300 => {
                self.ok += 1;
                return;
            }
            500..600 => self.server_errors += 1,
            _ => self.other += 1,
        }
        self.first_bad_ms.get_or_insert(at_ms);
        self.last_bad_ms = Some(at_ms);
    }
}

/// The value of `key`, or of [`OTHER`] when there are too many keys.
fn entry<'m, V: Default>(map: &'m mut BTreeMap<String, V>, key: &str) -> &'m mut V {
    let kept = if map.contains_key(key) || map.len() < KEYS_MOST {
        key
    } else {
        OTHER
    };
    map.entry(kept.to_owned()).or_default()
}

fn chains_since(
    now: &BTreeMap<String, ChainCounts>,
    then: &BTreeMap<String, ChainCounts>,
) -> BTreeMap<String, ChainCounts> {
    let none = ChainCounts::default();
    let differences = now.iter().map(|(chain, now)| {
        let then = then.get(chain).unwrap_or(&none);
        let difference = ChainCounts {
            ok: now.ok.saturating_sub(then.ok),
            server_errors: now.server_errors.saturating_sub(then.server_errors),
            other: now.other.saturating_sub(then.other),
            ..now.clone()
        };
        (chain.clone(), difference)
    });
    differences
        .filter(|(_, difference)| difference.total() > 0)
        .collect()
}

fn errors_since(
    now: &BTreeMap<String, u64>,
    then: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let differences = now.iter().map(|(code, now)| {
        (
            code.clone(),
            now.saturating_sub(then.get(code).copied().unwrap_or(0)),
        )
    });
    differences
        .filter(|(_, difference)| *difference > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, chain: Option<&str>, error: Option<&str>) -> Answer {
        Answer {
            status,
            chain: chain.map(str::to_owned),
            windlass_error: error.map(str::to_owned),
        }
    }

    fn at(ms: u64, counts: &mut Counts, answer: Answer) {
        ended(ms, counts, &Ok(answer));
    }

    fn ended(ms: u64, counts: &mut Counts, result: &Result<Answer, String>) {
        counts.sent += 1;
        counts.record(Duration::from_millis(ms), Duration::from_millis(1), result);
    }

    #[test]
    fn each_kind_of_end_is_counted_where_it_belongs() {
        let mut counts = Counts::default();
        at(10, &mut counts, answer(200, Some("web=1"), None));
        at(20, &mut counts, answer(200, Some("web=2"), None));
        at(30, &mut counts, answer(500, Some("web=2"), None));
        at(40, &mut counts, answer(404, Some("web=2"), None));
        at(50, &mut counts, answer(200, None, None));
        at(60, &mut counts, answer(503, None, Some("no_capacity")));
        ended(70, &mut counts, &Err("connection refused".to_owned()));
        assert_eq!((counts.sent, counts.answered, counts.failed), (7, 6, 5));
        assert_eq!(
            (counts.good(), counts.under_way(), counts.without_chain),
            (2, 0, 2)
        );
        assert_eq!(counts.latency.count(), 6);
        assert_eq!(counts.windlass_errors.get("no_capacity"), Some(&1));
        let expected = ChainCounts {
            ok: 1,
            server_errors: 1,
            other: 1,
            first_ms: 20,
            last_ms: 40,
            first_bad_ms: Some(30),
            last_bad_ms: Some(40),
        };
        assert_eq!(counts.by_chain.get("web=2"), Some(&expected));
        let reasons: Vec<&str> = counts.failures.iter().map(|f| f.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "HTTP 500",
                "HTTP 404",
                "HTTP 200 without a Version-Chain",
                "HTTP 503 (no_capacity)",
                "connection refused"
            ]
        );
        assert_eq!(counts.failures.first().map(|f| f.at_ms), Some(30));
    }

    #[test]
    fn those_that_failed_are_placed_by_when_they_were_due() {
        let mut counts = Counts::default();
        at(10, &mut counts, answer(200, Some("web=1"), None));
        assert_eq!(counts.failed_due_ms, None);
        let mut waited = |at, for_ms| {
            let [at, latency] = [at, for_ms].map(Duration::from_millis);
            counts.record(at, latency, &Err("no answer".to_owned()));
        };
        waited(5_120, 5_000);
        waited(5_130, 30);
        waited(5_140, 5_050);
        assert_eq!(counts.failed_due_ms, Some([90, 5_100]));
    }

    #[test]
    fn a_segment_holds_only_what_came_in_it() {
        let mut counts = Counts::default();
        at(10, &mut counts, answer(200, Some("web=1"), None));
        at(20, &mut counts, answer(503, None, Some("a")));
        let earlier = counts.clone();
        assert_eq!(counts.since(&earlier), Counts::default());
        at(30, &mut counts, answer(200, Some("web=2"), None));
        at(40, &mut counts, answer(503, None, Some("b")));
        let segment = counts.since(&earlier);
        assert_eq!((segment.sent, segment.answered, segment.failed), (2, 2, 1));
        assert_eq!(segment.by_chain.keys().collect::<Vec<_>>(), ["web=2"]);
        assert_eq!(segment.windlass_errors.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(segment.failures.first().map(|f| f.at_ms), Some(40));
        assert_eq!(segment.latency.count(), 2);
    }

    #[test]
    fn chains_and_failures_have_a_limit() {
        let mut counts = Counts::default();
        for n in 0..KEYS_MOST + 10 {
            at(1, &mut counts, answer(500, Some(&format!("web={n}")), None));
        }
        assert_eq!(counts.by_chain.len(), KEYS_MOST + 1);
        assert_eq!(counts.by_chain.get(OTHER).map(ChainCounts::total), Some(10));
        assert_eq!(counts.failures.len(), FAILURES_KEPT);
        assert_eq!(counts.failed, KEYS_MOST as u64 + 10);
    }
}
