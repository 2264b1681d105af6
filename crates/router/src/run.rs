//! A whole router process.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval};
use windlass_control::RouterProgram;

use crate::access_file::AccessFile;
use crate::apply::{Keeper, Kept};
use crate::control::{self, Control};
use crate::core::{Core, locked};
use crate::door;
use crate::elder::Elder;
use crate::health;
use crate::keep::{TableFile, TableKeeper};
use crate::latch::Latches;
use crate::limits::{CONNECTIONS, CONTROL_CONNECTIONS, LOCK_PAUSE, LOCK_TIME, RENEW_EVERY, TICK};
use crate::ordering;
use crate::places::Places;
use crate::private::PrivateSocket;
use crate::reload::Alone;
use crate::scrape;

/// Digits of a process id, and more than it has.
const PID_DIGITS: u64 = 20;

/// What a router needs to be told; everything else comes over its socket.
#[derive(Clone, Debug)]
pub struct RouterConfig {
    /// The folder that keeps the last good table, the trips, and the lock that only one router holds.
    pub state: PathBuf,
    /// Where the controller reaches it: a Unix socket, at most 107 bytes long.
    pub socket: PathBuf,
    /// The file that a person's halt is: nothing is raised while it exists. One that can't be read
    /// is a halt too.
    pub halted: PathBuf,
    /// Data threads. More than the machine has cores gains nothing.
    pub threads: NonZeroUsize,
    /// What the file of a router that runs alone says; none: a controller decides.
    pub alone: Option<Alone>,
    /// What it says of itself to whoever asks: what a controller may have it do goes by that.
    pub program: RouterProgram,
}

