//! A state directory into one file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use windlass_edge::EdgeError;
use windlass_store::Checked;

use super::contents::{Contents, FORMAT, JOURNAL, LAST, releases};
use super::digest::{Counting, Kind, Passed};
use super::restored::RESTORED;
use crate::door::KEPT;

/// What is never in a backup: what only the running processes need, what was only printed, and where this
/// machine is reached.
const LEFT_OUT: [&str; 10] = [
    JOURNAL,
    KEPT,
    RESTORED,
    "windlass.db-wal",
    "windlass.db-shm",
    "controller.lock",
    "epoch.json",
    "instances",
    "router",
    "run",
];

/// Why there is no backup.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The file is there already.
    Exists(PathBuf),
    /// The journal can't be copied.
    Journal(EdgeError),
    /// The copied journal is damaged.
    Damaged(Vec<String>),
    /// A file can't be read or written.
    Io(PathBuf, io::Error),
}

/// Writes the state directory into the new file `to`, for its owner only.
///
/// On an error nothing is left of it.
pub(crate) async fn pack(
    state: &Path,
    to: &Path,
    version: &str,
    now_us: i64,
) -> Result<Contents, WriteError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to);
    let file = made.map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists(to.to_owned()),
        _ => WriteError::Io(to.to_owned(), why),
    })?;
    let packed = with_copy(state, to, file, |checked| Contents {
        format: FORMAT,
        version: version.to_owned(),
        made_us: now_us,
        journal: checked,
        releases: 0,
        files: 0,
        bytes: 0,
        digest: String::new(),
    })
    .await;
    if packed.is_err() {
        // What failed is told; a file that can't even be removed is the smaller trouble.
        fs::remove_file(to).ok();
    }
    packed
}

/// Copies the journal beside the backup, packs everything, and takes the copy away again.
async fn with_copy(
    state: &Path,
    to: &Path,
    file: File,
    begun: impl FnOnce(Checked) -> Contents,
) -> Result<Contents, WriteError> {
    let beside = beside(to);
    let failed = |why| WriteError::Io(beside.clone(), why);
    DirBuilder::new()
        .mode(0o700)
        .create(&beside)
        .map_err(failed)?;
    let copy = beside.join(JOURNAL);
    let copied = async {
        windlass_store::copy(&state.join(JOURNAL), &copy).await?;
        windlass_store::check(&copy).await
    };
    let packed = match copied.await {
        Ok(checked) if checked.damage.is_empty() => everything(state, &copy, file, begun(checked))
            .map_err(|(path, why)| WriteError::Io(path, why)),
        Ok(checked) => Err(WriteError::Damaged(checked.damage)),
        Err(why) => Err(WriteError::Journal(why)),
    };
    fs::remove_dir_all(&beside).map_err(failed)?;
    packed
}

/// A folder for what is needed while a backup is written or read.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    file.with_file_name(name)
}

type Failed = (PathBuf, io::Error);

fn everything(
    state: &Path,
    journal: &Path,
    file: File,
    mut contents: Contents,
) -> Result<Contents, Failed> {
    let mut tar = Packing {
        tar: Builder::new(BufWriter::new(file)),
        passed: Passed::default(),
        made_s: u64::try_from(contents.made_us / 1_000_000).unwrap_or(0),
    };
    tar.file(journal, Path::new(JOURNAL))?;
    for name in names(state)? {
        let left_out = LEFT_OUT.iter().any(|left_out| name == *left_out);
        let log = Path::new(&name)
            .extension()
            .is_some_and(|ending| ending == "log");
        if !left_out && !log {
            tar.tree(&state.join(&name), Path::new(&name))?;
        }
    }
    contents.releases = releases(state);
    contents.files = tar.passed.files;
    contents.bytes = tar.passed.bytes;
    contents.digest = tar.passed.digest();
    let whole = |why| (PathBuf::from(LAST), why);
    tar.last(&contents).map_err(whole)?;
    Ok(contents)
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>, Failed> {
    let failed = |why| (folder.to_owned(), why);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    Ok(names)
}

struct Packing {
    tar: Builder<BufWriter<File>>,
    passed: Passed,
    made_s: u64,
}

impl Packing {
    /// A folder with everything below it, a file, or a link. What else there may be is passed over.
    fn tree(&mut self, from: &Path, path: &Path) -> Result<(), Failed> {
        let failed = |why| (from.to_owned(), why);
        let seen = fs::symlink_metadata(from).map_err(failed)?;
        let mode = seen.permissions().mode();
        if seen.is_dir() {
            self.passed.entry(path, Kind::Folder, mode);
            let mut header = self.header(EntryType::Directory, mode, 0);
            self.tar
                .append_data(&mut header, path, io::empty())
                .map_err(failed)?;
            for name in names(from)? {
                self.tree(&from.join(&name), &path.join(&name))?;
            }
            Ok(())
        } else if seen.is_symlink() {
            let to = fs::read_link(from).map_err(failed)?;
            self.passed.entry(path, Kind::Link, 0);
            self.passed.link(&to);
            let mut header = self.header(EntryType::Symlink, 0o777, 0);
            self.tar.append_link(&mut header, path, &to).map_err(failed)
        } else if seen.is_file() {
            self.file(from, path)
        } else {
            Ok(())
        }
    }

    fn file(&mut self, from: &Path, path: &Path) -> Result<(), Failed> {
        let failed = |why| (from.to_owned(), why);
        let file = File::open(from).map_err(failed)?;
        let seen = file.metadata().map_err(failed)?;
        let (mode, size) = (seen.permissions().mode(), seen.len());
        let mut header = self.header(EntryType::Regular, mode, size);
        self.passed.entry(path, Kind::File, mode);
        let mut counting = Counting {
            // A file that grows meanwhile must not be longer than its header says.
            from: io::Read::take(file, size),
            passed: &mut self.passed,
            size: 0,
        };
        self.tar
            .append_data(&mut header, path, &mut counting)
            .map_err(failed)?;
        let read = counting.size;
        counting.end();
        if read == size {
            Ok(())
        } else {
            Err(failed(io::Error::other(
                "it became shorter while it was read",
            )))
        }
    }

    fn header(&self, kind: EntryType, mode: u32, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode & 0o777);
        header.set_size(size);
        header.set_mtime(self.made_s);
        header
    }

    /// The last entry, and everything on the disk.
    fn last(mut self, contents: &Contents) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(contents)?;
        let mut header = self.header(EntryType::Regular, 0o600, text.len() as u64);
        self.tar.append_data(&mut header, LAST, text.as_slice())?;
        let mut buffered = self.tar.into_inner()?;
        buffered.flush()?;
        let file = buffered
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }
}
