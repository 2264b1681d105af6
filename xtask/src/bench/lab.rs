//! A fresh place to deploy in: a program, a file, a state directory, sockets; gone at the end.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Signal;

use crate::bench::processes::{self, Process};
use crate::bench::program::{self, Ended};
use crate::bench::registry::Product;
use crate::say;

/// Longest time for one command of the product.
pub(crate) const COMMAND_WITHIN: Duration = Duration::from_secs(30);
/// Longest wait for the processes of a lab to become as few as they should be.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks at them.
const LOOK: Duration = Duration::from_millis(50);
/// What the product reads of its surroundings; a lab says all of it itself.
const SURROUNDINGS: [&str; 4] = [
    "WINDLASS_STATE_DIR",
    "WINDLASS_LOG",
    "XDG_STATE_HOME",
    "NO_COLOR",
];

/// The folder of a release that holds a small file for each identity it was planned under.
const RECORDS: &str = "identities";

/// What is in a state directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Bytes of all files.
    pub(crate) bytes: u64,
    /// The small files of releases, one for each identity.
    pub(crate) records: usize,
    /// All other files.
    pub(crate) files: usize,
}

/// Numbers the labs of this run.
static LABS: AtomicU32 = AtomicU32::new(0);

/// One installation of the product, with one application. Dropping it ends every process of it and
/// removes its folders.
#[derive(Debug)]
pub(crate) struct Lab {
    binary: PathBuf,
    /// Its own folder below the target folder: the same disk that people build on.
    folder: PathBuf,
    /// Where its sockets are: their paths must be short.
    sockets: PathBuf,
}

impl Lab {
    /// Makes the folders, with a copy of the binary beside `windlass.yaml`, which holds `text`.
    pub(crate) fn make(product: &Product, text: &str) -> anyhow::Result<Self> {
        let name = format!(
            "wlb-{}-{}",
            std::process::id(),
            LABS.fetch_add(1, Ordering::Relaxed)
        );
        let lab = Self {
            binary: product.binary.clone(),
            folder: product.scratch.join(&name),
            sockets: std::env::temp_dir().join(&name),
        };
        for folder in [lab.application(), lab.state(), lab.sockets.clone()] {
            fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        }
        let program = lab.application().join("windlass");
        fs::copy(&product.binary, &program)
            .with_context(|| format!("copy the binary to {}", program.display()))?;
        fs::write(lab.file(), text).context("write the application's file")?;
        Ok(lab)
    }

    fn application(&self) -> PathBuf {
        self.folder.join("app")
    }

    fn file(&self) -> PathBuf {
        self.application().join("windlass.yaml")
    }

    /// Adds a small program that can be planned with.
    pub(crate) fn add_program(&self, name: &str) -> anyhow::Result<()> {
        let path = self.application().join(name);
        fs::write(&path, "#!/bin/true\n")
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("write {}", path.display()))
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Runs a command of the product on this application.
    ///
    /// # Errors
    /// It was not done in time, or ended with anything but 0.
    pub(crate) fn windlass(&self, words: &[&str]) -> anyhow::Result<Ended> {
        program::run(&mut self.command(words), &self.folder, COMMAND_WITHIN)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for name in SURROUNDINGS {
            command.env_remove(name);
        }
        command
            .args(words)
            .arg("--file")
            .arg(self.file())
            .arg("--state-dir")
            .arg(self.state())
            .env("XDG_RUNTIME_DIR", &self.sockets);
        command
    }

    /// Replaces the application's file.
    pub(crate) fn rewrite(&self, text: &str) -> anyhow::Result<()> {
        fs::write(self.file(), text).context("write the application's file")
    }

    /// Ends those of its processes that are `meant`, with the signal that can't be answered, and
    /// waits until they are gone. `what` they are is for the error.
    ///
    /// # Errors
    /// There is none, or one stays.
    pub(crate) fn kill(&self, what: &str, meant: impl Fn(&Process) -> bool) -> anyhow::Result<()> {
        self.signalled(what, Signal::KILL, meant, |process| Ok(!process.runs()))
    }

    /// Has those of its processes that are `meant` stand still, so that they are there and do nothing.
    ///
    /// # Errors
    /// There is none, or one goes on.
    pub(crate) fn freeze(
        &self,
        what: &str,
        meant: impl Fn(&Process) -> bool,
    ) -> anyhow::Result<()> {
        self.signalled(what, Signal::STOP, meant, |process| {
            processes::stands_still(process.pid)
        })
    }

