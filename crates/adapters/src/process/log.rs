//! Reads what an instance printed. Blocking.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use windlass_edge::{EdgeError, LogChunk, LogMark, LogRequest};
use windlass_model::InstanceId;

use super::fail::{machine, rejected};
use super::layout::{Layout, read_json};
use super::record::{InstanceRecord, ReleaseRecord};
use crate::mask::Mask;

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
    let values = if request.masked {
        values(layout, &folder)?
    } else {
        BTreeMap::new()
    };
    let mask = Mask::of(&values);
    let read = |name: &str, from| {
        let path = folder.join(name);
        let (bytes, start) = part(&path, from, request.tail.min(MOST))
            .map_err(|e| machine(format!("can't read {}", path.display()), e))?;
        let next = start + bytes.len() as u64;
        Ok::<_, EdgeError>((mask.over(&bytes, start > 0), next))
    };
    let (stdout, stdout_next) = read("stdout.log", request.stdout_from)?;
    let (stderr, stderr_next) = read("stderr.log", request.stderr_from)?;
    let begins = request.stdout_from.is_none() && !request.masked;
    Ok(LogChunk {
        stdout,
        stdout_next,
        stderr,
        stderr_next,
        marks: if begins { marks(&folder) } else { Vec::new() },
    })
}

/// What the shim has noted about the sizes since the files were last cut; nothing where it has not.
fn marks(folder: &Path) -> Vec<LogMark> {
    let text = fs::read_to_string(folder.join("log.idx")).unwrap_or_default();
    let mut marks: Vec<LogMark> = Vec::new();
    for mark in text.lines().filter_map(mark) {
        let shrunk = |last: &LogMark| mark.stdout < last.stdout || mark.stderr < last.stderr;
        if marks.last().is_some_and(shrunk) {
            marks.clear();
        }
        marks.push(mark);
    }
    marks
}

fn mark(line: &str) -> Option<LogMark> {
    let mut numbers = line.split(' ').map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    Some(LogMark {
        at_us: i64::try_from(next()?.saturating_mul(1_000)).ok()?,
        stdout: next()?,
        stderr: next()?,
    })
}

/// What the instance has said, without those of its values.
pub(super) fn masked(
    layout: &Layout,
    instance: &InstanceId,
    text: &str,
) -> Result<String, EdgeError> {
    let values = values(layout, &layout.instance(instance))?;
    Ok(Mask::of(&values).over_text(text))
}

/// Values that the instance in this folder got of its deployer's environment. Where they can't be told,
/// nothing can be masked.
fn values(layout: &Layout, folder: &Path) -> Result<BTreeMap<String, String>, EdgeError> {
    let whose: Option<InstanceRecord> = read_json(&folder.join("instance.json"))?;
    let record = whose.map(|whose| layout.record(&whose.release));
    let record: Option<ReleaseRecord> = record.map_or(Ok(None), |path| read_json(&path))?;
    let record = record.ok_or_else(|| rejected("the values of its release are gone"))?;
    Ok(record.values)
}

/// At most `most` bytes from `from` on, or the last ones, and where they begin; without what was freed.
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
    Ok((bytes, start))
}
