//! The routers that took another one's place: they are nobody's children here.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use rustix::process::Signal;

use crate::bench::processes::{self, Process, Role};
use crate::bench::router::bed::{ENDED_WITHIN, LOOK};

/// Every router of a bed's folder. Dropping it ends them by process id.
pub(crate) struct Heirs(PathBuf);

impl Heirs {
    /// Those that are there, and those that come.
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn there(&self) -> Vec<Process> {
        let mut all = processes::of_folder(&self.0).unwrap_or_default();
        all.retain(|process| process.role == Role::Router);
        all
    }
}

impl Drop for Heirs {
    fn drop(&mut self) {
        for router in self.there() {
            processes::signal(router.pid, Signal::TERM);
        }
        let until = Instant::now() + ENDED_WITHIN;
        while !self.there().is_empty() && Instant::now() < until {
            thread::sleep(LOOK);
        }
        for router in self.there() {
            processes::signal(router.pid, Signal::KILL);
        }
    }
}
