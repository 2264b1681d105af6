//! What a message costs that a WebSocket says back, and how much later it comes through a proxy: 64
//! connections that always have one under way, and one connection alone.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::program;
use crate::bench::registry::Product;
use crate::bench::router::bed::Bed;
use crate::bench::router::pairs::{Bar, middle};
use crate::bench::router::session;
use crate::bench::router::turns::{Contender, Loaded, Turns};
use crate::bench::row::{Anchor, Goal, Measure};

/// Times that each has its turn.
const ROUNDS: usize = 3;
/// Connections, and the length of a turn in seconds, where there are many.
pub(crate) const MANY: [&str; 2] = ["64", "1"];
/// Where there is one.
const ONE: [&str; 2] = ["1", "1"];
/// Longest time for a turn.
const WITHIN: Duration = Duration::from_secs(20);

pub(crate) fn part(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bed = Bed::make(product, true)?;
    let mut many = bed.turns(&["haproxy"], |doors| doors.plain);
    many.take(ROUNDS, |address| {
        load(&product.sockets, address, &MANY, bed.folder())
    })?;
    let mut one = bed.turns(&["direct", "haproxy"], |doors| doors.plain);
    one.take(ROUNDS, |address| {
        load(&product.sockets, address, &ONE, bed.folder())
    })?;
    Ok(vec![
        many.cpu("socket_cpu", "haproxy", Some(Bar::Most(1.15))),
        many.rate("socket_rate", "haproxy", Some(Bar::Least(0.8))),
        many.failed("socket_failed"),
        one.middle("socket_p50", "haproxy", Some(Bar::Most(1.2))),
        one.middle("socket_p50", "direct", None),
        added(&one)?,
        one.failed("socket_alone_failed"),
    ])
}

/// How much longer it takes than without a proxy.
fn added(turns: &Turns) -> anyhow::Result<Measure> {
    let direct = turns.beside("direct");
    let direct = middle(&direct.context("the origin was not asked")?.middle);
    let over = |of: &Contender| middle(&of.middle) - direct;
    Ok(Measure {
        name: "socket_added",
        value: over(&turns.ours),
        unit: "us",
        anchor: turns.beside("haproxy").map(|haproxy| Anchor {
            name: "haproxy",
            value: over(haproxy),
        }),
        goal: Goal::Told,
    })
}

/// Speaks on so many connections for so many seconds.
///
/// # Errors
/// The program is not there, or tells nothing.
pub(crate) fn load(
    program: &Path,
    target: SocketAddr,
    size: &[impl AsRef<OsStr>; 2],
    folder: &Path,
) -> anyhow::Result<Loaded> {
    let mut command = session::own(program);
    command.arg(target.to_string()).args(size);
    let ended = program::run(&mut command, folder, WITHIN)?;
    serde_json::from_str(&ended.out).context("read what the sockets told")
}
