//! The adapter: keeps a router running, and speaks to it.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use windlass_control::{Generation, ObservedTable, RouteChange, RouterBoot, Tick};
use windlass_edge::{EdgeError, ErrorKind, Retry, TrafficRouter};
use windlass_model::ServiceKey;

use super::config::EmbeddedRouterConfig;
use super::link::{Link, ends_link};
use super::listeners::Listeners;
use super::start::start;

/// How often the router is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Longest pause between two attempts to bring a router back.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Time for a router to end: its open requests get thirty seconds.
const END_TIME: Duration = Duration::from_secs(35);

/// Pause while a router that was told to end puts its things away.
const GONE_PAUSE: Duration = Duration::from_millis(2);

/// Replies to one reading of ticks: a router keeps fewer.
const TICK_REPLIES: usize = 100;

/// The embedded router of one state folder.
pub struct EmbeddedRouter {
    shared: Arc<Shared>,
    /// Looks after the router; ends with this adapter.
    _watch: JoinSet<()>,
}

struct Shared {
    config: EmbeddedRouterConfig,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    /// The router, if this adapter started it; kept to learn of its end.
    child: Option<Child>,
    listeners: Listeners,
    /// It was told to end: nobody brings it back.
    ended: bool,
}

impl EmbeddedRouter {
    /// Uses the router that answers on the socket, else starts one. Takes duplicates of the
    /// listeners it has, binds those that its table names and nobody holds, and hands them over.
    ///
    /// # Errors
    /// `Refused` when the router has heard a newer epoch; `Unreachable` when none could be started.
    pub async fn connect(config: EmbeddedRouterConfig) -> Result<Self, EdgeError> {
        let shared = Arc::new(Shared {
            config,
            state: Mutex::default(),
        });
        shared.state.lock().await.ensure(&shared.config).await?;
        let mut watch = JoinSet::new();
        watch.spawn(look_after(shared.clone()));
        Ok(Self {
            shared,
            _watch: watch,
        })
    }
}

/// Brings a router back that is gone.
async fn look_after(shared: Arc<Shared>) {
    let mut pause = LOOK_EVERY;
    loop {
        sleep(pause).await;
        let mut state = shared.state.lock().await;
        if state.ended {
            return;
        }
        state.reap();
        if state.is_connected() {
            pause = LOOK_EVERY;
            continue;
        }
        tracing::warn!("the router is gone; bringing it back");
        match state.ensure(&shared.config).await {
            Ok(()) => pause = LOOK_EVERY,
            Err(why) => {
                pause = (pause * 2).min(LONGEST_PAUSE);
                tracing::error!(why = %why.chain(), "could not bring the router back");
                // Another controller has taken over: this one has nothing to keep.
                if why.kind == ErrorKind::Refused {
                    return;
                }
            }
        }
    }
}

impl State {
    fn is_connected(&self) -> bool {
        self.link.as_ref().is_some_and(Link::is_open)
    }

    /// Takes the exit status of a router that has ended.
    fn reap(&mut self) {
        let ended = self.child.as_mut().map(Child::try_wait);
        if let Some(Ok(Some(status))) = ended {
            tracing::warn!(%status, "the router has ended");
            self.child = None;
        }
    }

    /// A connection on which everything is handed over.
    async fn ensure(&mut self, config: &EmbeddedRouterConfig) -> Result<(), EdgeError> {
        if !self.is_connected() {
            self.link = None;
            self.reap();
            let mut link = match Link::connect(&config.socket, config.epoch).await {
                Ok(link) => link,
                Err(why) if why.kind == ErrorKind::Unreachable => {
                    let (link, child) = start(config).await?;
                    self.child = Some(child);
                    link
                }
                Err(why) => return Err(why),
            };
            self.hand_over(&mut link).await?;
            self.link = Some(link);
        }
        Ok(())
    }

