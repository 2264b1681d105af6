//! Reads what an instance printed. Blocking.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use windlass_edge::{EdgeError, LogChunk, LogRequest};

use super::fail::{machine, rejected};
use super::layout::Layout;

/// Most bytes read from one file at once, whatever is asked for.
const MOST: u64 = 4 * 1024 * 1024;

pub(super) fn read(layout: &Layout, request: &LogRequest) -> Result<LogChunk, EdgeError> {
    let folder = layout.instance(&request.instance);
    if !folder.exists() {
        return Err(rejected(format!(
            "there is no trace of instance {}",
            request.instance
        )));
    }
    let read = |name: &str, from| {
        let path = folder.join(name);
        part(&path, from, request.tail.min(MOST))
            .map_err(|e| machine(format!("can't read {}", path.display()), e))
    };
    let (stdout, stdout_next) = read("stdout.log", request.stdout_from)?;
    let (stderr, stderr_next) = read("stderr.log", request.stderr_from)?;
    Ok(LogChunk {
        stdout,
        stdout_next,
        stderr,
        stderr_next,
    })
}

/// At most `most` bytes from `from` on, or the last ones; without what was freed.
fn part(path: &Path, from: Option<u64>, most: u64) -> io::Result<(Vec<u8>, u64)> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(e) => return Err(e),
    };
    let size = file.metadata()?.len();
    let last = size.saturating_sub(most);
    // Behind the end: the file was cut meanwhile, and offsets began anew.
    let wanted = from.filter(|from| *from <= size).unwrap_or(last);
    let start = match seek(&file, SeekFrom::Data(wanted)) {
        Ok(start) => start,
        Err(Errno::NXIO) => return Ok((Vec::new(), size)),
        Err(_no_holes_here) => wanted,
    };
    let length = usize::try_from(most.min(size.saturating_sub(start))).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], start + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    Ok((bytes, start + filled as u64))
}
