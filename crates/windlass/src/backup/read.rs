//! One file into a state directory, or only read through to see that it is whole.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use tar::{Archive, Entry, EntryType};
use windlass_edge::EdgeError;

use super::contents::{Contents, FORMAT, JOURNAL, LAST};
use super::digest::{Kind, Passed};
use super::restored::note;
use super::write::beside;

/// Longest last entry, in bytes.
const LAST_MAX: u64 = 1024 * 1024;

/// Most entries of a backup.
const ENTRIES_MAX: usize = 10_000_000;

/// Why a backup can't be used.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It is not what was written, or no backup at all: why.
    Damaged(String),
    /// The journal in it can't be read.
    Journal(EdgeError),
    /// A file can't be read or written.
    Io(PathBuf, io::Error),
    /// There is something already where it should go.
    Taken(PathBuf),
}

/// Reads a whole backup and its journal, and leaves nothing.
pub(crate) async fn verify(file: &Path) -> Result<Contents, ReadError> {
    let beside = beside(file);
    let read = everything(file, &beside, Wanted::Journal);
    let checked = match read {
        Ok(contents) => journal(&beside, contents).await,
        Err(why) => Err(why),
    };
    remove(&beside)?;
    checked
}

/// Makes the state directory `into`, which is empty or not there, from a backup. It appears whole, or
/// not at all.
pub(crate) async fn unpack(file: &Path, into: &Path) -> Result<Contents, ReadError> {
    let above = into.parent().unwrap_or(Path::new("/"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(above)
        .map_err(|why| ReadError::Io(above.to_owned(), why))?;
    let beside = beside(into);
    let read = everything(file, &beside, Wanted::All);
    let checked = match read {
        Ok(contents) => journal(&beside, contents).await,
        Err(why) => Err(why),
    };
    // An empty folder makes room; one that was filled meanwhile does not.
    let noted = checked.and_then(|contents| {
        let noted = note(&beside, contents.made_us);
        noted.map_err(|why| ReadError::Io(beside.clone(), why))?;
        Ok(contents)
    });
    let placed = noted.and_then(|contents| match fs::rename(&beside, into) {
        Ok(()) => Ok(contents),
        Err(why) if why.kind() == io::ErrorKind::DirectoryNotEmpty => {
            Err(ReadError::Taken(into.to_owned()))
        }
        Err(why) => Err(ReadError::Io(into.to_owned(), why)),
    });
    if placed.is_err() {
        remove(&beside)?;
        return placed;
    }
    let synced = File::open(above).and_then(|above| above.sync_all());
    synced.map_err(|why| ReadError::Io(above.to_owned(), why))?;
    placed
}

/// Checks the unpacked journal, and that it is the one that was packed.
async fn journal(folder: &Path, contents: Contents) -> Result<Contents, ReadError> {
    let checked = windlass_store::check(&folder.join(JOURNAL)).await;
    let checked = checked.map_err(ReadError::Journal)?;
    for left in ["windlass.db-shm", "windlass.db-wal"] {
        fs::remove_file(folder.join(left)).ok();
    }
    match checked.damage.first() {
        Some(why) => Err(ReadError::Damaged(format!("its journal: {why}"))),
        None if checked != contents.journal => Err(ReadError::Damaged(
            "its journal is not the one that was packed".to_owned(),
        )),
        None => Ok(contents),
    }
}

/// What is to be written of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Journal,
}

fn everything(file: &Path, into: &Path, wanted: Wanted) -> Result<Contents, ReadError> {
    let opened = File::open(file).map_err(|why| ReadError::Io(file.to_owned(), why))?;
    let made = DirBuilder::new().mode(0o700).create(into);
    made.map_err(|why| ReadError::Io(into.to_owned(), why))?;
    let mut archive = Archive::new(BufReader::new(opened));
    let mut unpacking = Unpacking {
        into,
        wanted,
        passed: Passed::default(),
        folders: Vec::new(),
        links: Vec::new(),
    };
    let mut before = 0;
    for entry in archive.entries().map_err(cut)?.take(ENTRIES_MAX) {
        let mut entry = entry.map_err(|why| match before {
            0 => ReadError::Damaged(NO_BACKUP.to_owned()),
            _ => cut(why),
        })?;
        before += 1;
        let path = entry.path().map_err(cut)?.into_owned();
        if path == Path::new(LAST) {
            let contents = last(&mut entry, &unpacking.passed)?;
            unpacking.end()?;
            return Ok(contents);
        }
        unpacking.take(&mut entry, &path)?;
    }
    Err(ReadError::Damaged(match before {
        0 => NO_BACKUP.to_owned(),
        _ => "it ends early: it is cut off, or no backup of Windlass".to_owned(),
    }))
}

/// Not even its beginning is that of a backup.
const NO_BACKUP: &str = "it is no backup of Windlass";

/// What stands where the next entry should: the words of who reads it speak of blocks and headers.
fn cut(_of_blocks: io::Error) -> ReadError {
    ReadError::Damaged("it is cut off, or was changed after it was written".to_owned())
}

/// The last entry, which must say just what has come before it.
fn last(entry: &mut impl Read, passed: &Passed) -> Result<Contents, ReadError> {
    let mut text = Vec::new();
    let read = entry.take(LAST_MAX).read_to_end(&mut text);
    read.map_err(cut)?;
    let contents: Contents = serde_json::from_slice(&text)
        .map_err(|why| ReadError::Damaged(format!("its last entry can't be read: {why}")))?;
    if contents.format != FORMAT {
        return Err(ReadError::Damaged(format!(
            "it has format {}, and this program knows format {FORMAT}",
            contents.format
        )));
    }
    if contents.digest != passed.digest() {
        return Err(ReadError::Damaged(
            "its contents fail their digest".to_owned(),
        ));
    }
    Ok(contents)
}

struct Unpacking<'a> {
    into: &'a Path,
    wanted: Wanted,
    passed: Passed,
    /// Folders get their own mode at the end: a read-only one takes no files.
    folders: Vec<(PathBuf, u32)>,
    /// Links are made at the end, so that nothing is written through one.
    links: Vec<(PathBuf, PathBuf)>,
}

