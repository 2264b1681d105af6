//! The access log on disk: JSON lines in a file that is begun anew when it is large.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hyper::Version;
use hyper::header::HeaderValue;
use serde::Serialize;
use windlass_model::InstanceId;

use crate::access::{Access, AccessQueue, Put};
use crate::limits::{ACCESS_BYTES, ACCESS_OLDER, ACCESS_PAUSE, ACCESS_TEXT};

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    at_us: i64,
    request_id: &'a str,
    client: IpAddr,
    listener: SocketAddr,
    scheme: &'a str,
    version: &'a str,
    method: &'a str,
    host: Option<&'a str>,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    service: Option<String>,
    slot: Option<u32>,
    release: Option<&'a str>,
    instance: Option<&'a str>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    bytes: u64,
    whole: bool,
    connect_us: Option<u64>,
    answer_us: u64,
    body_us: u64,
}

/// Stands where requests are missing.
#[derive(Serialize)]
struct Missing {
    at_us: u128,
    missing: u64,
}

/// Whether something else will come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Soon,
    NotNow,
    Never,
}

/// The file and its size.
pub(crate) struct AccessFile {
    folder: PathBuf,
    open: Option<(File, u64)>,
    /// Not before then is it opened again.
    not_before: Option<Instant>,
    missing: u64,
}

impl AccessQueue {
    /// Writes what comes into `file`, until [`AccessQueue::end`].
    pub(crate) fn write(&self, mut file: AccessFile) {
        let Some(taken) = self.take() else {
            return;
        };
        loop {
            let more = file.write_some(&taken);
            file.miss(self.missing());
            if more == More::Never || (more == More::NotNow && self.is_over()) {
                break;
            }
        }
    }
}

impl AccessFile {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            open: None,
            not_before: None,
            missing: 0,
        }
    }

    /// Writes all that waits, at once.
    fn write_some(&mut self, taken: &Receiver<Put>) -> More {
        let mut lines = Vec::new();
        let mut count = 0;
        let (first, mut more) = match taken.recv_timeout(ACCESS_PAUSE) {
            Ok(first) => (Some(first), More::Soon),
            Err(RecvTimeoutError::Timeout) => (None, More::NotNow),
            Err(RecvTimeoutError::Disconnected) => (None, More::Never),
        };
        for put in first.into_iter().chain(taken.try_iter()) {
            match put {
                Put::Access(access) => {
                    add(&mut lines, &line(&access));
                    count += 1;
                }
                Put::End => more = More::Never,
            }
            // Not more than a file has room for.
            if more == More::Never || lines.len() >= BATCH {
                break;
            }
        }
        self.append(&lines, count);
        more
    }

    /// Notes requests that no line will tell of.
    fn miss(&mut self, count: u64) {
        if count > 0 && self.missing == 0 {
            tracing::warn!(
                "requests are missing in the access log: it can't keep up, or the disk takes nothing"
            );
        }
        self.missing = self.missing.saturating_add(count);
    }

    fn append(&mut self, lines: &[u8], count: u64) {
        if lines.is_empty() && self.missing == 0 {
            return;
        }
        if self.not_before.is_some_and(|at| Instant::now() < at) {
            return self.miss(count);
        }
        match self.try_append(lines) {
            Ok(()) => self.not_before = None,
            Err(why) => {
                tracing::debug!(%why, "could not write the access log");
                self.open = None;
                self.not_before = Some(Instant::now() + ACCESS_PAUSE);
                self.miss(count);
            }
        }
    }

    fn try_append(&mut self, lines: &[u8]) -> io::Result<()> {
        let (file, size) = match self.open.take() {
            Some((file, size)) if size < ACCESS_BYTES => (file, size),
            Some(_large) => self.begin_anew()?,
            None => match self.take_up()? {
                (file, size) if size < ACCESS_BYTES => (file, size),
                _large => self.begin_anew()?,
            },
        };
        let mut whole = Vec::new();
        if self.missing > 0 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let missing = Missing {
                at_us: now.map_or(0, |since| since.as_micros()),
                missing: self.missing,
            };
            add(&mut whole, &missing);
        }
        whole.extend_from_slice(lines);
        let added = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        (&file).write_all(&whole)?;
        self.open = Some((file, size.saturating_add(added)));
        self.missing = 0;
        Ok(())
    }

    fn path(&self, age: u32) -> PathBuf {
        let name = match age {
            0 => "access.log".to_owned(),
            older => format!("access.log.{older}"),
        };
        self.folder.join(name)
    }

    /// The file as another life of the router, or a full disk, left it: behind a line that did not get in whole
    /// the next one begins anew, and can be read.
    fn take_up(&self) -> io::Result<(File, u64)> {
        let mut options = OpenOptions::new();
        let options = options.create(true).read(true).append(true).mode(0o600);
        let mut file = options.open(self.path(0))?;
        let size = file.metadata()?.len();
        if is_cut(&file, size)? {
            file.write_all(b"\n")?;
            return Ok((file, size + 1));
        }
        Ok((file, size))
    }

    /// Makes each file one older, and lets go of the oldest.
    fn begin_anew(&self) -> io::Result<(File, u64)> {
        for age in (0..ACCESS_OLDER).rev() {
            match std::fs::rename(self.path(age), self.path(age + 1)) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                Ok(()) | Err(_) => {}
            }
        }
        self.take_up()
    }
}

