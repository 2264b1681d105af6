//! What was answered in one interval.

use serde::{Deserialize, Serialize};
use windlass_model::{Beyond, LATENCY_EDGES_US, Millis, Percent, Percentile, latency_edge};

use crate::numbers::real;
use crate::numbers::real::ceiling;
use crate::ratio::Arm;

/// What one release answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Answers, and requests that got none.
    pub answers: u64,
    /// Those among them that were errors.
    pub errors: u64,
    /// Answers by the time they took: one count per bucket of [`LATENCY_EDGES_US`] and one above.
    /// Anything of another length is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<u64>,
    /// How many took longer than each threshold that is no edge, where the router has counted that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Beyond>,
}

/// One interval of both releases. The next one begins where this ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Its begin.
    pub from_ms: u64,
    /// Its end.
    pub until_ms: u64,
    /// The release that is judged.
    pub candidate: Counts,
    /// The release that served before.
    pub stable: Counts,
}

/// How the requests of one interval were dealt out: what a comparison of both rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dealt {
    /// The candidate's share, the same all through the interval; none where it changed or nobody knows
    /// it, so that nothing can be compared.
    pub share: Option<Percent>,
    /// Requests that came to the stable release.
    pub stable: u64,
    /// Requests that came to the candidate.
    pub candidate: u64,
    /// Those of the stable release's answers whose requests came at another share.
    pub late_stable: Counts,
    /// The same of the candidate.
    pub late_candidate: Counts,
}

impl Counts {
    /// Adds what was answered later.
    pub fn add(&mut self, later: &Self) {
        // Before the buckets are: where one of both does not say, only what is certain counts of it.
        let mut beyond = self.beyond.clone();
        for one in &later.beyond {
            if !beyond.iter().any(|known| known.than == one.than) {
                beyond.push(*one);
            }
        }
        for one in &mut beyond {
            let [before, more] = [&*self, later].map(|counts| counts.slower_than(one.than).bad);
            one.answers = before.saturating_add(more);
        }
        self.beyond = beyond;
        self.answers = self.answers.saturating_add(later.answers);
        self.errors = self.errors.saturating_add(later.errors);
        if self.latency.len() < later.latency.len() {
            self.latency.resize(later.latency.len(), 0);
        }
        for (sum, count) in self.latency.iter_mut().zip(&later.latency) {
            *sum = sum.saturating_add(*count);
        }
    }

    /// Answers and errors.
    pub const fn failed(&self) -> Arm {
        Arm {
            requests: self.answers,
            bad: self.errors,
        }
    }

    /// Without those.
    pub(super) fn less(&self, those: &Self) -> Self {
        let mut rest = self.clone();
        // Of those nobody counted it.
        rest.beyond.clear();
        rest.answers = rest.answers.saturating_sub(those.answers);
        rest.errors = rest.errors.saturating_sub(those.errors);
        for (count, late) in rest.latency.iter_mut().zip(&those.latency) {
            *count = count.saturating_sub(*late);
        }
        rest
    }

    /// Answers that took longer than each edge; empty where times are not known.
    pub(super) fn beyond_each(&self) -> Vec<u64> {
        let mut beyond: Vec<u64> = self.by_time().to_vec();
        let mut sum = 0;
        for count in beyond.iter_mut().rev() {
            let own = *count;
            *count = sum;
            sum += own;
        }
        beyond
    }

    /// The edge that so many of a hundred answers did not take longer than: the upper one of the
    /// bucket of the nearest rank. None without answers, or where it is above all edges.
    pub(super) fn edge_of(&self, percent: u64) -> Option<u64> {
        let counted = self.by_time();
        let all: u64 = counted.iter().sum();
        let rank = all.saturating_mul(percent).div_ceil(100).max(1);
        let mut before = 0;
        let bucket = counted.iter().position(|count| {
            before += count;
            before >= rank
        });
        bucket.and_then(|bucket| LATENCY_EDGES_US.get(bucket).copied())
    }

    fn by_time(&self) -> &[u64] {
        if self.latency.len() == LATENCY_EDGES_US.len() + 1 {
            &self.latency
        } else {
            &[]
        }
    }

    /// Answers, and those that certainly took longer. Exact where the router has counted it, or where the
    /// time is one of the edges; else it is counted from the next one on.
    pub fn slower_than(&self, time: Millis) -> Arm {
        let certain = self.beyond(latency_edge(time.as_millis().saturating_mul(1_000)));
        let counted = self.beyond.iter().find(|one| one.than == time);
        Arm {
            bad: counted.map_or(certain.bad, |one| one.answers.min(certain.requests)),
            ..certain
        }
    }

