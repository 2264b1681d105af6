//! What a switch is with HAProxy: two lines on the socket of its runtime.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// As its file names them.
const ORIGINS: [&str; 2] = ["one", "two"];

/// Gives everything to one origin, and tells how long that took. It is raised before the other is lowered, so
/// that never nobody has anything.
///
/// # Errors
/// HAProxy is not there, or says anything.
pub(crate) fn switch(folder: &Path, to: usize) -> anyhow::Result<Duration> {
    let (up, down) = (ORIGINS[to % 2], ORIGINS[(to + 1) % 2]);
    let begun = Instant::now();
    let mut stream = UnixStream::connect(folder.join("haproxy.sock")).context("reach HAProxy")?;
    let said = format!("set weight origins/{up} 100; set weight origins/{down} 0\n");
    stream.write_all(said.as_bytes()).context("tell HAProxy")?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).context("hear HAProxy")?;
    anyhow::ensure!(heard.trim().is_empty(), "HAProxy said {heard:?}");
    Ok(begun.elapsed())
}
