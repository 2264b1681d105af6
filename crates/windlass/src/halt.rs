//! A person's halt as a file of the state directory. Needs no controller.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use windlass_adapters::HaltFile;
use windlass_client::StatePaths;
use windlass_edge::Brake;
use windlass_model::{Halt, LIFTS_MOST, Lift};

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

/// What came of lifting.
#[derive(Debug)]
pub(crate) struct Lifted {
    /// What ended.
    pub(crate) was: Halt,
    /// Why nobody will know who ended it, where that could not be written down.
    pub(crate) unnoted: Option<io::Error>,
}

/// Ends the halt; tells whose it was. None when nothing was halted.
///
/// It ends first, and that somebody ended it is written down for the controller then: a disk that is full
/// keeps no halt up.
pub(crate) fn lift(
    paths: &StatePaths,
    (by, why): (String, Option<String>),
    at_us: i64,
) -> io::Result<Option<Lifted>> {
    let was = wire::halted(paths);
    match fs::remove_file(&paths.halted) {
        Ok(()) => {}
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    }
    sync(&paths.state)?;
    let Some(was) = was else {
        // It appeared a moment ago, and nobody has read it.
        return Ok(None);
    };
    let lift = Lift {
        by,
        at_us,
        why,
        was: was.clone(),
    };
    let unnoted = note_lift(&HaltFile::new(paths.halted.clone()), lift).err();
    Ok(Some(Lifted { was, unnoted }))
}

/// Beside those before it, in one piece.
fn note_lift(file: &HaltFile, lift: Lift) -> io::Result<()> {
    let mut all = file.lifts();
    all.push(lift);
    all.drain(..all.len().saturating_sub(LIFTS_MOST));
    let path = file.lifted();
    let whole = path.with_extension(format!("{}", std::process::id()));
    let placed = write(&whole, &serde_json::to_vec(&all)?);
    if let Err(why) = placed.and_then(|()| fs::rename(&whole, &path)) {
        // What is left of it is in nobody's way.
        fs::remove_file(&whole).ok();
        return Err(why);
    }
    Ok(())
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
            why: None,
        }
    }

    fn lift_at(paths: &StatePaths, at_us: i64) -> Option<Halt> {
        let lifted = lift(paths, ("ana".to_owned(), None), at_us).unwrap()?;
        assert!(lifted.unnoted.is_none(), "{lifted:?}");
        Some(lifted.was)
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
        assert_eq!(lift_at(&paths, 8), Some(by("mira", 7)));
        assert_eq!(lift_at(&paths, 9), None);
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
        assert!(lift_at(&paths, 8).is_some());
        assert!(!paths.halted.exists());
    }

    #[test]
    fn the_newest_ends_are_kept_with_who_and_what_they_ended() {
        let folder = tempfile::tempdir().unwrap();
        let paths = StatePaths::locate(Some(folder.path())).unwrap();
        for at_us in 1..=20 {
            halt(&paths, by("mira", at_us)).unwrap();
            lift_at(&paths, at_us + 100).unwrap();
        }
        let all = HaltFile::new(paths.halted.clone()).lifts();
        assert_eq!(all.len(), LIFTS_MOST);
        let last = all.last().unwrap();
        assert_eq!((last.by.as_str(), last.at_us), ("ana", 120));
        assert_eq!(last.was, by("mira", 20));
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "nothing else is left");
    }

    #[test]
    fn an_end_that_cannot_be_noted_is_an_end_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let paths = StatePaths::locate(Some(folder.path())).unwrap();
        halt(&paths, by("mira", 7)).unwrap();
        fs::create_dir(folder.path().join("lifted")).unwrap();
        let lifted = lift(&paths, ("ana".to_owned(), None), 8).unwrap().unwrap();
        assert!(lifted.unnoted.is_some());
        assert_eq!(wire::halted(&paths), None);
    }
}