impl Unpacking<'_> {
    fn take(&mut self, entry: &mut Entry<'_, impl Read>, path: &Path) -> Result<(), ReadError> {
        let plain = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !plain || path.as_os_str().is_empty() {
            return Err(ReadError::Damaged(format!(
                "{} is no path of a backup",
                path.display()
            )));
        }
        let mode = entry.header().mode().map_err(cut)?;
        let target = self.into.join(path);
        let failed = |why| ReadError::Io(target.clone(), why);
        let wanted = self.wanted == Wanted::All || path == Path::new(JOURNAL);
        match entry.header().entry_type() {
            EntryType::Directory => {
                self.passed.entry(path, Kind::Folder, mode);
                if wanted {
                    DirBuilder::new()
                        .mode(0o700)
                        .create(&target)
                        .map_err(failed)?;
                    self.folders.push((target, mode & 0o777));
                }
            }
            EntryType::Regular => {
                self.passed.entry(path, Kind::File, mode);
                if wanted {
                    let new = OpenOptions::new()
                        .write(true)
                        .create_new(true)
                        .mode(0o600)
                        .open(&target);
                    let mut new = new.map_err(failed)?;
                    self.passed.copy(entry, &mut new).map_err(failed)?;
                    new.set_permissions(Permissions::from_mode(mode & 0o777))
                        .map_err(failed)?;
                    new.sync_all().map_err(failed)?;
                } else {
                    self.passed.copy(entry, &mut io::sink()).map_err(cut)?;
                }
            }
            EntryType::Symlink => {
                let to = entry
                    .link_name()
                    .map_err(cut)?
                    .unwrap_or_default()
                    .into_owned();
                self.passed.entry(path, Kind::Link, 0);
                self.passed.link(&to);
                if wanted {
                    self.links.push((target, to));
                }
            }
            other => {
                return Err(ReadError::Damaged(format!(
                    "{} is {other:?}",
                    path.display()
                )));
            }
        }
        Ok(())
    }

    fn end(self) -> Result<(), ReadError> {
        for (path, to) in self.links {
            symlink(to, &path).map_err(|why| ReadError::Io(path.clone(), why))?;
        }
        for (path, mode) in self.folders.iter().rev() {
            let set = fs::set_permissions(path, Permissions::from_mode(*mode));
            set.map_err(|why| ReadError::Io(path.clone(), why))?;
        }
        Ok(())
    }
}

/// Removes what is half made; read-only folders too.
fn remove(folder: &Path) -> Result<(), ReadError> {
    let failed = |why| ReadError::Io(folder.to_owned(), why);
    if !folder.exists() {
        return Ok(());
    }
    open_up(folder).map_err(failed)?;
    fs::remove_dir_all(folder).map_err(failed)
}

fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}
