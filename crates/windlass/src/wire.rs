//! The one place that names concrete adapters.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
pub(crate) use windlass_adapters::DamagedRelease;
use windlass_adapters::{
    EmbeddedRouter, EmbeddedRouterConfig, FolderGauge, HaltFile, LocalTasks, NetworkProber,
    PortRange, ProcessTarget, ProcessTargetConfig, Prometheus, RandomIds, SystemClock,
    damaged_releases as damaged_below, look_beforehand,
};
use windlass_api::Exit;
use windlass_client::{ControllerLock, Holder, ReplaceError, StatePaths, is_stopped, replace};
use windlass_control::RouterProgram;
use windlass_edge::{Brake as _, EdgeError, KeepRelease, Store};
use windlass_model::Halt;
use windlass_router::{Alone, RouterConfig, RouterError};
use windlass_runtime::Border;
use windlass_server::{About, Network, RunTokens, Server, Tokens, TokensError, WayIn};
use windlass_store::SqliteStore;

use crate::backup;
use crate::beside::served_elsewhere;
use crate::diagnostic::{Diagnostic, NO_START, chain};
use crate::door::{self, Door};
use crate::findable::{self, stay_findable};
use crate::log;
use crate::reception::Loopback;
use crate::ui::program::router_line;

/// The journal's file in the state directory.
pub(crate) const JOURNAL: &str = "windlass.db";

/// The file of the tokens for the network, in the state directory.
const TOKENS: &str = "tokens.json";

/// Why the release could not be kept from this machine; nothing is kept.
pub(crate) fn absent(request: &KeepRelease) -> Option<String> {
    look_beforehand(request).err().map(|why| why.chain())
}

/// Kept releases that are not what was kept; reads all of them.
pub(crate) fn damaged_releases(paths: &StatePaths) -> Vec<DamagedRelease> {
    damaged_below(&paths.state)
}

/// This very binary, even when its file was replaced or deleted meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// Whose place a controller takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Nobody's: where there is a controller, it is refused.
    Free,
    /// That of the one that runs, if one does: it is asked to end.
    Anothers {
        /// How long its end may take.
        within: Duration,
    },
}

/// How long a controller lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Until it is asked to end.
    Stays,
    /// Also no longer than somebody needs it: a command has started it.
    WhileNeeded,
}

/// Runs the controller until it is asked to end, or until a `down` left nothing to control.
pub(crate) fn serve(
    paths: &StatePaths,
    place: Place,
    life: Life,
    door: &Door,
) -> Result<(), Diagnostic> {
    log::to_stderr();
    paths.create()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| io("the controller's thread", &why))?;
    let local = LocalSet::new();
    let (ahead, mut ended) = (local.block_on(&runtime, ahead(paths, place, door))?, None);
    let _lock = take(paths, place, |pid| ended = Some(pid))?;
    let ran = local.block_on(&runtime, controller(paths, life, (door, ahead)));
    ran.map_err(|failed| match ended {
        Some(pid) => nobody_left(failed, pid),
        None => failed,
    })
}

/// What is asked for of the network, while another controller runs that is to be replaced: one that
/// can't be had must not cost that one its place.
async fn ahead(
    paths: &StatePaths,
    place: Place,
    door: &Door,
) -> Result<Option<Network>, Diagnostic> {
    match (place, ControllerLock::holder(paths)) {
        (Place::Anothers { .. }, Holder::Somebody(Some(pid))) => {
            let opened = door.ahead(pid).await;
            opened.map_err(|failed| {
                failed.and(format!("the controller (pid {pid}) goes on as it was"))
            })
        }
        (Place::Anothers { .. } | Place::Free, _) => Ok(None),
    }
}

/// The controller that ran has made room for one that could not start.
fn nobody_left(failed: Diagnostic, pid: u32) -> Diagnostic {
    let left = format!(
        "the controller (pid {pid}) had ended to make room: none runs now; what runs goes on without \
         it, and so does its traffic"
    );
    let hint = match &failed.hint {
        Some(hint) => format!("{hint}; then start one: windlass serve"),
        None => "start one again: windlass serve".to_owned(),
    };
    failed.and(left).hint(hint)
}

fn take(
    paths: &StatePaths,
    place: Place,
    mut asked: impl FnMut(u32),
) -> Result<ControllerLock, Diagnostic> {
    match place {
        Place::Free => ControllerLock::take(paths)
            .map_err(|why| io("the controller's lock", &why))?
            .ok_or_else(|| held(paths)),
        Place::Anothers { within } => replace(paths, within, |pid| {
            tracing::info!("asked the controller (pid {pid}) to end");
            asked(pid);
        })
        .map_err(|why| not_replaced(&why)),
    }
}

/// Another controller has the state directory.
const IN_PLACE: &str = "WL0442";

