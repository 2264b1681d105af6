//! The buckets that answer times are counted in.

/// Upper edges of the buckets in microseconds; one more bucket takes what is above. Round numbers that
/// people write as thresholds, so that these are counted exactly: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 and 8
/// in each decade from 100 µs to 100 s.
pub const LATENCY_EDGES_US: [u64; 61] = {
    const STEPS: [u64; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];
    let mut edges = [0; 61];
    let mut at = 0;
    let mut decade = 10;
    while at < edges.len() {
        edges[at] = STEPS[at % STEPS.len()] * decade;
        at += 1;
        if at.is_multiple_of(STEPS.len()) {
            decade *= 10;
        }
    }
    edges
};

/// The first edge that is not below `us`: answers beyond it took certainly longer. None above all.
pub fn latency_edge(us: u64) -> Option<u64> {
    let at = LATENCY_EDGES_US.partition_point(|edge| *edge < us);
    LATENCY_EDGES_US.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(latency_edge(100_000_001), None);
    }
}