/// Whether the last line of a file of this size does not end.
fn is_cut(file: &File, size: u64) -> io::Result<bool> {
    let Some(last) = size.checked_sub(1) else {
        return Ok(false);
    };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte != *b"\n")
}

/// Bytes written at once, about.
const BATCH: usize = 256 * 1024;

fn add(lines: &mut Vec<u8>, line: &impl Serialize) {
    let before = lines.len();
    // Into memory, and of plain values: it fails only if a value can't be JSON, and none can't.
    if serde_json::to_writer(&mut *lines, line).is_ok() {
        lines.push(b'\n');
    } else {
        lines.truncate(before);
    }
}

fn line(access: &Access) -> Line<'_> {
    let slot = access.who.as_ref().and_then(|who| who.slot.as_ref());
    let uri = &access.uri;
    let host = access.host.as_ref().map(text).or(uri.host());
    Line {
        at_us: access.at_us,
        request_id: text(&access.request_id),
        client: access.client,
        listener: access.listener,
        scheme: access.scheme,
        version: spoken(access.version),
        method: access.method.as_str(),
        host: host.map(cut),
        path: cut(uri.path()),
        query: uri.query().filter(|_| access.query).map(cut),
        service: access.who.as_ref().map(|who| who.service.to_string()),
        slot: slot.map(|(slot, _)| slot.0),
        release: slot.map(|(_, version)| version.0.as_str()),
        instance: access.instance.as_ref().map(InstanceId::as_str),
        status: access.status,
        error: access.error.as_ref().map(text),
        bytes: access.bytes,
        whole: access.whole,
        connect_us: access.phases.connect,
        answer_us: access.phases.answer,
        body_us: access.phases.body,
    }
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// Not more of it than a line has room for.
fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(ACCESS_TEXT.min(text.len()));
    text.get(..end).unwrap_or_default()
}

fn spoken(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_2 => "HTTP/2",
        _other => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lies in the folder, with sizes.
    fn files(folder: &std::path::Path) -> Vec<(String, u64)> {
        let all = std::fs::read_dir(folder).expect("listed");
        let mut all: Vec<_> = all
            .map(|file| {
                let file = file.expect("a file");
                let size = file.metadata().expect("a size").len();
                (file.file_name().to_string_lossy().into_owned(), size)
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn a_large_log_is_begun_anew_and_only_so_many_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = AccessFile::new(folder.path().to_owned());
        let megabyte = [vec![b'x'; 1024 * 1024 - 1], vec![b'\n']].concat();
        for _ in 0..120 {
            file.append(&megabyte, 1);
        }
        let kept = files(folder.path());
        assert_eq!(kept.len(), 5, "{kept:?}");
        assert!(
            kept.iter().all(|(_, size)| *size <= ACCESS_BYTES),
            "{kept:?}"
        );
        assert_eq!(kept[0].0, "access.log");
        assert_eq!(kept[4].0, "access.log.4");
        let again = AccessFile::new(folder.path().to_owned());
        let (_, size) = again.take_up().expect("opened");
        assert_eq!(size, kept[0].1, "another life goes on with it");
    }

    #[test]
    fn behind_a_line_that_was_cut_the_next_one_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("access.log");
        std::fs::write(&log, "{}\n{\"at_us\":1,\"req").expect("written");
        let mut file = AccessFile::new(folder.path().to_owned());
        file.append(b"{\"a\":1}\n", 1);
        file.append(b"{\"a\":2}\n", 1);
        let told = std::fs::read_to_string(log).expect("a log");
        assert_eq!(told, "{}\n{\"at_us\":1,\"req\n{\"a\":1}\n{\"a\":2}\n");
    }

    #[test]
    fn what_could_not_be_written_is_told_in_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = AccessFile::new(folder.path().join("missing"));
        file.append(b"{}\n", 3);
        file.append(b"{}\n", 4);
        std::fs::create_dir(folder.path().join("missing")).expect("made");
        file.not_before = None;
        file.append(b"{}\n", 1);
        let log = std::fs::read_to_string(folder.path().join("missing/access.log"));
        let log = log.expect("a log");
        assert!(log.contains("\"missing\":7}\n{}\n"), "{log}");
        file.append(b"{}\n", 1);
        let log = std::fs::read_to_string(folder.path().join("missing/access.log"));
        assert!(log.expect("a log").ends_with("}\n{}\n{}\n"), "told once");
    }
}