fn not_replaced(error: &ReplaceError) -> Diagnostic {
    match error {
        ReplaceError::Lock(why) => io("the controller's lock", why),
        ReplaceError::Stopped { pid } => Diagnostic::new(Exit::Unreachable, error.to_string())
            .code(IN_PLACE)
            .hint(wake(*pid)),
        ReplaceError::NotOurs { pid } => Diagnostic::new(Exit::Refused, error.to_string())
            .code(IN_PLACE)
            .hint(format!("look at who has the lock: ps -fp {pid}")),
        ReplaceError::Late { pid, .. } => {
            let said = Diagnostic::new(Exit::Unreachable, error.to_string()).code(IN_PLACE);
            match pid {
                Some(pid) => said.hint(format!("end it: kill -KILL {pid}; nothing is lost by it")),
                None => said.hint(
                    "look with: windlass doctor, and at controller.log in the state directory",
                ),
            }
        }
    }
}

fn wake(pid: u32) -> String {
    format!("let it go on: kill -CONT {pid}")
}

/// Who halted every raise, if somebody did.
pub(crate) fn halted(paths: &StatePaths) -> Option<Halt> {
    HaltFile::new(paths.halted.clone()).halted()
}

async fn controller(
    paths: &StatePaths,
    life: Life,
    (door, ahead): (&Door, Option<Network>),
) -> Result<(), Diagnostic> {
    if let Some(served) = served_elsewhere(paths).await {
        return Err(served.refuses());
    }
    // Before anything is started: an address that can't be had leaves nothing behind.
    let network = door.open(&paths.state, ahead).await?;
    let tokens = Tokens::open(&tokens(paths)).map_err(|why| not_open(&why))?;
    let (border, runs, arriving) = border(paths).await.map_err(|error| edge(&error))?;
    let epoch = border.store.epoch();
    let running = windlass_runtime::start(border)
        .await
        .map_err(|error| edge(&error))?;
    let (listener, socket) = findable::listen(&paths.controller_socket)
        .map_err(|why| io(&paths.controller_socket.display().to_string(), &why))?;
    let about = About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        epoch: epoch.0,
        pid: std::process::id(),
        lost_history: running.handle.lost_history(),
    };
    tracing::info!(
        "controller of {} runs, epoch {epoch}",
        paths.state.display()
    );
    let handle = running.handle.clone();
    let mut done = running.done;
    match life {
        Life::WhileNeeded if network.is_none() => handle.end_when_idle(),
        // Whoever asks from elsewhere can't start it.
        Life::WhileNeeded | Life::Stays => {}
    }
    let asked = asked_to_end().map_err(|why| io("signals", &why))?;
    let ended = async move {
        tokio::select! {
            // A `down` left nothing to control, and nothing of it is to come back by itself.
            () = &mut done => door::forget(&paths.state),
            () = asked => {
                // Services and router go on; what was open is gone on with at the next start.
                let (_stopped, ()) = tokio::join!(handle.stop(), &mut done);
            }
        }
    };
    let (again, looking) = stay_findable(socket);
    let server = Server::new(running.handle, about, tokens)
        .network(network)
        .runs(runs, arriving)
        .again(again);
    let looking = tokio::task::spawn_local(looking);
    server.serve(listener, ended).await;
    looking.abort();
    remove(&paths.controller_socket);
    Ok(())
}

async fn border(
    paths: &StatePaths,
) -> Result<(Border, RunTokens, mpsc::Receiver<WayIn>), EdgeError> {
    let store = SqliteStore::open(&paths.state.join(JOURNAL))?;
    let epoch = store.epoch();
    let router = EmbeddedRouter::connect(EmbeddedRouterConfig {
        program: PathBuf::from(OURSELVES),
        arguments: vec![
            "router".into(),
            "--state-dir".into(),
            paths.state.clone().into_os_string(),
        ],
        state: router_state(paths),
        socket: paths.router_socket.clone(),
        log: paths.router_log.clone(),
        epoch,
    })
    .await?;
    tell_of_another(router.found());
    let target = ProcessTarget::new(ProcessTargetConfig {
        shim: vec![OURSELVES.to_owned(), "shim".to_owned()],
        state: paths.state.clone(),
        run: paths.run.clone(),
        epoch,
        installation: store.installation(),
        key: store.installation_key().to_vec(),
    })?;
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::from(d.subsec_nanos()));
    let runs = RunTokens::new(store.installation_key().to_vec());
    let gauge = FolderGauge::new(paths.state.join("scores"), paths.state.join("measuring"));
    // The lock of the controller is held: nobody else measures.
    gauge.end_left();
    let (reception, arriving) = Loopback::new(runs.clone());
    let border = Border {
        clock: Rc::new(SystemClock::new()),
        ids: Rc::new(RandomIds),
        addresses: Rc::new(PortRange::of_this_machine(seed)),
        spawner: Rc::new(LocalTasks),
        store: Rc::new(store),
        target: Rc::new(target),
        router: Rc::new(router),
        metrics: Rc::new(Prometheus),
        prober: Rc::new(NetworkProber),
        gauge: Rc::new(gauge),
        #[cfg(feature = "crash-points")]
        points: Rc::new(crate::crash::Crash::of(&paths.state)),
        reception: Rc::new(reception),
        brake: Rc::new(HaltFile::new(paths.halted.clone())),
        restored_us: backup::restored_us(&paths.state),
    };
    Ok((border, runs, arriving))
}