/// Why a router could not run.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    /// The state folder can't be used.
    #[error("could not use the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another router holds the state folder.
    #[error("another router{} runs on the folder {}", pid(*by), path.display())]
    Taken {
        /// Which, as far as it has said.
        by: Option<u32>,
        /// The folder.
        path: PathBuf,
    },
    /// The control socket can't be bound.
    #[error("could not listen on {}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system refused a thread, a pipe or a runtime.
    #[error("could not start")]
    Start(#[source] io::Error),
    /// The state folder's table is a controller's and this router runs alone, or the other way round.
    #[error("the table in {} is {}", path.display(), if *.alone { "a controller's" } else { "of a router that runs alone" })]
    OtherKind {
        /// The folder.
        path: PathBuf,
        /// Whether this router runs alone.
        alone: bool,
    },
    /// An address of the file can't be listened on.
    #[error("could not listen on {address}")]
    Address {
        /// Which one.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What the file says can't be in effect; the text says why.
    #[error("the file can't be in effect: {0}")]
    File(String),
    /// It was started to take another router's place, and can't.
    #[error("could not take the other router's place")]
    Place(#[source] io::Error),
    /// It has no process session of its own.
    #[error("could not begin a process session")]
    Session(#[source] io::Error),
}

/// Gives this process a session of its own, so that it outlives its parent's terminal. Call it
/// first thing in a process that only runs a router; one that leads a group already keeps its session.
///
/// # Errors
/// [`RouterError::Session`] when the system refuses.
pub fn own_session() -> Result<(), RouterError> {
    match rustix::process::setsid() {
        Ok(_) | Err(rustix::io::Errno::PERM) => Ok(()),
        Err(why) => Err(RouterError::Session(why.into())),
    }
}

/// Serves until it is told to end (`Shutdown`, SIGTERM or SIGINT) and open requests have had their
/// time. Takes up the last good table of the state folder; listeners come from the controller, or
/// are bound here if it runs alone.
///
/// # Errors
/// [`RouterError::Taken`] when another router holds the folder; the others say what the system
/// refused. Nothing is served then.
pub fn run(config: RouterConfig) -> Result<(), RouterError> {
    let socket = config.socket.clone();
    match Elder::of_this_process().map_err(RouterError::Place)? {
        None => {
            let lock = lock(&config.state)?;
            let keeper = open(new_core(&config)?, config)?;
            keeper.serve_alone()?;
            serve(Arc::new(keeper), (socket, lock), None)
        }
        Some((mut elder, ready)) => {
            let core = new_core(&config)?;
            let taken = elder.take_place(&core, &config.state, &ready);
            taken.map_err(RouterError::Place)?;
            let known = core.live.load().services.len();
            // What the file says is taken up when a person has it read again, and not by the way.
            let keeper = open(core, config)?;
            keeper.take_listeners(elder.listeners());
            tracing::info!(services = known, "takes the place of another router");
            let lock = elder.lock.try_clone().map_err(RouterError::Place)?;
            sign(&lock);
            serve(Arc::new(keeper), (socket, lock), Some(elder))
        }
    }
}

fn new_core(config: &RouterConfig) -> Result<Arc<Core>, RouterError> {
    let core = Core::new(config.threads.get(), capacity(), &config.state);
    let core = core.map_err(|why| RouterError::Start(io::Error::other(why)))?;
    Ok(Arc::new(core))
}

/// Serves to the end, at the control socket of this path, with the lock of the state folder.
fn serve(
    keeper: Arc<Keeper>,
    (socket, lock): (PathBuf, File),
    elder: Option<Elder>,
) -> Result<(), RouterError> {
    let core = keeper.core.clone();
    let disk = keeper.kept.disk.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RouterError::Start)?;
    let signals = {
        let _entered = runtime.enter();
        Signals::hear().map_err(RouterError::Start)?
    };
    let (ended, alive) = io::pipe().map_err(RouterError::Start)?;
    let (listener, at) = PrivateSocket::bind(&socket).map_err(|source| RouterError::Socket {
        path: socket.clone(),
        source,
    })?;
    let control = Arc::new(Control {
        core: core.clone(),
        keeper: keeper.clone(),
        ended,
        alive: Mutex::new(Some(alive)),
        lock: Mutex::new(Some(lock)),
        places: Places::new(CONTROL_CONNECTIONS),
    });
    let (over, until_over) = mpsc::channel::<()>();
    let mut threads = Vec::new();
    let started = start(&core, until_over, &mut threads)
        .and_then(|()| start_keeping(&control, (listener, at), &mut threads))
        .and_then(|()| attend(&keeper, &mut threads))
        .and_then(|hung_up| leading(&keeper, elder, &mut threads).map(|()| hung_up))
        .and_then(|hung_up| {
            tracing::info!(boot = %core.boot.0, threads = core.shards, "the router runs");
            LocalSet::new().block_on(&runtime, upkeep(core.clone(), keeper, (signals, hung_up)))
        });
    core.end();
    core.alarm.end();
    core.access.end();
    disk.end();
    let alive = locked(&control.alive).take();
    let is_own = alive.is_some();
    drop((alive, over));
    for thread in threads {
        match thread.join() {
            Ok(Ok(())) => {}
            Ok(Err(why)) => tracing::error!(%why, "a thread failed"),
            Err(_panic) => tracing::error!("a thread panicked"),
        }
    }
    if is_own && let Err(why) = std::fs::remove_file(&socket) {
        tracing::warn!(%why, "could not remove the control socket");
    }
    tracing::info!("the router has ended");
    started.map_err(RouterError::Start)
}

/// Starts what writes, and what answers on the control socket.
fn start_keeping(
    control: &Arc<Control>,
    (listener, at): (UnixListener, PrivateSocket),
    threads: &mut Vec<JoinHandle<io::Result<()>>>,
) -> io::Result<()> {
    let core = control.core.clone();
    let disk = control.keeper.kept.disk.clone();
    let log = AccessFile::new(disk.folder());
    threads.push(thread("table", move || {
        disk.write_late();
        Ok(())
    })?);
    threads.push(thread("access log", move || {
        core.access.write(log);
        Ok(())
    })?);
    let control = control.clone();
    threads.push(thread("control", move || {
        control::accept(&control, listener, at);
        Ok(())
    })?);
    Ok(())
}

/// Tells the router whose place this one takes that it serves, and leads it to its end.
fn leading(
    keeper: &Arc<Keeper>,
    elder: Option<Elder>,
    threads: &mut Vec<JoinHandle<io::Result<()>>>,
) -> io::Result<()> {
    let Some(elder) = elder else {
        return Ok(());
    };
    elder.serves(&keeper.core);
    let keeper = keeper.clone();
    threads.push(thread("elder", move || {
        elder.lead(&keeper);
        Ok(())
    })?);
    Ok(())
}

/// Takes up what the state folder holds.
fn open(core: Arc<Core>, config: RouterConfig) -> Result<Keeper, RouterError> {
    let state = config.state;
    let latches = Arc::new(Latches::open(&state));
    let disk = Arc::new(TableKeeper::new(TableFile::new(&state), latches.clone()));
    let alone = config.alone.is_some();
    if disk.is_alone().is_some_and(|theirs| theirs != alone) {
        return Err(RouterError::OtherKind { path: state, alone });
    }
    let kept = Kept {
        disk,
        latches,
        halted: config.halted,
        alone: config.alone,
        program: config.program,
    };
    Ok(Keeper::open(core, kept))
}

fn thread(
    name: &str,
    body: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> io::Result<JoinHandle<io::Result<()>>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
}

/// Starts the data threads, and those that look after their certificates: until `over` is dropped, and until
/// the router ends.
fn start(
    core: &Arc<Core>,
    over: mpsc::Receiver<()>,
    threads: &mut Vec<JoinHandle<io::Result<()>>>,
) -> io::Result<()> {
    let renewed = core.clone();
    threads.push(thread("certificates", move || {
        while over.recv_timeout(RENEW_EVERY) == Err(RecvTimeoutError::Timeout) {
            renewed.certificates.renew();
        }
        Ok(())
    })?);
    let ordered = core.clone();
    threads.push(thread("orders", move || ordering::run(&ordered))?);
    for shard in 0..core.shards {
        let core = core.clone();
        threads.push(thread(&format!("data-{shard}"), move || {
            door::run(&core, shard)
        })?);
    }
    Ok(())
}

/// Starts the threads that look after the table: one for trips, one for metrics, and one that reads the
/// file again when it is told, until what this gives is dropped.
fn attend(
    keeper: &Arc<Keeper>,
    threads: &mut Vec<JoinHandle<io::Result<()>>>,
) -> io::Result<mpsc::SyncSender<()>> {
    let watching = keeper.clone();
    threads.push(thread("trips", move || {
        watching.watch();
        Ok(())
    })?);
    let asked = keeper.clone();
    threads.push(thread("metrics", move || scrape::run(asked))?);
    let (tell, told) = mpsc::sync_channel(1);
    let keeper = keeper.clone();
    threads.push(thread("file", move || {
        while told.recv().is_ok() {
            keeper.reload_as_told();
        }
        Ok(())
    })?);
    Ok(tell)
}

/// Only one router runs on a state folder: the kernel frees the lock when its holder dies.
fn lock(folder: &Path) -> Result<File, RouterError> {
    let failed = |source| RouterError::Folder {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = open_lock(folder).map_err(failed)?;
    let until = Instant::now() + LOCK_TIME;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                sign(&file);
                return Ok(file);
            }
            Err(rustix::io::Errno::INTR) => {}
            // One that is ending may still hold it.
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(RouterError::Taken {
                    by: signed(&file),
                    path: folder.to_owned(),
                });
            }
            Err(why) => return Err(failed(why.into())),
        }
    }
}