    /// Signals those that are `meant`, and waits until each is as it is to be then.
    fn signalled(
        &self,
        what: &str,
        signal: Signal,
        meant: impl Fn(&Process) -> bool,
        is_so: impl Fn(&Process) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let found = processes::of_folder(&self.folder)?;
        let meant: Vec<Process> = found.into_iter().filter(meant).collect();
        anyhow::ensure!(!meant.is_empty(), "there is no {what}");
        for process in &meant {
            processes::signal(process.pid, signal);
        }
        let until = Instant::now() + SETTLED_WITHIN;
        for process in &meant {
            while !is_so(process)? {
                anyhow::ensure!(
                    Instant::now() < until,
                    "the {what} got {signal:?} and goes on"
                );
                thread::yield_now();
            }
        }
        Ok(())
    }

    /// Its processes, once they are no more than `most`, or as they are after some time.
    pub(crate) fn settled(&self, most: usize) -> anyhow::Result<Vec<Process>> {
        let until = Instant::now() + SETTLED_WITHIN;
        loop {
            let found = processes::of_folder(&self.folder)?;
            if found.len() <= most || Instant::now() >= until {
                return Ok(found);
            }
            thread::sleep(LOOK);
        }
    }

    /// How many socket files there are.
    pub(crate) fn socket_files(&self) -> anyhow::Result<usize> {
        let mut count = 0;
        for folder in [&self.sockets, &self.folder] {
            walk(folder, &mut |_path, found| {
                count += usize::from(found.file_type().is_socket());
            })?;
        }
        Ok(count)
    }

    /// What is in the state directory.
    pub(crate) fn kept(&self) -> anyhow::Result<Kept> {
        let mut kept = Kept::default();
        walk(&self.state(), &mut |path, found| {
            kept.bytes += found.len();
            if path.components().any(|part| part.as_os_str() == RECORDS) {
                kept.records += 1;
            } else {
                kept.files += 1;
            }
        })?;
        Ok(kept)
    }

    /// `windlass down`; how many processes and socket files are left after it.
    pub(crate) fn down(&self) -> anyhow::Result<usize> {
        self.windlass(&["down"])?;
        Ok(self.settled(0)?.len() + self.socket_files()?)
    }

    /// Ends what is left of it by process id.
    fn end(&self) {
        let Ok(left) = processes::of_folder(&self.folder) else {
            return;
        };
        if left.is_empty() {
            return;
        }
        let mut down = self.command(&["down"]);
        program::clear(&mut down, &self.folder, COMMAND_WITHIN).ok();
        for process in self.settled(0).unwrap_or_default() {
            processes::signal(process.pid, Signal::KILL);
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.end();
        for folder in [&self.folder, &self.sockets] {
            if let Err(why) = fs::remove_dir_all(folder) {
                say::aside(&format!("{} stays: {why}", folder.display()));
            }
        }
    }
}

/// Shows every file below `folder`; one that goes away meanwhile is passed over.
fn walk(folder: &Path, show: &mut dyn FnMut(&Path, &fs::Metadata)) -> anyhow::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry
                .with_context(|| format!("list {}", folder.display()))?
                .path();
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => folders.push(path),
                Ok(found) => show(&path, &found),
                Err(_gone) => {}
            }
        }
    }
    Ok(())
}

/// Addresses of this machine that nobody listens on now, all different.
pub(crate) fn free_addresses<const COUNT: usize>() -> anyhow::Result<[SocketAddr; COUNT]> {
    // Held together, so that none is handed out twice.
    let mut held = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        held.push(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?);
    }
    let mut addresses = Vec::with_capacity(COUNT);
    for listener in &held {
        addresses.push(listener.local_addr().context("read a free port")?);
    }
    addresses
        .try_into()
        .map_err(|_wrong_count| anyhow::anyhow!("not as many addresses as asked for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_all_different() {
        let [a, b, c] = free_addresses().expect("free ports");
        assert!(a != b && b != c && a != c);
    }

    #[test]
    fn what_is_not_there_has_no_files() {
        let mut seen = 0;
        walk(Path::new("/nowhere/at/all"), &mut |_path, _found| seen += 1).expect("nothing");
        assert_eq!(seen, 0);
    }
}
