//! Two origins and the proxies in front of them. Dropping it ends them all by process id.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Signal;

use crate::bench::lab::free_addresses;
use crate::bench::processes;
use crate::bench::registry::Product;
use crate::bench::router::anchors;
use crate::bench::router::ours::{self, Ours};
use crate::bench::router::session;
use crate::bench::router::turns::{Contender, Turns};
use crate::say;

/// Longest wait for a program to answer.
pub(crate) const STARTED_WITHIN: Duration = Duration::from_secs(10);
/// Longest wait for one to end when it was asked to.
pub(crate) const ENDED_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks at it.
pub(crate) const LOOK: Duration = Duration::from_millis(5);

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
        processes::signal(self.pid(), Signal::TERM);
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

/// Where somebody listens; one that does not speak something listens nowhere for it.
#[derive(Clone, Copy)]
pub(crate) struct Doors {
    /// HTTP/1.1.
    pub(crate) plain: SocketAddr,
    /// The same in TLS.
    pub(crate) secure: SocketAddr,
    /// HTTP/2 without TLS.
    pub(crate) multiplexed: SocketAddr,
    /// Commands, over HTTP/1.1.
    pub(crate) told: SocketAddr,
}

impl Doors {
    fn at([plain, secure, multiplexed, told]: &[SocketAddr; 4]) -> Self {
        Self {
            plain: *plain,
            secure: *secure,
            multiplexed: *multiplexed,
            told: *told,
        }
    }
}

/// Something that is asked, and what of it runs.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) doors: Doors,
    /// None for the origin itself.
    pub(crate) process: Option<Running>,
    /// From its start until somebody listened there.
    pub(crate) ready_after: Duration,
}

/// Everything that is measured, started.
pub(crate) struct Bed {
    pub(crate) ours: Ours,
    /// The bare origin first, then the other proxies.
    pub(crate) others: Vec<Target>,
    pub(crate) origins: [SocketAddr; 2],
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
        let [one, two, rest @ ..] = free_addresses::<14>()?;
        let origins = [one, two];
        let doors: Vec<Doors> = rest.as_chunks().0.iter().map(Doors::at).collect();
        let running = [
            origin(product, one, "origin-1", folder)?,
            origin(product, two, "origin-2", folder)?,
        ];
        let ours = ours::start(product, folder, &origins)?;
        let mut others = vec![Target {
            name: "direct",
            doors: Doors::at(&[one; 4]),
            process: None,
            ready_after: Duration::ZERO,
        }];
        if anchored {
            let started = anchors::start(folder, &doors, origins)?;
            others.extend(started);
        }
        Ok(Self {
            ours,
            others,
            origins,
            _origins: running,
            folder: scratch,
        })
    }

    /// Ours, and those of `beside` that are there, each asked at this door; ours has one for everything.
    pub(crate) fn turns(&self, beside: &[&str], door: fn(&Doors) -> SocketAddr) -> Turns {
        let named = beside
            .iter()
            .filter_map(|name| self.others.iter().find(|other| other.name == *name));
        let beside = named.map(|other| {
            let pid = other.process.as_ref().map(Running::pid);
            Contender::new(other.name, door(&other.doors), pid)
        });
        Turns {
            ours: self.contender(self.ours.address),
            beside: beside.collect(),
        }
    }

    /// Ours, asked at this address.
    pub(crate) fn contender(&self, address: SocketAddr) -> Contender {
        Contender::new("windlass", address, Some(self.ours.process.pid()))
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
    let mut command = session::own(&product.origin);
    command.args([&address.to_string(), name]);
    let process = Running::start(name, &mut command, folder)?;
    process.wait_for(address)?;
    Ok(process)
}
