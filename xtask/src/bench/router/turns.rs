//! Whoever is measured has its turn in each round, ours as the others.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::bench::interrupt;
use crate::bench::router::cpu;
use crate::bench::router::pairs::{Bar, Pairs};
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::count;

/// What came of one load.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Loaded {
    /// Requests answered.
    pub(crate) requests: u64,
    /// How long it took.
    pub(crate) micros: u64,
    /// Requests without an answer, or with one that is not 2xx or 3xx.
    pub(crate) failed: u64,
    /// What half of them took, where that is told.
    #[serde(default)]
    pub(crate) p50_us: f64,
}

/// Somebody who is measured, and what its turns came to: one figure a round.
pub(crate) struct Contender {
    name: &'static str,
    address: SocketAddr,
    /// None for the origin itself.
    pid: Option<u32>,
    /// Microseconds of the processors for a request.
    cpu: Vec<f64>,
    /// Requests each second.
    rate: Vec<f64>,
    /// What half of them took, in microseconds.
    pub(crate) middle: Vec<f64>,
    failed: u64,
}

impl Contender {
    pub(crate) fn new(name: &'static str, address: SocketAddr, pid: Option<u32>) -> Self {
        Self {
            name,
            address,
            pid,
            cpu: Vec::new(),
            rate: Vec::new(),
            middle: Vec::new(),
            failed: 0,
        }
    }

    fn turn(
        &mut self,
        load: &mut impl FnMut(SocketAddr) -> anyhow::Result<Loaded>,
    ) -> anyhow::Result<()> {
        interrupt::check()?;
        let used = || self.pid.map_or(Ok(Duration::ZERO), cpu::used);
        let before = used()?;
        let loaded = load(self.address)?;
        let spent = used()?.saturating_sub(before);
        // Of nothing, everything would be little enough.
        anyhow::ensure!(loaded.requests > 0, "{} answered nothing", self.name);
        let requests = count(loaded.requests);
        self.cpu.push(spent.as_secs_f64() * 1e6 / requests);
        self.rate.push(requests * 1e6 / count(loaded.micros.max(1)));
        self.middle.push(loaded.p50_us);
        self.failed += loaded.failed;
        Ok(())
    }
}

/// Ours, and those beside it that are there.
pub(crate) struct Turns {
    pub(crate) ours: Contender,
    pub(crate) beside: Vec<Contender>,
}

impl Turns {
    /// So many rounds of `load`, in each of which everybody has a turn.
    ///
    /// # Errors
    /// One of them answers nothing.
    pub(crate) fn take(
        &mut self,
        rounds: usize,
        mut load: impl FnMut(SocketAddr) -> anyhow::Result<Loaded>,
    ) -> anyhow::Result<()> {
        for round in 0..rounds {
            let mut all: Vec<&mut Contender> = self.beside.iter_mut().collect();
            all.push(&mut self.ours);
            // Whoever goes first pays for what went before.
            let first = round % all.len();
            all.rotate_left(first);
            for contender in all {
                contender.turn(&mut load)?;
            }
        }
        Ok(())
    }

    /// One that is there.
    pub(crate) fn beside(&self, name: &str) -> Option<&Contender> {
        self.beside.iter().find(|other| other.name == name)
    }

    /// Time of the processors for a request.
    pub(crate) fn cpu(&self, row: &'static str, anchor: &'static str, bar: Option<Bar>) -> Measure {
        let other = self.beside(anchor).map(|other| other.cpu.as_slice());
        Pairs::new(&self.ours.cpu, other, anchor).measure(row, "us", bar)
    }

    /// Requests each second.
    pub(crate) fn rate(
        &self,
        row: &'static str,
        anchor: &'static str,
        bar: Option<Bar>,
    ) -> Measure {
        let other = self.beside(anchor).map(|other| other.rate.as_slice());
        Pairs::new(&self.ours.rate, other, anchor).measure(row, "/s", bar)
    }

    /// What half of the requests took.
    pub(crate) fn middle(
        &self,
        row: &'static str,
        anchor: &'static str,
        bar: Option<Bar>,
    ) -> Measure {
        let other = self.beside(anchor).map(|other| other.middle.as_slice());
        Pairs::new(&self.ours.middle, other, anchor).measure(row, "us", bar)
    }

    /// How many times as many requests each second one has as another, round by round; none if one is not there.
    pub(crate) fn faster(&self, one: &str, other: &str) -> Option<Vec<f64>> {
        let (one, other) = (self.beside(one)?, self.beside(other)?);
        let rounds = one.rate.iter().zip(&other.rate);
        Some(rounds.map(|(one, other)| one / other).collect())
    }

    /// Ours that failed.
    pub(crate) fn failed(&self, row: &'static str) -> Measure {
        Measure {
            name: row,
            value: count(self.ours.failed),
            unit: "requests",
            anchor: None,
            goal: Goal::AtMost(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns() -> Turns {
        let contender =
            |name, port| Contender::new(name, SocketAddr::from(([127, 0, 0, 1], port)), None);
        Turns {
            ours: contender("windlass", 1),
            beside: vec![contender("direct", 2), contender("haproxy", 3)],
        }
    }

    fn loaded(requests: u64) -> Loaded {
        Loaded {
            requests,
            micros: 2_000_000,
            failed: 1,
            p50_us: 0.0,
        }
    }

    #[test]
    fn each_round_begins_with_somebody_else() {
        let mut order = Vec::new();
        let mut turns = turns();
        let taken = turns.take(3, |address| {
            order.push(address.port());
            Ok(loaded(u64::from(address.port()) * 100))
        });
        taken.expect("measured");
        assert_eq!(order, [2, 3, 1, 3, 1, 2, 1, 2, 3]);
        let rounds = turns.faster("haproxy", "direct").expect("both are there");
        assert!(
            rounds.iter().all(|ratio| (ratio - 1.5).abs() < 1e-9),
            "{rounds:?}"
        );
        assert!((turns.failed("failed").value - 3.0).abs() < 1e-9);
    }

    #[test]
    fn who_answers_nothing_is_not_measured() {
        let nothing = turns().take(1, |_address| Ok(loaded(0)));
        let why = nothing.expect_err("nothing was measured").to_string();
        assert_eq!(why, "direct answered nothing");
    }
}
