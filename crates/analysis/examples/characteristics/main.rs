//! What the judgements are good for, by simulation: how often they are wrong, how soon they see what
//! is wrong, and how fast they are. Prints one JSON line per figure; `cargo xtask bench analysis` runs
//! it. The tables are in ANALYSIS 2, and the seeds are fixed.

mod aa;
mod detect;
mod latency;
mod peers;
mod ramp;
mod random;
mod row;
mod speed;

/// Shares of the runs, so that it ends in time in a build without optimisation.
fn main() -> std::io::Result<()> {
    let quick = std::env::args().any(|word| word == "--quick");
    let fewer = if quick { 50 } else { 1 };
    let mut out = std::io::stdout().lock();
    let parts = [
        aa::rows as fn(usize) -> Vec<row::Row>,
        detect::rows,
        ramp::rows,
        latency::rows,
        peers::rows,
        speed::rows,
    ];
    for part in parts {
        for row in part(fewer) {
            row.print(&mut out)?;
        }
    }
    Ok(())
}
