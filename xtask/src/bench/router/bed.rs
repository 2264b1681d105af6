//! Two origins and the proxies in front of them. Dropping it ends them all by process id.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::lab::free_addresses;
use crate::bench::registry::Product;
use crate::bench::router::anchors;
use crate::bench::router::ours::{self, Ours};
use crate::say;

/// Longest wait for a program to answer.
pub(crate) const STARTED_WITHIN: Duration = Duration::from_secs(10);
/// Longest wait for one to end when it was asked to.
const ENDED_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks at it.
const LOOK: Duration = Duration::from_millis(5);

/// Numbers the beds of this run.
static BEDS: AtomicU32 = AtomicU32::new(0);

/// A program that runs until this is dropped.
pub(crate) struct Running {
    name: &'static str,
    child: Child,
}

impl Running {
    /// Starts it, with its talk in a file of `folder`.
    ///
    /// # Errors
    /// It is not there, or can't be started.
    pub(crate) fn start(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let talk = File::create(folder.join(format!("{name}.log"))).context("make a log")?;
        let twin = talk.try_clone().context("make a log")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(talk)
            .stderr(twin)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name, child })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until somebody listens on `address`.
    ///
    /// # Errors
    /// Nobody does in time.
    pub(crate) fn wait_for(&self, address: SocketAddr) -> anyhow::Result<()> {
        let until = Instant::now() + STARTED_WITHIN;
        while TcpStream::connect(address).is_err() {
            anyhow::ensure!(Instant::now() < until, "{} does not answer", self.name);
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Asked first: nginx takes its workers with it only then.
        let id = i32::try_from(self.child.id()).ok();
        if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(id, rustix::process::Signal::TERM).ok();
        }
        let until = Instant::now() + ENDED_WITHIN;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > until {
                self.child.kill().ok();
                self.child.wait().ok();
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Something that is asked, and what of it runs.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// None for the origin itself.
    process: Option<Running>,
}

/// Everything that is measured, started.
pub(crate) struct Bed {
    pub(crate) ours: Ours,
    /// The bare origin first, then the other proxies.
    pub(crate) others: Vec<Target>,
    pub(crate) origins: [SocketAddr; 2],
    /// Where HAProxy speaks TLS, if it is there.
    pub(crate) secure: SocketAddr,
    _origins: [Running; 2],
    /// Last, so that it goes when nobody uses it any more.
    folder: Scratch,
}

/// A folder that goes with this.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(why) = fs::remove_dir_all(&self.0) {
            say::aside(&format!("{} stays: {why}", self.0.display()));
        }
    }
}

impl Bed {
    /// Starts the origins, our router and, if `anchored`, the other proxies that are installed.
    pub(crate) fn make(product: &Product, anchored: bool) -> anyhow::Result<Self> {
        let name = format!(
            "wlr-{}-{}",
            std::process::id(),
            BEDS.fetch_add(1, Ordering::Relaxed)
        );
        // Short, for the sockets in it.
        let scratch = Scratch(std::env::temp_dir().join(name));
        let folder = &scratch.0;
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let [one, two, secure, rest @ ..] = free_addresses::<6>()?;
        let origins = [one, two];
        let running = [
            origin(product, one, "origin-1", folder)?,
            origin(product, two, "origin-2", folder)?,
        ];
        let ours = ours::start(product, folder, &origins)?;
        let mut others = vec![Target {
            name: "direct",
            address: one,
            process: None,
        }];
        if anchored {
            let started = anchors::start(folder, (rest, secure), origins)?;
            others.extend(started.into_iter().map(|(name, address, process)| Target {
                name,
                address,
                process: Some(process),
            }));
        }
        Ok(Self {
            ours,
            others,
            origins,
            secure,
            _origins: running,
            folder: scratch,
        })
    }

    /// Everything that is asked, ours last: its name, its address, and its process;
    /// none is the origin itself.
    pub(crate) fn targets(&self) -> Vec<(&'static str, SocketAddr, Option<u32>)> {
        let of = |target: &Target| {
            let pid = target.process.as_ref().map(Running::pid);
            (target.name, target.address, pid)
        };
        let mut all: Vec<_> = self.others.iter().map(of).collect();
        let ours = &self.ours;
        all.push(("windlass", ours.address, Some(ours.process.pid())));
        all
    }

    /// A folder for files of the run.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder.0
    }
}

fn origin(
    product: &Product,
    address: SocketAddr,
    name: &'static str,
    folder: &Path,
) -> anyhow::Result<Running> {
    let mut command = Command::new(&product.origin);
    command.args([&address.to_string(), name]);
    let process = Running::start(name, &mut command, folder)?;
    process.wait_for(address)?;
    Ok(process)
}
