//! Where the time of one deployment went, from the events that it printed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use crate::bench::timing::{median, milliseconds};

/// From the start of the command to the first event: reading, planning, keeping the releases.
const BEFORE: &str = "until it began";
/// From the last event to the end of the command.
const AFTER: &str = "after its end";
/// What ends the wait for readiness.
const READY: &str = "instance_ready";
/// What ends a bake.
const BAKED: &str = "rollout_passed";

/// One event, as far as it is needed.
#[derive(Debug, Deserialize)]
struct Event {
    at_us: u64,
    facts: Vec<Value>,
}

/// The events of one deployment whose services roll one after the other.
#[derive(Debug)]
pub(super) struct Timeline {
    events: Vec<Event>,
}

/// The time of one deployment, by the fact that ended each piece of it.
#[derive(Debug)]
pub(super) struct Spent {
    pieces: BTreeMap<String, Duration>,
}

impl Timeline {
    /// Reads what `deploy -o ndjson` printed: one event a line, then the result.
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let events: Vec<Event> = text
            .lines()
            .filter(|line| line.starts_with("{\"sequence\":"))
            .map(|line| serde_json::from_str(line).context("read an event"))
            .collect::<anyhow::Result<_>>()?;
        anyhow::ensure!(
            !events.is_empty(),
            "the deployment printed no event: {text}"
        );
        Ok(Self { events })
    }

    /// Divides the time of a command that began at `begun`, since 1970, and took `elapsed`. A bake
    /// that was asked for is left out of its piece.
    pub(super) fn spent(
        &self,
        begun: Duration,
        elapsed: Duration,
        bake: Duration,
    ) -> anyhow::Result<Spent> {
        let mut pieces: BTreeMap<String, Duration> = BTreeMap::new();
        let mut add = |name: &str, time: Duration| {
            *pieces.entry(name.to_owned()).or_default() += time;
        };
        let mut last = begun;
        for (number, event) in self.events.iter().enumerate() {
            let at = Duration::from_micros(event.at_us);
            let piece = at.saturating_sub(last);
            last = at;
            match event.name() {
                _ if number == 0 => add(BEFORE, piece),
                BAKED => {
                    let beyond = piece.checked_sub(bake);
                    add(
                        BAKED,
                        beyond.context("a service passed before its bake was over")?,
                    );
                }
                name => add(name, piece),
            }
        }
        add(AFTER, (begun + elapsed).saturating_sub(last));
        Ok(Spent { pieces })
    }
}

impl Event {
    /// Its first fact that is more than a change of phase.
    fn name(&self) -> &str {
        const PHASE: &str = "phase_entered";
        let names = self.facts.iter().filter_map(|fact| fact["fact"].as_str());
        names
            .into_iter()
            .find(|name| *name != PHASE)
            .unwrap_or(PHASE)
    }
}

impl Spent {
    /// All of it but the bakes.
    pub(super) fn beyond_bakes(&self) -> Duration {
        self.pieces.values().sum()
    }

    /// All of it but the bakes and the waits for a new instance to become ready.
    pub(super) fn beyond_waits(&self) -> Duration {
        let waited = self.pieces.get(READY).copied().unwrap_or_default();
        self.beyond_bakes().saturating_sub(waited)
    }

    /// From the start of the command to the first event.
    pub(super) fn planning(&self) -> Duration {
        self.pieces.get(BEFORE).copied().unwrap_or_default()
    }

    /// The middle one of each piece, in words.
    pub(super) fn told(samples: &[Self]) -> String {
        let mut names: Vec<&String> = samples
            .iter()
            .flat_map(|spent| spent.pieces.keys())
            .collect();
        names.sort_unstable();
        names.dedup();
        let middle = |name: &String| {
            let mut all: Vec<Duration> = samples
                .iter()
                .filter_map(|spent| spent.pieces.get(name).copied())
                .collect();
            milliseconds(median(&mut all).unwrap_or_default())
        };
        let told: Vec<String> = names
            .into_iter()
            .map(|name| format!("{name} {:.1}", middle(name)))
            .collect();
        told.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One service: 10 ms to begin, 20 to start, 100 until ready, 5 to shift, 1001 baked, 3 to end.
    const PRINTED: &str = r#"{"sequence":1,"at_us":1010000,"facts":[{"fact":"deployment_started"},{"fact":"phase_entered"}]}
{"sequence":2,"at_us":1030000,"facts":[{"fact":"instance_started"}]}
{"sequence":3,"at_us":1130000,"facts":[{"fact":"instance_ready"},{"fact":"phase_entered"}]}
{"sequence":4,"at_us":1135000,"facts":[{"fact":"traffic_shifted"},{"fact":"bake_started"}]}
{"sequence":5,"at_us":2136000,"facts":[{"fact":"phase_entered"},{"fact":"rollout_passed"}]}
{"sequence":6,"at_us":2139000,"facts":[{"fact":"ended"}]}
{"deployment":"dep_1","state":"ended"}
"#;

    fn spent(bake_ms: u64) -> anyhow::Result<Spent> {
        Timeline::read(PRINTED)?.spent(
            Duration::from_secs(1),
            Duration::from_millis(1_143),
            Duration::from_millis(bake_ms),
        )
    }

    #[test]
    fn every_piece_counts_but_the_waits_asked_for() {
        let spent = spent(1_000).expect("read");
        assert_eq!(spent.beyond_bakes(), Duration::from_millis(143));
        assert_eq!(spent.beyond_waits(), Duration::from_millis(43));
        assert_eq!(spent.planning(), Duration::from_millis(10));
        assert_eq!(
            Spent::told(&[spent]),
            "after its end 4.0 · ended 3.0 · instance_ready 100.0 · instance_started 20.0 · \
             rollout_passed 1.0 · traffic_shifted 5.0 · until it began 10.0"
        );
    }

    #[test]
    fn a_bake_that_was_cut_short_is_an_error() {
        assert!(spent(1_002).is_err());
    }

    #[test]
    fn a_deployment_without_events_is_an_error() {
        assert!(Timeline::read("{\"state\":\"ended\"}\n").is_err());
    }
}
