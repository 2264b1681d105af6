//! The halt, as a file of the state directory.

use std::io;
use std::path::PathBuf;

use windlass_edge::Brake;
use windlass_model::{Halt, Lift};

/// `STATE/halted`: whoever writes it halts every raise, also while no controller runs. Beside it
/// `STATE/lifted` tells of those that have ended.
#[derive(Clone, Debug)]
pub struct HaltFile {
    path: PathBuf,
}

impl HaltFile {
    /// The file at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the halts lie that have ended.
    pub fn lifted(&self) -> PathBuf {
        self.path.with_file_name("lifted")
    }
}

impl Brake for HaltFile {
    fn halted(&self) -> Option<Halt> {
        match std::fs::read(&self.path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => None,
            // One that can't be read is a halt all the same: the safe side.
            Err(_) => Some(unknown()),
            Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap_or_else(|_torn| unknown())),
        }
    }

    fn lifts(&self) -> Vec<Lift> {
        let bytes = std::fs::read(self.lifted()).unwrap_or_default();
        // What can't be read tells nothing, and decides nothing.
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

fn unknown() -> Halt {
    Halt {
        by: "somebody".to_owned(),
        since_us: 0,
        why: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_halts_whatever_it_holds_and_none_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("halted");
        let brake = HaltFile::new(path.clone());
        assert_eq!(brake.halted(), None);
        let halt = Halt {
            by: "ops".to_owned(),
            since_us: 7,
            why: None,
        };
        std::fs::write(&path, serde_json::to_vec(&halt).expect("plain data")).expect("written");
        assert_eq!(brake.halted(), Some(halt));
        std::fs::write(&path, b"{").expect("written");
        assert_eq!(brake.halted(), Some(unknown()));
    }
}
