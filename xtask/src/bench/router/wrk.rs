//! `wrk`, the closed-loop load: always as many requests under way as it has connections.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::program;
use crate::bench::timing::count;

/// Connections that it keeps busy.
const CONNECTIONS: &str = "-c64";
/// Time beyond its run after which it is ended.
const SLACK: Duration = Duration::from_secs(20);
/// What it runs at its end.
const REPORT: &str = include_str!("report.lua");

/// What came of one run.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Loaded {
    /// Requests answered.
    pub(crate) requests: u64,
    micros: u64,
    /// Requests without an answer, or with one that is not 2xx or 3xx.
    pub(crate) failed: u64,
}

impl Loaded {
    /// Requests answered each second.
    pub(crate) fn per_second(&self) -> f64 {
        count(self.requests) * 1e6 / count(self.micros.max(1))
    }
}

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
    let mut command = Command::new("wrk");
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
