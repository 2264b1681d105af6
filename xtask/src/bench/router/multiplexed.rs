//! What a request costs over HTTP/2 without TLS, and how many come through, beside HAProxy and nginx: as
//! many under way as with HTTP/1.1, over a quarter of the connections.

use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::h2load;
use crate::bench::router::pairs::Bar;
use crate::bench::row::Measure;

/// Times that each has its turn.
const ROUNDS: usize = 3;
/// Length of one turn.
const SECONDS: u64 = 2;

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bed = Bed::make(product, true)?;
    // Ours speaks it where it speaks HTTP/1.1.
    let mut turns = bed.turns(&["haproxy", "nginx"], |doors| doors.multiplexed);
    turns.take(ROUNDS, |address| {
        h2load::load(address, "/1k", SECONDS, bed.folder())
    })?;
    Ok(vec![
        turns.cpu("h2_cpu_1k", "haproxy", Some(Bar::Most(1.15))),
        turns.cpu("h2_cpu_1k", "nginx", None),
        turns.rate("h2_rate_1k", "haproxy", Some(Bar::Least(0.8))),
        turns.rate("h2_rate_1k", "nginx", None),
        turns.failed("h2_failed"),
    ])
}
