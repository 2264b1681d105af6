//! A report, read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::task::spawn_blocking;
use windlass_model::Reading;
use windlass_reports::limit::MAX_BYTES;
use windlass_reports::{Found, Unreadable};

use super::measure::reading;

/// Reads a report below `folder`; its age is that of the file.
pub(super) async fn read(
    folder: &Path,
    file: &str,
    reader: impl FnOnce(&[u8]) -> Result<Found, Unreadable> + Send + 'static,
) -> Result<Reading, String> {
    let (path, name) = (folder.join(file), file.to_owned());
    // A long report must not keep the controller's thread.
    let read = spawn_blocking(move || {
        let (bytes, at_us) = bytes(&path).map_err(|why| told(&name, &why))?;
        let found = reader(&bytes).map_err(|why| format!("{name} can't be read: {why}"))?;
        reading(found, at_us)
    });
    read.await
        .unwrap_or_else(|why| Err(format!("{file} can't be read: {why}")))
}

fn bytes(path: &Path) -> io::Result<(Vec<u8>, i64)> {
    // Opening something else than a file may wait for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let file = File::open(path)?;
    let at_us = micros(file.metadata()?.modified()?);
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes, at_us))
}

/// Microseconds since 1970; 0 before that.
pub(super) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn told(name: &str, why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::NotFound => format!("there is no {name}"),
        _ => format!("{name} can't be read: {why}"),
    }
}
