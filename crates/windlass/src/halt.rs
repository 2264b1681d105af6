//! A person's halt as a file of the state directory. Needs no controller.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use windlass_client::StatePaths;
use windlass_model::Halt;

use crate::wire;

/// What came of halting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Halted {
    /// From now on.
    Now(Halt),
    /// It was halted before.
    Already(Halt),
}

/// Halts, unless it is halted already. Whoever was first is named.
///
/// The file appears whole or not at all, and on the disk: a halt that a power cut loses is none.
pub(crate) fn halt(paths: &StatePaths, halt: Halt) -> io::Result<Halted> {
    if let Some(first) = wire::halted(paths) {
        return Ok(Halted::Already(first));
    }
    let text = serde_json::to_vec(&halt)?;
    let whole = paths
        .halted
        .with_extension(format!("{}", std::process::id()));
    let placed = write(&whole, &text).and_then(|()| fs::hard_link(&whole, &paths.halted));
    let removed = fs::remove_file(&whole);
    match placed {
        Ok(()) => {}
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            // Somebody was quicker.
            return Ok(Halted::Already(wire::halted(paths).unwrap_or(halt)));
        }
        Err(why) => return Err(why),
    }
    removed?;
    sync(&paths.state)?;
    Ok(Halted::Now(halt))
}

/// Ends the halt; tells whose it was. None when nothing was halted.
pub(crate) fn lift(paths: &StatePaths) -> io::Result<Option<Halt>> {
    let was = wire::halted(paths);
    match fs::remove_file(&paths.halted) {
        Ok(()) => {
            sync(&paths.state)?;
            Ok(was)
        }
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}

fn write(path: &PathBuf, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn by(name: &str, since_us: i64) -> Halt {
        Halt {
            by: name.to_owned(),
            since_us,
        }
    }

    #[test]
    fn the_first_who_halts_is_named_until_it_is_lifted() {
        let folder = tempfile::tempdir().unwrap();
        let paths = StatePaths::locate(Some(folder.path())).unwrap();
        assert_eq!(
            halt(&paths, by("mira", 7)).unwrap(),
            Halted::Now(by("mira", 7))
        );
        assert_eq!(
            halt(&paths, by("jo", 8)).unwrap(),
            Halted::Already(by("mira", 7))
        );
        let mode = fs::metadata(&paths.halted).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1, "nothing else is left: {files:?}");
        assert_eq!(lift(&paths).unwrap(), Some(by("mira", 7)));
        assert_eq!(lift(&paths).unwrap(), None);
        assert_eq!(halt(&paths, by("jo", 9)).unwrap(), Halted::Now(by("jo", 9)));
    }

    #[test]
    fn a_file_that_cannot_be_read_halts_and_can_be_lifted() {
        let folder = tempfile::tempdir().unwrap();
        let paths = StatePaths::locate(Some(folder.path())).unwrap();
        fs::write(&paths.halted, "{").unwrap();
        assert!(matches!(
            halt(&paths, by("mira", 7)).unwrap(),
            Halted::Already(_)
        ));
        assert!(lift(&paths).unwrap().is_some());
        assert!(!paths.halted.exists());
    }
}
