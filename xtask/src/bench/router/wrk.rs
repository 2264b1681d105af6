//! `wrk`, the closed-loop load: always as many requests under way as it has connections.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::program;
use crate::bench::router::session;
use crate::bench::router::turns::Loaded;

/// Connections that it keeps busy.
const CONNECTIONS: &str = "-c64";
/// Time beyond its run after which it is ended.
const SLACK: Duration = Duration::from_secs(20);
/// What it runs at its end.
const REPORT: &str = include_str!("report.lua");

/// Whom it loads: the beginning of a URL.
pub(crate) struct Place(String);

impl Place {
    /// In TLS, whatever certificate is shown.
    pub(crate) fn secure(address: SocketAddr) -> Self {
        Self(format!("https://{address}"))
    }
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }
}

/// Loads `path` of `target` for so many seconds; `folder` is for its files.
///
/// # Errors
/// `wrk` is not there, or tells nothing.
pub(crate) fn load(
    target: impl Into<Place>,
    path: &str,
    seconds: u64,
    folder: &Path,
) -> anyhow::Result<Loaded> {
    let script = folder.join("report.lua");
    fs::write(&script, REPORT).context("write the script of wrk")?;
    let mut command = session::own("wrk");
    command
        .args(["-t1", CONNECTIONS, &format!("-d{seconds}s"), "-s"])
        .arg(&script)
        .arg(format!("{}{path}", target.into().0));
    let ended = program::run(&mut command, folder, Duration::from_secs(seconds) + SLACK)?;
    let told = ended
        .out
        .lines()
        .find_map(|line| line.strip_prefix("JSON "));
    serde_json::from_str(told.context("wrk told nothing")?).context("read what wrk told")
}