/// Client connections that the limit on descriptors allows: each may need another to an instance.
fn capacity() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_refused) => limit.current,
    };
    let files = current
        .and_then(|files| usize::try_from(files).ok())
        .unwrap_or(usize::MAX);
    // A quarter stays for listeners, probes and kept connections.
    CONNECTIONS.min(files / 8 * 3).max(1)
}

/// What a person or a supervisor says to the process. Heard before anybody can know that it runs: until then each of
/// these would kill it at once, with what it carries.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Hears them from now on. Within a runtime.
    fn hear() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// Probes, ticks and signals, until the data threads have ended.
async fn upkeep(
    core: Arc<Core>,
    keeper: Arc<Keeper>,
    (mut signals, hung_up): (Signals, mpsc::SyncSender<()>),
) -> io::Result<()> {
    let mut ending = core.ending();
    let mut closed = false;
    let mut ended = core.ended.subscribe();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick of an interval comes at once; a tick of ours is the end of an interval.
    ticks.tick().await;
    let health = health::watch(core.clone());
    let mut health = std::pin::pin!(health);
    loop {
        tokio::select! {
            _now = ticks.tick() => {
                core.tick();
                core.listen();
                keeper.open_overdue();
            }
            // A full channel means that the file is to be read again already.
            _signal = signals.hangup.recv() => drop(hung_up.try_send(())),
            () = health.as_mut() => {}
            _signal = signals.terminate.recv() => core.end(),
            _signal = signals.interrupt.recv() => core.end(),
            begins = ending.wait_for(|ending| *ending), if !closed => {
                drop(begins);
                keeper.close();
                closed = true;
            }
            all = ended.wait_for(|ended| *ended >= core.shards) => {
                drop(all);
                break;
            }
        }
    }
    core.tick();
    Ok(())
}

/// Opened without a change: its text is of whoever holds the lock.
fn open_lock(folder: &Path) -> io::Result<File> {
    let path = folder.join("router.lock");
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}

/// Says who holds the lock, for people: nobody trusts it once the lock is free.
fn sign(file: &File) {
    let id = std::process::id().to_string();
    // In place, then cut: what was there before has a place on a full disk.
    let length = u64::try_from(id.len()).unwrap_or(u64::MAX);
    let signed = file.write_all_at(id.as_bytes(), 0);
    if let Err(why) = signed.and_then(|()| file.set_len(length)) {
        tracing::error!(%why, "could not write the process id beside the lock of the state folder; it is held");
    }
}

fn signed(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_DIGITS).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn pid(of: Option<u32>) -> String {
    of.map_or_else(String::new, |pid| format!(" (pid {pid})"))
}

/// The process id of the router that holds this folder; none where none does, or it can't be told.
pub fn holder(folder: &Path) -> Option<u32> {
    let file = File::open(folder.join("router.lock")).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(rustix::io::Errno::WOULDBLOCK) => signed(&file),
        Ok(()) | Err(_) => None,
    }
}
