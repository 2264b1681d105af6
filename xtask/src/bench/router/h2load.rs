//! `h2load`, the closed-loop load over HTTP/2: always as many requests under way as its streams.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::program;
use crate::bench::router::session;
use crate::bench::router::turns::Loaded;

/// Connections that it keeps busy, and requests under way on each.
const CONNECTIONS: [&str; 2] = ["-c16", "-m4"];
/// Time beyond its run after which it is ended.
const SLACK: Duration = Duration::from_secs(20);
/// What begins the line of its sums.
const SUMS: &str = "requests: ";

/// Loads `path` of `target` for so many seconds, without TLS; `folder` is for its files.
///
/// # Errors
/// `h2load` is not there, or tells nothing.
pub(crate) fn load(
    target: SocketAddr,
    path: &str,
    seconds: u64,
    folder: &Path,
) -> anyhow::Result<Loaded> {
    let mut command = session::own("h2load");
    command
        .arg("-t1")
        .args(CONNECTIONS)
        .arg(format!("-D{seconds}"))
        .arg(format!("http://{target}{path}"));
    let ended = program::run(&mut command, folder, Duration::from_secs(seconds) + SLACK)?;
    read(&ended.out, seconds).context("h2load told nothing")
}

/// The sums, such as `requests: 9 total, 9 started, 9 done, 8 succeeded, 1 failed, 1 errored, 0 timeout`:
/// who failed with an error or late is among those that failed.
fn read(told: &str, seconds: u64) -> Option<Loaded> {
    let sums = told.lines().find_map(|line| line.strip_prefix(SUMS))?;
    let of = |what: &str| {
        let mut sums = sums.split(", ");
        let sum = sums.find_map(|sum| sum.strip_suffix(what))?;
        sum.trim().parse().ok()
    };
    Some(Loaded {
        requests: of("succeeded")?,
        micros: seconds * 1_000_000,
        failed: of("failed")?,
        p50_us: 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_read() {
        let told = "finished in 2.00s, 42.00 req/s, 1.00MB/s\nrequests: 90 total, 94 started, 90 done, \
                    84 succeeded, 6 failed, 2 errored, 0 timeout\nstatus codes: 84 2xx, 0 3xx, 0 4xx, 4 5xx\n";
        let loaded = read(told, 2).expect("sums");
        assert_eq!(
            (loaded.requests, loaded.failed, loaded.micros),
            (84, 6, 2_000_000)
        );
        assert!(read("nothing", 2).is_none());
    }
}
