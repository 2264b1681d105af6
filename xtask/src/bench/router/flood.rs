//! What thousands of slow clients cost the good ones, and in memory.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::bench::interrupt;
use crate::bench::processes;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::pairs::{Bar, Pairs};
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::{count, megabytes, milliseconds};

/// Times that the good clients are alone, and that they are not.
const ROUNDS: usize = 3;
/// Length of one turn; slow heads are given up on after ten seconds.
const TURN: Duration = Duration::from_secs(2);
/// Good requests each second.
const PER_SECOND: u32 = 200;
/// Hostile connections at once.
const HOSTILE: usize = 5_000;

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    allow_descriptors()?;
    let bed = Bed::make(product, false)?;
    let (mut alone, mut flooded) = (Vec::new(), Vec::new());
    let (mut failed, mut most) = (0, 0);
    for _ in 0..ROUNDS {
        let (slow, lost) = turn(bed.ours.address)?;
        alone.push(slow);
        failed += lost;
        let hostile = (0..HOSTILE).map(|number| hostile(number, bed.ours.address));
        let hostile = hostile.collect::<anyhow::Result<Vec<_>>>()?;
        let (slow, lost) = turn(bed.ours.address)?;
        flooded.push(slow);
        failed += lost;
        most = most.max(processes::memory(bed.ours.process.pid())?.rss);
        drop(hostile);
    }
    Ok(vec![
        Pairs::new(&flooded, Some(&alone), "without them").measure(
            "flood_p99",
            "ms",
            Some(Bar::Most(2.0)),
        ),
        Measure {
            name: "flood_memory",
            value: megabytes(most),
            unit: "MB",
            anchor: None,
            goal: Goal::AtMost(300.0),
        },
        Measure {
            name: "flood_failed",
            value: count(failed),
            unit: "requests",
            anchor: None,
            goal: Goal::AtMost(0.0),
        },
    ])
}

/// The other ends of all of them are here.
pub(crate) fn allow_descriptors() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, most).context("allow more descriptors")
}

/// Says nothing, half a head, a body that does not come, or that it speaks HTTP/2; asks for an answer
/// and reads nothing of it.
fn hostile(number: usize, address: SocketAddr) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).context("reach the router")?;
    let said: &[u8] = match number % 5 {
        0 => b"GET / HTTP/1.1\r\nHost: ben",
        1 => b"POST /1k HTTP/1.1\r\nHost: bench\r\nContent-Length: 100000\r\n\r\nslow",
        2 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        3 => b"GET /1k HTTP/1.1\r\nHost: bench\r\n\r\n",
        _ => b"",
    };
    stream.write_all(said).context("say something")?;
    Ok(stream)
}

/// What a hundredth of the good requests takes longer than, in milliseconds, and how many failed.
fn turn(target: SocketAddr) -> anyhow::Result<(f64, u64)> {
    interrupt::check()?;
    let load = windlass_load::start(windlass_load::LoadPlan {
        target,
        path: "/1k".to_owned(),
        per_second: PER_SECOND,
        connections: 16,
        fresh_every: None,
        timeout: Duration::from_secs(5),
    })
    .context("start the load")?;
    std::thread::sleep(TURN);
    let counts = load.stop();
    Ok((milliseconds(counts.latency.quantile(0.99)), counts.failed))
}