    /// Brings both sides to the same set of listeners.
    async fn hand_over(&mut self, link: &mut Link) -> Result<(), EdgeError> {
        self.listeners.learn(&link.observe().await?);
        self.listeners.take(link.listeners().await?);
        for address in self.listeners.missing() {
            // The table goes on without it; whoever changes that route is told.
            if let Err(why) = self.listeners.bind(address) {
                tracing::error!(why = %why.chain(), "a listener of the table is missing");
            }
        }
        for (address, listener) in self.listeners.held() {
            link.listen(address, listener).await?;
        }
        Ok(())
    }

    async fn apply(
        &mut self,
        config: &EmbeddedRouterConfig,
        changes: BTreeMap<ServiceKey, RouteChange>,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        self.ensure(config).await?;
        let new = self.listeners.bind_new(&changes)?;
        let listeners = &self.listeners;
        let applied = on_link(&mut self.link, async |link| {
            for (address, listener) in listeners.of(&changes) {
                link.listen(address, listener).await?;
            }
            link.apply(changes.clone()).await
        })
        .await;
        match &applied {
            Ok(_) => self.listeners.applied(&changes),
            // Nothing was changed, so what was bound for it would only let clients wait. After an
            // unknown effect the sockets stay: the table may name them.
            Err(why) if !ends_link(why) => self.listeners.close(&new),
            Err(_) => {}
        }
        applied
    }

    /// Ends the router that answers, and starts none to end it.
    async fn shutdown(&mut self, config: &EmbeddedRouterConfig) -> Result<(), EdgeError> {
        if !self.is_connected() {
            self.link = match Link::connect(&config.socket, config.epoch).await {
                Ok(link) => Some(link),
                Err(why) if why.kind == ErrorKind::Unreachable => None,
                Err(why) => return Err(why),
            };
        }
        if self.link.is_some() {
            on_link(&mut self.link, async |link| link.shutdown().await).await?;
        }
        self.ended = true;
        // Before the wait: whoever comes now is refused instead of kept waiting.
        self.listeners.close_all();
        let gone = timeout(END_TIME, self.gone()).await;
        gone.map_err(|_late| {
            let what = format!("the router is still there after {END_TIME:?}");
            EdgeError::new(ErrorKind::Timeout, Retry::Now, what)
        })
    }

    async fn gone(&mut self) {
        if let Some(link) = &self.link {
            link.closed().await;
        }
        self.link = None;
        while self.child.is_some() {
            self.reap();
            sleep(GONE_PAUSE).await;
        }
    }
}

/// Makes one call. The connection is taken out while it runs, so that a call dropped half way
/// leaves no reply behind for the next one to misread; one that broke is not put back.
async fn on_link<T>(
    kept: &mut Option<Link>,
    call: impl AsyncFnOnce(&mut Link) -> Result<T, EdgeError>,
) -> Result<T, EdgeError> {
    let Some(mut link) = kept.take() else {
        return Err(unconnected());
    };
    let done = call(&mut link).await;
    if !done.as_ref().is_err_and(ends_link) {
        *kept = Some(link);
    }
    done
}

fn unconnected() -> EdgeError {
    let what = "the connection to the router broke";
    EdgeError::new(ErrorKind::Unreachable, Retry::Now, what)
}

#[async_trait(?Send)]
impl TrafficRouter for EmbeddedRouter {
    async fn apply(
        &self,
        changes: BTreeMap<ServiceKey, RouteChange>,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.apply(&self.shared.config, changes).await
    }

    async fn observe(&self) -> Result<ObservedTable, EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.ensure(&self.shared.config).await?;
        on_link(&mut state.link, async |link| link.observe().await).await
    }

    async fn ticks(&self, after: u64) -> Result<(RouterBoot, Vec<Tick>), EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.ensure(&self.shared.config).await?;
        on_link(&mut state.link, async |link| {
            let (boot, mut ticks) = link.ticks(after).await?;
            for _ in 1..TICK_REPLIES {
                let Some(last) = ticks.last() else { break };
                let (_, more) = link.ticks(last.number).await?;
                if more.is_empty() {
                    break;
                }
                ticks.extend(more);
            }
            Ok((boot, ticks))
        })
        .await
    }

    async fn shutdown(&self) -> Result<(), EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.shutdown(&self.shared.config).await
    }
}