/// A controller leaves the router that it finds as it is; whoever has just put a new one in place is told.
fn tell_of_another(found: Option<&RouterProgram>) {
    let own = RouterProgram::own();
    if let Some(router) = found.filter(|router| **router != own) {
        let line = router_line(router, ("this controller", &own));
        tracing::warn!("the router goes on as it is: {line}");
    }
}

/// The router's own folder: its last good table.
pub(crate) fn router_state(paths: &StatePaths) -> PathBuf {
    paths.state.join("router")
}

/// The file of the tokens for the network.
pub(crate) fn tokens(paths: &StatePaths) -> PathBuf {
    paths.state.join(TOKENS)
}

/// Runs the router of a controller until it is asked to end.
pub(crate) fn router(paths: &StatePaths) -> Result<(), Diagnostic> {
    // It outlives the controller that started it, and that one's terminal.
    windlass_router::own_session().map_err(|why| not_routed(&why))?;
    run_router(paths, None)
}

/// Runs a router that serves what its file says until it is asked to end.
pub(crate) fn router_alone(paths: &StatePaths, file: Alone) -> Result<(), Diagnostic> {
    run_router(paths, Some(file))
}

fn run_router(paths: &StatePaths, alone: Option<Alone>) -> Result<(), Diagnostic> {
    log::to_stderr();
    paths.create()?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    windlass_router::run(RouterConfig {
        state: router_state(paths),
        socket: paths.router_socket.clone(),
        halted: paths.halted.clone(),
        threads,
        alone,
        program: RouterProgram::own(),
    })
    .map_err(|why| not_routed(&why))
}

fn not_routed(error: &RouterError) -> Diagnostic {
    let (exit, hint) = match error {
        RouterError::Taken { .. } | RouterError::OtherKind { .. } => (
            Exit::Refused,
            "give it a folder of its own: --state-dir DIR",
        ),
        RouterError::Address { .. } => (
            Exit::Refused,
            "end what listens there, or name another address in the file",
        ),
        RouterError::File(_) => (Exit::Configuration, "mend the file and start it again"),
        RouterError::Place(_) => (
            Exit::Refused,
            "the other router goes on; have it hand over again: windlass router upgrade",
        ),
        RouterError::Folder { .. }
        | RouterError::Socket { .. }
        | RouterError::Start(_)
        | RouterError::Session(_) => (Exit::Stuck, "look at the state directory: windlass doctor"),
    };
    Diagnostic::new(exit, chain(error))
        .code("WL0428")
        .hint(hint)
}

fn remove(socket: &Path) {
    if let Err(why) = std::fs::remove_file(socket)
        && why.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("{} stays: {why}", socket.display());
    }
}

/// Ready when a signal asks for the end.
fn asked_to_end() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn held(paths: &StatePaths) -> Diagnostic {
    let place = paths.state.display();
    let refused = |what: String| Diagnostic::new(Exit::Refused, what).code(IN_PLACE);
    match ControllerLock::holder(paths) {
        Holder::Somebody(Some(pid)) if is_stopped(pid) => refused(format!(
            "process {pid} is the controller of {place} already, and it is stopped"
        ))
        .hint(wake(pid)),
        Holder::Somebody(Some(pid)) => refused(format!(
            "process {pid} is the controller of {place} already"
        ))
        .hint("take its place: windlass serve --replace"),
        Holder::Somebody(None) | Holder::Nobody => refused(format!(
            "another process is the controller of {place} already"
        )),
    }
}

fn not_open(error: &TokensError) -> Diagnostic {
    not_started(chain(error))
}

fn edge(error: &EdgeError) -> Diagnostic {
    not_started(error.chain())
}

fn not_started(why: String) -> Diagnostic {
    Diagnostic::new(Exit::Stuck, "the controller could not start")
        .code(NO_START)
        .detail(why)
        .hint("look with: windlass doctor")
}

fn io(what: &str, why: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Exit::Stuck, format!("{what} can't be used"))
        .code(NO_START)
        .detail(why.to_string())
        .hint("look with: windlass doctor")
}
