//! Where a state directory's files and sockets are.
//!
//! State is below `--state-dir`, by default `$XDG_STATE_HOME/windlass` or `~/.local/state/windlass`.
//! Sockets are in `$XDG_RUNTIME_DIR/windlass/<hash>`; without that variable in `STATE/run`; and where
//! that is too long for a Unix socket, in a folder of the user's own below the system's temporary
//! folder.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{PathsError, Unsafe};

/// Longest name of a socket in [`StatePaths::run`], in bytes: a prefix, an instance id, `.sock`.
pub const SOCKET_NAME_MAX: usize = 40;

/// Longest path of a Unix socket that is used, in bytes; the kernel takes 107.
const SOCKET_PATH_MAX: usize = 100;

/// Characters of the hash that names a state directory.
const HASH_LENGTH: usize = 16;

/// Mode of every folder made here.
const PRIVATE: u32 = 0o700;

/// What the surroundings say about where things belong.
#[derive(Clone, Debug)]
pub struct Places {
    /// `XDG_STATE_HOME`.
    pub state_home: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`; passed over unless it is a folder of this user.
    pub runtime: Option<PathBuf>,
    /// The system's temporary folder.
    pub temporary: PathBuf,
    /// The effective user.
    pub user: u32,
}

impl Places {
    /// Those of this process.
    pub fn here() -> Self {
        Self {
            state_home: absolute(std::env::var_os("XDG_STATE_HOME")),
            home: absolute(std::env::var_os("HOME")),
            runtime: absolute(std::env::var_os("XDG_RUNTIME_DIR")),
            temporary: std::env::temp_dir(),
            user: rustix::process::geteuid().as_raw(),
        }
    }
}

/// The base directory rules say that a relative path is to be ignored.
fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The files and sockets of one state directory. Locating them makes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePaths {
    /// The state directory, absolute.
    pub state: PathBuf,
    /// The folder of the sockets.
    pub run: PathBuf,
    /// Where the controller listens.
    pub controller_socket: PathBuf,
    /// Where the router listens for its controller.
    pub router_socket: PathBuf,
    /// Held by the kernel for the one controller; see [`crate::ControllerLock`].
    pub lock: PathBuf,
    /// What the controller prints.
    pub controller_log: PathBuf,
    /// What the router prints.
    pub router_log: PathBuf,
    /// There while a person halts every raise.
    pub halted: PathBuf,
    /// The user's own folder below the temporary one, if the sockets are there.
    fallback: Option<PathBuf>,
    user: u32,
}

impl StatePaths {
    /// Locates the state directory `state_dir`, or the default one.
    ///
    /// # Errors
    /// When nothing says where, or no path is short enough for a socket.
    pub fn locate(state_dir: Option<&Path>) -> Result<Self, PathsError> {
        Self::locate_in(state_dir, &Places::here())
    }

    /// The same in given surroundings.
    ///
    /// # Errors
    /// The same.
    pub fn locate_in(state_dir: Option<&Path>, places: &Places) -> Result<Self, PathsError> {
        let wanted = match (state_dir, &places.state_home, &places.home) {
            (Some(given), _, _) => given.to_owned(),
            (None, Some(state_home), _) => state_home.join("windlass"),
            (None, None, Some(home)) => home.join(".local/state/windlass"),
            (None, None, None) => return Err(PathsError::Nowhere),
        };
        let state = canonical(&wanted)?;
        let hash = hash(&state);
        let own = |folder: &PathBuf| fs::metadata(folder).is_ok_and(|m| m.uid() == places.user);
        let first = match places.runtime.as_ref().filter(|folder| own(folder)) {
            Some(runtime) => runtime.join("windlass").join(&hash),
            None => state.join("run"),
        };
        let (run, fallback) = if fits(&first) {
            (first, None)
        } else {
            let users = places.temporary.join(format!("windlass-{}", places.user));
            (users.join(&hash), Some(users))
        };
        if !fits(&run) {
            return Err(PathsError::TooLong { path: run });
        }
        Ok(Self {
            controller_socket: run.join("controller.sock"),
            router_socket: run.join("router.sock"),
            lock: state.join("controller.lock"),
            controller_log: state.join("controller.log"),
            router_log: state.join("router.log"),
            halted: state.join("halted"),
            run,
            state,
            fallback,
            user: places.user,
        })
    }

    /// Whether the state directory is there at all.
    pub fn exists(&self) -> bool {
        self.state.is_dir()
    }

    /// Makes the folders, for this user only. Repeating it changes nothing.
    ///
    /// # Errors
    /// When a folder can't be made, belongs to somebody else, or others may write in it.
    pub fn create(&self) -> Result<(), PathsError> {
        make(&self.state)?;
        self.check(&self.state, 0o022)?;
        if let Some(users) = &self.fallback {
            make(users)?;
            self.check(users, 0o077)?;
        }
        make(&self.run)?;
        self.check(&self.run, 0o077)
    }

    /// Refuses a folder of somebody else, a link, and one that gives others any of `mode`.
    fn check(&self, folder: &Path, mode: u32) -> Result<(), PathsError> {
        let refuse = |why: Unsafe| PathsError::NotPrivate {
            path: folder.to_owned(),
            why,
        };
        let seen = fs::symlink_metadata(folder).map_err(|source| PathsError::Make {
            path: folder.to_owned(),
            source,
        })?;
        if !seen.is_dir() {
            return Err(refuse(Unsafe::NoFolder));
        }
        if seen.uid() != self.user {
            return Err(refuse(Unsafe::Anothers(seen.uid())));
        }
        if seen.mode() & mode != 0 {
            return Err(refuse(Unsafe::Open(seen.mode() & 0o777)));
        }
        Ok(())
    }

    /// Opens the controller's log for appending; only its owner may read it.
    ///
    /// # Errors
    /// Those of opening a file.
    pub fn open_controller_log(&self) -> io::Result<fs::File> {
        let log = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.controller_log)?;
        log.set_permissions(Permissions::from_mode(0o600))?;
        Ok(log)
    }
}

fn fits(run: &Path) -> bool {
    run.as_os_str().len() + 1 + SOCKET_NAME_MAX < SOCKET_PATH_MAX
}

fn make(folder: &Path) -> Result<(), PathsError> {
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(folder)
        .map_err(|source| PathsError::Make {
            path: folder.to_owned(),
            source,
        })
}

/// The path without links as far as it exists, so that two spellings of one folder are one.
fn canonical(path: &Path) -> Result<PathBuf, PathsError> {
    let absolute = std::path::absolute(path).map_err(|source| PathsError::Absolute {
        path: path.to_owned(),
        source,
    })?;
    for ancestor in absolute.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            let rest = absolute.strip_prefix(ancestor).unwrap_or(Path::new(""));
            return Ok(real.components().chain(rest.components()).collect());
        }
    }
    Ok(absolute)
}

fn hash(state: &Path) -> String {
    let digest = Sha256::digest(state.as_os_str().as_bytes());
    let mut text = data_encoding::HEXLOWER.encode(&digest);
    text.truncate(HASH_LENGTH);
    text
}