    /// Answers, and those that took longer than this edge; none above all of them.
    pub(super) fn beyond(&self, edge: Option<u64>) -> Arm {
        let counted = self.by_time();
        // The bucket after the edge is the first that holds nothing but slower ones.
        let first = edge.map(|edge| LATENCY_EDGES_US.partition_point(|e| *e <= edge));
        let slower = first.and_then(|first| counted.get(first..));
        Arm {
            requests: counted.iter().sum(),
            bad: slower.unwrap_or_default().iter().sum(),
        }
    }

    /// How many answers have a time.
    pub fn timed(&self) -> u64 {
        self.by_time().iter().sum()
    }

    /// The time of an answer by nearest rank, in microseconds, placed within its bucket in proportion.
    /// None without answers.
    pub fn percentile(&self, percentile: Percentile) -> Option<f64> {
        let counted = self.by_time();
        let all: u64 = counted.iter().sum();
        // A product such as 0.95 * 20 comes out a hair above the whole number it is.
        let rank = ceiling(percentile.0.fraction() * real(all) - 1e-9).max(1);
        let mut before = 0;
        for (bucket, count) in counted.iter().enumerate() {
            if before + count >= rank {
                let last = LATENCY_EDGES_US.last().copied().unwrap_or_default();
                let below = bucket.checked_sub(1);
                let low = below.and_then(|at| LATENCY_EDGES_US.get(at)).copied();
                let low = real(low.unwrap_or_default());
                let high = real(LATENCY_EDGES_US.get(bucket).copied().unwrap_or(last));
                return Some(low + (high - low).max(0.0) * real(rank - before) / real(*count));
            }
            before += count;
        }
        None
    }
}

impl Interval {
    /// Adds the next one.
    pub fn add(&mut self, next: &Self) {
        self.until_ms = next.until_ms;
        self.candidate.add(&next.candidate);
        self.stable.add(&next.stable);
    }

    /// How long it is.
    pub const fn length(&self) -> Millis {
        Millis::from_millis(self.until_ms.saturating_sub(self.from_ms))
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::Rate;

    use super::*;

    fn at(micros: &[u64]) -> Counts {
        let mut latency = vec![0; LATENCY_EDGES_US.len() + 1];
        for time in micros {
            latency[LATENCY_EDGES_US.partition_point(|edge| edge < time)] += 1;
        }
        Counts {
            answers: u64::try_from(micros.len()).expect("few"),
            errors: 0,
            latency,
            beyond: Vec::new(),
        }
    }

    #[test]
    fn slower_is_counted_exactly_at_an_edge_and_only_what_is_certain_between() {
        let counts = at(&[100_000, 200_000, 200_001, 230_000, 260_000]);
        let slower = |millis| counts.slower_than(Millis::from_millis(millis)).bad;
        assert_eq!(slower(200), 3, "exactly 200 ms is not slower");
        assert_eq!(slower(210), 2, "from 225 ms on it is certain");
        assert_eq!(slower(1_000_000), 0);
        let unknown = Counts {
            latency: vec![1, 2, 3],
            ..counts
        };
        assert_eq!(unknown.slower_than(Millis::ZERO).requests, 0);
    }

    #[test]
    fn a_threshold_between_two_edges_is_exact_where_it_was_counted() {
        let than = Millis::from_millis(210);
        let counted = |answers| Counts {
            beyond: vec![Beyond { than, answers }],
            ..at(&[100_000, 211_000, 212_000, 230_000])
        };
        let mut sum = Counts::default();
        sum.add(&counted(3));
        assert_eq!(
            sum.slower_than(than),
            Arm {
                requests: 4,
                bad: 3
            }
        );
        sum.add(&at(&[100_000, 212_000, 230_000]));
        let both = Arm {
            requests: 7,
            bad: 4,
        };
        assert_eq!(sum.slower_than(than), both, "of those only what is certain");
        sum.add(&counted(3));
        assert_eq!(sum.slower_than(than).bad, 7);
        let other = Millis::from_millis(200);
        assert_eq!(sum.slower_than(other).bad, 8, "an edge");
        let none_timed = Counts {
            latency: Vec::new(),
            ..counted(3)
        };
        assert_eq!(none_timed.slower_than(than), Arm::default());
    }

    #[test]
    fn a_percentile_is_as_near_as_its_bucket() {
        let p95 = Percentile::USUAL;
        assert_eq!(Counts::default().percentile(p95), None);
        let mut times = vec![100_000; 94];
        times.extend([310_000; 6]);
        let found = at(&times).percentile(p95).expect("answers");
        assert!((300_000.0..400_000.0).contains(&found), "{found}");
        let half = Percentile(Rate::from_parts(5_000).expect("a rate"));
        let found = at(&times).percentile(half).expect("answers");
        assert!((80_000.0..=100_000.0).contains(&found), "{found}");
    }
}
