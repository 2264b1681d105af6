//! One fresh installation; gone at the end with every process of it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::processes::{self, Process, Role};
use crate::say;
use crate::sweep::plan::{PROGRAM, Plan, Stage};
use crate::sweep::product::Product;

/// Longest time for one command.
const COMMAND_WITHIN: Duration = Duration::from_secs(40);
/// Longest wait for the processes of a lab to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// Longest time for a process to stand still.
const STOPS_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(5);
/// Listeners of a lab.
const LISTENERS: usize = 4;
/// The first port of listeners: below those that the kernel gives to clients.
const FIRST_PORT: u16 = 15_000;
/// Ports that are used in turn.
const PORTS: u16 = 3_000;
/// Bytes of a command's talk that an error repeats.
const TOLD_MOST: usize = 1_500;
/// The folder of the crash points in the state directory.
const POINTS: &str = "crash-points";
/// What the product reads of its surroundings; a lab says all of it itself.
const SURROUNDINGS: [&str; 4] = [
    "WINDLASS_STATE_DIR",
    "WINDLASS_LOG",
    "XDG_STATE_HOME",
    "NO_COLOR",
];

/// Ports handed out by this run so far.
static HANDED_OUT: AtomicU16 = AtomicU16::new(0);

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// One installation with one application.
#[derive(Debug)]
pub(super) struct Lab {
    binary: PathBuf,
    plan: Plan,
    folder: PathBuf,
    /// Where its sockets are: their paths must be short.
    sockets: PathBuf,
    listen: [SocketAddr; LISTENERS],
}

impl Lab {
    /// Lays it out; `name` is its own among those that exist.
    pub(super) fn make(product: &Product, plan: Plan, name: &str) -> anyhow::Result<Self> {
        let name = format!("wls-{}-{name}", std::process::id());
        let lab = Self {
            binary: product.binary.clone(),
            plan,
            folder: product.scratch.join(&name),
            sockets: std::env::temp_dir().join(&name),
            listen: free_addresses()?,
        };
        for folder in [lab.application(), lab.state(), lab.sockets.clone()] {
            fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        }
        lab.write_program()?;
        Ok(lab)
    }

