//! Ends the controller at a named point, for `cargo xtask sweep`. A build without the feature
//! `crash-points` has none of it.
//!
//! A proof makes the folder `STATE/crash-points`. From then on every point that is reached is added
//! to `reached` there. `at` lists the points to die at, one a line: the first one until it was
//! reached, then the second; `died` has a line for each that was.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::process::{Signal, getpid, kill_process};
use windlass_edge::CrashPoints;

/// The folder in the state directory.
const FOLDER: &str = "crash-points";

/// What a proof left in the state directory.
pub(crate) struct Crash {
    folder: PathBuf,
}

impl Crash {
    pub(crate) fn of(state: &Path) -> Self {
        Self {
            folder: state.join(FOLDER),
        }
    }

    /// Whether this is the next point to die at.
    fn is_the_end(&self, point: &str) -> io::Result<bool> {
        if !self.folder.is_dir() {
            return Ok(false);
        }
        self.add("reached", point)?;
        let at = self.lines("at")?;
        let died = self.lines("died")?.len();
        Ok(at.get(died).is_some_and(|next| next == point))
    }

    fn add(&self, file: &str, line: &str) -> io::Result<()> {
        let path = self.folder.join(file);
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    fn lines(&self, file: &str) -> io::Result<Vec<String>> {
        match fs::read_to_string(self.folder.join(file)) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(why) => Err(why),
        }
    }
}

impl CrashPoints for Crash {
    fn reach(&self, point: &str) {
        let ends = self.is_the_end(point).and_then(|ends| {
            if ends {
                self.add("died", point)?;
                // A signal to oneself that can't be blocked has taken effect when the call is back.
                kill_process(getpid(), Signal::KILL)?;
            }
            Ok(())
        });
        if let Err(why) = ends {
            // The sweep notices: a point that did not kill was not visited.
            tracing::error!("crash point {point}: {why}");
        }
    }
}
