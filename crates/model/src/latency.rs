//! The buckets that answer times are counted in, and what is counted beside them.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// Upper edges of the buckets in microseconds; one more bucket takes what is above. Round numbers that
/// people write as thresholds, so that these are counted exactly: twenty in each decade from 100 µs to
/// 100 s, each between 9 % and 17 % above the one before. So what is half as slow again as before is in
/// another bucket, and not in the next one.
pub const LATENCY_EDGES_US: [u64; 121] = {
    const STEPS: [u64; 20] = [
        100, 110, 120, 135, 150, 175, 200, 225, 250, 275, 300, 350, 400, 450, 500, 550, 600, 700,
        800, 900,
    ];
    let mut edges = [0; 121];
    let mut at = 0;
    let mut decade = 1;
    while at < edges.len() {
        edges[at] = STEPS[at % STEPS.len()] * decade;
        at += 1;
        if at.is_multiple_of(STEPS.len()) {
            decade *= 10;
        }
    }
    edges
};

/// Thresholds of one service that are counted beside the edges, at most. What is judged by others is judged
/// by the next edge.
pub const THRESHOLDS: usize = 8;

/// How many answers took longer than a threshold that is no edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Beyond {
    /// Than this.
    pub than: Millis,
    /// Answers.
    pub answers: u64,
}

/// Which of these times have to be counted beside the edges, in order; the lowest ones, if they are too many.
pub fn thresholds(times: impl IntoIterator<Item = Millis>) -> Vec<Millis> {
    let is_edge = |time: &Millis| {
        let us = time.as_millis().saturating_mul(1_000);
        latency_edge(us) == Some(us)
    };
    let mut thresholds: Vec<Millis> = times.into_iter().filter(|time| !is_edge(time)).collect();
    thresholds.sort();
    thresholds.dedup();
    thresholds.truncate(THRESHOLDS);
    thresholds
}

/// The first edge that is not below `us`: answers beyond it took certainly longer. None above all.
pub fn latency_edge(us: u64) -> Option<u64> {
    let at = LATENCY_EDGES_US.partition_point(|edge| *edge < us);
    LATENCY_EDGES_US.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_edge_is_counted_by_itself_once_and_not_too_much_of_it() {
        let of = |times: &[u64]| thresholds(times.iter().copied().map(Millis::from_millis));
        let told = of(&[500, 320, 1_250, 320, 200_000]);
        assert_eq!(told, [320, 1_250, 200_000].map(Millis::from_millis));
        let many: Vec<u64> = (501..540).collect();
        assert_eq!(of(&many).len(), THRESHOLDS);
        assert_eq!(of(&many)[0], Millis::from_millis(501));
    }

    #[test]
    fn the_edges_rise_and_hold_what_people_write() {
        assert!(LATENCY_EDGES_US.windows(2).all(|pair| pair[0] < pair[1]));
        for millis in [
            1, 2, 5, 10, 50, 100, 200, 250, 500, 800, 1_000, 1_500, 2_000, 30_000,
        ] {
            assert_eq!(
                latency_edge(millis * 1_000),
                Some(millis * 1_000),
                "{millis}"
            );
        }
        assert_eq!(LATENCY_EDGES_US.last(), Some(&100_000_000));
        assert_eq!(latency_edge(750_000), Some(800_000));
        let wide = |pair: &[u64]| pair[1] * 100 > pair[0] * 117 || pair[1] * 100 < pair[0] * 109;
        assert_eq!(LATENCY_EDGES_US.windows(2).find(|pair| wide(pair)), None);
        assert_eq!(latency_edge(100_000_001), None);
    }
}