    /// The services' program: small, since each lab keeps and digests a copy of it.
    fn write_program(&self) -> anyhow::Result<()> {
        let path = self.application().join(PROGRAM);
        let binary = self.binary.display();
        let text = format!("#!/bin/sh\nexec '{binary}' demo-service \"$@\"\n");
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("write {}", path.display()))
    }

    fn application(&self) -> PathBuf {
        self.folder.join("app")
    }

    fn file(&self) -> PathBuf {
        self.application().join("windlass.yaml")
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Where the load asks.
    pub(super) fn front(&self) -> SocketAddr {
        let mut services = self.plan.services().zip(self.listen);
        let front = services.find(|(service, _)| self.plan.is_front(service));
        front.map_or(self.listen[0], |(_, address)| address)
    }

    /// Writes the application's file.
    pub(super) fn set(&self, stage: Stage) -> anyhow::Result<()> {
        let text = self.plan.text(stage, &self.listen, &self.folder);
        fs::write(self.file(), text).context("write the application's file")
    }

    /// The words that deploy `version` of everything.
    pub(super) fn deploy(&self, version: &str) -> anyhow::Result<Ended> {
        let set = self.plan.services().map(|s| format!("{s}={version}"));
        let mut words = vec!["deploy".to_owned()];
        words.extend(set.flat_map(|set| ["--set".to_owned(), set]));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.run(&words)
    }

    /// Runs one command of the product to its end.
    ///
    /// # Errors
    /// It can't be started, is not done in time, or a signal ended it.
    pub(super) fn run(&self, words: &[&str]) -> anyhow::Result<Ended> {
        let [out, err] = ["out", "err"].map(|name| self.folder.join(name));
        let make =
            |path: &Path| File::create(path).with_context(|| format!("make {}", path.display()));
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
            .env("XDG_RUNTIME_DIR", &self.sockets)
            .stdin(Stdio::null())
            .stdout(make(&out)?)
            .stderr(make(&err)?);
        let mut child = command.spawn().context("start windlass")?;
        let until = Instant::now() + COMMAND_WITHIN;
        let status = loop {
            if let Some(status) = child.try_wait().context("wait for windlass")? {
                break status;
            }
            if Instant::now() > until {
                child.kill().context("end windlass")?;
                child.wait().context("wait for windlass")?;
                anyhow::bail!(
                    "`windlass {}` was not done within {COMMAND_WITHIN:?}: {}",
                    words.join(" "),
                    tail(&err)
                );
            }
            thread::sleep(LOOK);
        };
        let code = status.code().context("a signal ended windlass")?;
        let out = fs::read_to_string(&out).context("read what windlass wrote")?;
        let err = tail(&err);
        Ok(Ended { code, out, err })
    }

    /// Runs a command that must end with 0, and reads its JSON.
    pub(super) fn json(&self, words: &[&str]) -> anyhow::Result<serde_json::Value> {
        let mut all = words.to_vec();
        all.extend(["-o", "json"]);
        let ended = self.run(&all)?;
        anyhow::ensure!(
            ended.code == 0,
            "`windlass {}` ended with {}: {}",
            all.join(" "),
            ended.code,
            ended.err
        );
        serde_json::from_str(&ended.out).with_context(|| format!("read `{}`", words.join(" ")))
    }

    /// From now on points are told, and the controller dies at each of `at`, one after the other.
    pub(super) fn arm(&self, at: &[String]) -> anyhow::Result<()> {
        let folder = self.state().join(POINTS);
        // `at` is there before anybody looks.
        let made = self.state().join("crash-points.new");
        fs::create_dir(&made)
            .and_then(|()| fs::write(made.join("at"), at.join("\n")))
            .and_then(|()| fs::rename(&made, &folder))
            .context("arm the crash points")
    }

    /// From now on nothing dies by itself, and no point is told.
    pub(super) fn disarm(&self) -> anyhow::Result<()> {
        let over = self.state().join("crash-points.over");
        fs::rename(self.state().join(POINTS), over).context("disarm the crash points")
    }

    /// The points reached so far.
    pub(super) fn reached(&self) -> anyhow::Result<Vec<String>> {
        lines(&self.state().join(POINTS).join("reached"))
    }

    /// The points at which the controller died.
    pub(super) fn died(&self) -> anyhow::Result<Vec<String>> {
        lines(&self.state().join(POINTS).join("died"))
    }

    /// What the services wrote when they started.
    pub(super) fn starts(&self) -> anyhow::Result<Vec<String>> {
        lines(&self.folder.join("starts"))
    }

    /// Whether an instance found its port taken: by another lab, which looked at the same moment.
    pub(super) fn has_clashed(&self) -> bool {
        let folder = self.state().join("instances");
        let instances = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut logs = instances.map(|instance| fs::read(instance.path().join("stderr.log")));
        logs.any(|log| {
            log.is_ok_and(|log| String::from_utf8_lossy(&log).contains("Address already in use"))
        })
    }

    /// Its processes.
    pub(super) fn processes(&self) -> anyhow::Result<Vec<Process>> {
        processes::of_folder(&self.folder)
    }

    /// The ports of the instances that run.
    pub(super) fn instance_ports(&self) -> anyhow::Result<Vec<String>> {
        let others = self.processes()?.into_iter();
        let others = others.filter(|process| process.role == Role::Other);
        let mut ports: Vec<String> = others
            .filter_map(|process| {
                let mut words = process.words.iter().skip_while(|word| *word != "--port");
                words.nth(1).cloned()
            })
            .collect();
        ports.sort_unstable();
        Ok(ports)
    }

    /// How many processes `windlass down` leaves.
    pub(super) fn down(&self) -> anyhow::Result<usize> {
        let ended = self.run(&["down"])?;
        anyhow::ensure!(
            ended.code == 0,
            "`windlass down` ended with {}: {}",
            ended.code,
            ended.err
        );
        Ok(self.left()?.len())
    }

    /// Its processes, once there are none, or those there are after some time.
    fn left(&self) -> anyhow::Result<Vec<Process>> {
        let until = Instant::now() + GONE_WITHIN;
        loop {
            let left = self.processes()?;
            if left.is_empty() || Instant::now() >= until {
                return Ok(left);
            }
            thread::sleep(LOOK);
        }
    }

    /// Copies what a person needs to see why to `place`.
    pub(super) fn keep(&self, place: &Path) {
        let logs = ["state/controller.log", "state/router.log", "err", "starts"];
        let points = ["state/crash-points/reached", "state/crash-points/died"];
        fs::create_dir_all(place).ok();
        for name in logs.into_iter().chain(points) {
            let from = self.folder.join(name);
            if let Some(file) = from.file_name() {
                fs::copy(&from, place.join(file)).ok();
            }
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Controllers first: they would start the others again.
        for role in [Role::Controller, Role::Router, Role::Shim, Role::Other] {
            let processes = self.processes().unwrap_or_default();
            for process in processes.iter().filter(|process| process.role == role) {
                kill(process.pid).ok();
            }
        }
        self.left().ok();
        for folder in [&self.folder, &self.sockets] {
            if let Err(why) = remove(folder) {
                say::aside(&format!("{} stays: {why}", folder.display()));
            }
        }
    }
}

/// Ends one process; says whether it was there.
pub(super) fn kill(pid: u32) -> anyhow::Result<bool> {
    signal(pid, Signal::KILL)
}

/// Has one process stand still, and waits until it does; says whether it was there.
pub(super) fn stop(pid: u32) -> anyhow::Result<bool> {
    if !signal(pid, Signal::STOP)? {
        return Ok(false);
    }
    let deadline = Instant::now() + STOPS_WITHIN;
    while !processes::stands_still(pid)? {
        anyhow::ensure!(
            Instant::now() < deadline,
            "process {pid} does not stand still"
        );
        thread::sleep(LOOK);
    }
    Ok(true)
}

fn signal(pid: u32, signal: Signal) -> anyhow::Result<bool> {
    let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let id = id.with_context(|| format!("{pid} is no process"))?;
    match kill_process(id, signal) {
        Ok(()) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        Err(why) => Err(why).with_context(|| format!("signal process {pid}")),
    }
}

/// Removes a folder of which releases are read-only.
fn remove(folder: &Path) -> std::io::Result<()> {
    Command::new("chmod")
        .args(["-R", "u+w"])
        .arg(folder)
        .status()?;
    fs::remove_dir_all(folder)
}

/// The lines of a file; none if it is not there.
fn lines(path: &Path) -> anyhow::Result<Vec<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(why) => Err(why).with_context(|| format!("read {}", path.display())),
    }
}

fn tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let from = bytes.len().saturating_sub(TOLD_MOST);
    let text = String::from_utf8_lossy(bytes.get(from..).unwrap_or_default());
    text.trim().to_owned()
}

/// Addresses that nobody listens on now, and that this run does not hand out again soon.
fn free_addresses() -> anyhow::Result<[SocketAddr; LISTENERS]> {
    let mut found = Vec::with_capacity(LISTENERS);
    for _ in 0..PORTS {
        let port = FIRST_PORT + HANDED_OUT.fetch_add(1, Ordering::Relaxed) % PORTS;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            found.push(address);
        }
        if let Ok(all) = found.as_slice().try_into() {
            return Ok(all);
        }
    }
    anyhow::bail!("no free ports from {FIRST_PORT} on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_handed_out_twice() {
        let mut all: Vec<SocketAddr> = Vec::new();
        for _ in 0..3 {
            all.extend(free_addresses().expect("free ports"));
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
