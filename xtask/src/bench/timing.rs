//! Small measuring tools: medians, and the machine's load.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// The middle one of some durations; of two middle ones the later.
pub(crate) fn median(samples: &mut [Duration]) -> Option<Duration> {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied()
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Bytes in MB.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    const BYTES_PER_MB: f64 = 1_000_000.0;
    count(bytes) / BYTES_PER_MB
}

/// A count as a figure.
#[expect(
    clippy::cast_precision_loss,
    reason = "what is counted here is far below 2^52"
)]
pub(crate) fn count(count: u64) -> f64 {
    count as f64
}

/// A count as a figure.
pub(crate) fn figure(number: usize) -> f64 {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}

/// The machine's load average over the last minute.
pub(crate) fn load() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("read /proc/loadavg")?;
    let first = text
        .split_whitespace()
        .next()
        .context("/proc/loadavg is empty")?;
    first
        .parse()
        .context("read the first figure of /proc/loadavg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_order_or_on_one_slow_sample() {
        let mut samples = [9_000, 1, 3].map(Duration::from_millis);
        assert_eq!(median(&mut samples), Some(Duration::from_millis(3)));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn the_load_is_read() {
        assert!(load().expect("this is Linux") >= 0.0);
    }
}
