//! What thousands of slow clients cost the good ones, and in memory. A router that is rid of them by closing
//! on them at once, or that answers nobody, passes nothing: both are counted.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_recv_buffer_size;
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
/// Hostile connections at once. The router must have closed on none of them: none is slow for longer than it allows
/// yet.
const HOSTILE: usize = 5_000;
/// Time in which they become slow: that so many come at once is not what is measured.
const SETTLE: Duration = Duration::from_secs(1);
/// Time after which one that has something to say says one byte more.
const DRIP: Duration = Duration::from_millis(500);
/// Parts of that time in which some of them do each: slow clients know nothing of each other. If all spoke at once, the
/// good ones would wait for as long as thousands of writes and reads take, the bench's own among them.
const SHARES: u32 = 100;
/// Answers of 64 KiB that are asked for and not read: more than sockets hold.
const UNREAD: usize = 32;
/// Bytes that a client takes which reads nothing.
const ROOM: usize = 4 * 1_024;

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    allow_descriptors()?;
    let bed = Bed::make(product, false)?;
    let (mut alone, mut flooded) = (Vec::new(), Vec::new());
    let (mut failed, mut most, mut held) = (0, 0, HOSTILE);
    for _ in 0..ROUNDS {
        let (slow, lost) = turn(bed.ours.address)?;
        alone.push(slow);
        failed += lost;
        let hostile = (0..HOSTILE).map(|number| hostile(number, bed.ours.address));
        let hostile = hostile.collect::<anyhow::Result<Vec<_>>>()?;
        std::thread::sleep(SETTLE);
        let (slow, lost) = std::thread::scope(|scope| {
            let (over, wait) = channel();
            let dripping = &hostile;
            scope.spawn(move || drip(dripping, &wait));
            let turn = turn(bed.ours.address);
            drop(over);
            turn
        })?;
        flooded.push(slow);
        failed += lost;
        most = most.max(processes::memory(bed.ours.process.pid())?.rss);
        held = held.min(hostile.iter().filter(|stream| is_open(stream)).count());
        drop(hostile);
    }
    Ok(vec![
        Pairs::new(&flooded, Some(&alone), "without them").measure(
            "flood_p99",
            "ms",
            Some(Bar::Most(2.0)),
        ),
        Measure {
            name: "flood_held",
            value: count(u64::try_from(held).unwrap_or_default()),
            unit: "connections",
            anchor: None,
            goal: Goal::AtLeast(count(u64::try_from(HOSTILE).unwrap_or_default())),
        },
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

/// How a hostile client is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Says nothing.
    Silent,
    /// Says its head, or the body after it, byte by byte.
    Dripping(&'static [u8]),
    /// Says that it speaks HTTP/2, and no more.
    Multiplexed,
    /// Rests after an answer.
    Resting,
    /// Asks for much and reads nothing of it.
    Deaf,
}

impl Manner {
    fn of(number: usize) -> Self {
        match number % 20 {
            0 => Self::Deaf,
            1..5 => Self::Dripping(
                b"POST /taken HTTP/1.1\r\nHost: bench\r\nContent-Length: 100000\r\n\r\nslow",
            ),
            5..10 => Self::Dripping(b"GET / HTTP/1.1\r\nHost: ben"),
            10..14 => Self::Multiplexed,
            14..17 => Self::Resting,
            _ => Self::Silent,
        }
    }

    /// Its first words.
    fn said(self) -> Vec<u8> {
        match self {
            Self::Silent => Vec::new(),
            Self::Dripping(begun) => begun.to_vec(),
            Self::Multiplexed => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
            Self::Resting => b"GET /1k HTTP/1.1\r\nHost: bench\r\n\r\n".to_vec(),
            Self::Deaf => b"GET /64k HTTP/1.1\r\nHost: bench\r\n\r\n".repeat(UNREAD),
        }
    }
}

/// One of them, connected.
fn hostile(number: usize, address: SocketAddr) -> anyhow::Result<TcpStream> {
    let manner = Manner::of(number);
    let mut stream = TcpStream::connect(address).context("reach the router")?;
    if manner == Manner::Deaf {
        set_socket_recv_buffer_size(&stream, ROOM).context("take little")?;
    }
    stream.write_all(&manner.said()).context("say something")?;
    Ok(stream)
}

/// Has those that are not done say one byte more now and then, until whoever holds the other end drops it.
fn drip(hostile: &[TcpStream], over: &Receiver<()>) {
    let numbered = hostile.iter().enumerate();
    let dripping =
        numbered.filter(|(number, _)| matches!(Manner::of(*number), Manner::Dripping(_)));
    let dripping: Vec<&TcpStream> = dripping.map(|(_, stream)| stream).collect();
    let share = dripping.len().div_ceil(SHARES as usize);
    let mut due = Instant::now();
    for some in dripping.chunks(share).cycle() {
        due += DRIP / SHARES;
        let wait = due.saturating_duration_since(Instant::now());
        if over.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        for mut stream in some.iter().copied() {
            // One that was closed on is counted afterwards.
            stream.write_all(b"x").ok();
        }
    }
}

/// Whether the router has not closed on it.
fn is_open(stream: &TcpStream) -> bool {
    let mut one = [PollFd::new(stream, PollFlags::RDHUP)];
    poll(&mut one, Some(&Timespec::default())).is_ok_and(|seen| seen == 0)
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
    // Without requests there is no time that they took.
    let least = u64::from(PER_SECOND) * TURN.as_secs() / 10 * 9;
    anyhow::ensure!(
        counts.sent >= least,
        "only {} requests were sent",
        counts.sent
    );
    Ok((milliseconds(counts.latency.quantile(0.99)), counts.failed))
}
