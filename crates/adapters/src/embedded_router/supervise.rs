//! The adapter: keeps a router running, and speaks to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::UnixStream;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use windlass_control::{
    Generation, ObservedTable, RouterBoot, RouterProgram, TableChange, Tick, TripwireId,
};
use windlass_edge::{EdgeError, ErrorKind, Retry, RouterNews, TrafficRouter};
use windlass_model::{Epoch, InstanceEnd, ServiceKey, SlotId};

use super::config::EmbeddedRouterConfig;
use super::fail::{lost, told_to_end};
use super::heard;
use super::link::{Link, ends_link, on_link, runs_alone};
use super::listeners::Listeners;
use super::news::{News, end_by, end_of};
use super::start::start;
use super::voice::Voice;

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
    found: Option<RouterProgram>,
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
    voice: Voice,
    /// The life of the router that this controller has spoken to.
    boot: Option<RouterBoot>,
    /// Told when it is another one.
    came_back: Arc<Notify>,
    /// What befell it.
    news: Arc<News>,
    /// How the last one that this adapter had started ended.
    last_end: Option<InstanceEnd>,
    /// Whether one that something is routed at was not there when this controller first looked.
    was_missing: bool,
    /// Whether this adapter has started the one that is to be handed over to.
    is_own: bool,
    /// It was told to end: nobody brings it back.
    ended: bool,
}

impl EmbeddedRouter {
    /// Uses the router that answers on the socket, else starts one, unless that would have nothing to
    /// serve. Says nothing to it.
    ///
    /// The first change takes duplicates of the listeners that the router has, binds those that its
    /// table names and nobody holds, and hands them over; from then on it is looked after.
    ///
    /// # Errors
    /// `Unreachable` when none could be started; `Refused` where the one that runs obeys a person.
    pub async fn connect(config: EmbeddedRouterConfig) -> Result<Self, EdgeError> {
        let shared = Arc::new(Shared {
            config,
            state: Mutex::default(),
        });
        let mut state = shared.state.lock().await;
        state.look(&shared.config).await?;
        let mut found = None;
        if state.is_connected() {
            let table = on_link(&mut state.link, async |link| link.observe().await).await?;
            if table.alone {
                return Err(runs_alone());
            }
            found = Some(table.program);
        }
        drop(state);
        let mut watch = JoinSet::new();
        watch.spawn(look_after(shared.clone()));
        Ok(Self {
            shared,
            found,
            _watch: watch,
        })
    }

    /// What the router was that answered when this connected; none where none had to run.
    pub fn found(&self) -> Option<&RouterProgram> {
        self.found.as_ref()
    }
}

/// Brings a router back that is gone, once this controller has spoken to it.
async fn look_after(shared: Arc<Shared>) {
    let mut pause = LOOK_EVERY;
    let mut told = String::new();
    loop {
        sleep(pause).await;
        let mut state = shared.state.lock().await;
        if state.ended {
            return;
        }
        state.reap();
        if state.voice != Voice::Speaks || state.is_speaking() {
            pause = LOOK_EVERY;
            continue;
        }
        tracing::warn!("the router is gone; bringing it back");
        match state.ensure(&shared.config).await {
            Ok(()) => {
                pause = LOOK_EVERY;
                told.clear();
            }
            Err(why) => {
                pause = (pause * 2).min(LONGEST_PAUSE);
                tracing::error!(why = %why.chain(), "could not bring the router back");
                // Another controller has taken over: this one has nothing to keep.
                if why.kind == ErrorKind::Refused {
                    return;
                }
                let why = why.chain();
                if why != told {
                    told.clone_from(&why);
                    state.news.tell(RouterNews::NotRestarted { why });
                }
            }
        }
    }
}

impl State {
    fn is_connected(&self) -> bool {
        self.link.as_ref().is_some_and(Link::is_open)
    }

    /// Whether the connection is one on which this controller has spoken.
    fn is_speaking(&self) -> bool {
        self.is_connected() && self.link.as_ref().is_some_and(Link::speaks)
    }

    /// Takes the exit status of a router that has ended.
    fn reap(&mut self) {
        if let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) {
            if !(self.ended && status.success()) {
                tracing::warn!(%status, "the router has ended");
            }
            self.last_end = Some(end_by(status));
            self.child = None;
        }
    }

    /// The table of a router that is not there and would serve nothing; else a connection for asking,
    /// and none. Where this controller has said nothing yet, no router is started for that.
    async fn look(
        &mut self,
        config: &EmbeddedRouterConfig,
    ) -> Result<Option<ObservedTable>, EdgeError> {
        if !self.is_connected() && self.voice == Voice::Silent && !self.ended {
            self.link = match Link::connect(&config.socket, None).await {
                Ok(link) => Some(link),
                Err(why) if why.kind == ErrorKind::Unreachable => None,
                Err(why) => return Err(why),
            };
            if self.link.is_none()
                && let Some(table) = heard::at_rest(&config.state)?
            {
                return Ok(Some(table));
            }
            self.was_missing = self.link.is_none();
        }
        self.reach(config).await?;
        Ok(None)
    }

    /// A connection for asking; nothing is said on it unless this controller speaks already.
    async fn reach(&mut self, config: &EmbeddedRouterConfig) -> Result<(), EdgeError> {
        if self.is_connected() {
            return Ok(());
        }
        if self.voice == Voice::Speaks {
            match self.ensure(config).await {
                // A newer controller has taken over; whoever asks is answered all the same.
                Err(why) if why.kind == ErrorKind::Refused => {}
                other => return other,
            }
        }
        self.open(config, None).await
    }

    /// A new connection, to a router that is started if none answers.
    async fn open(
        &mut self,
        config: &EmbeddedRouterConfig,
        epoch: Option<Epoch>,
    ) -> Result<(), EdgeError> {
        if self.ended {
            return Err(told_to_end());
        }
        self.link = None;
        self.reap();
        self.link = Some(match Link::connect(&config.socket, epoch).await {
            Ok(link) => link,
            Err(why) if why.kind == ErrorKind::Unreachable => {
                let (link, child) = start(config, epoch).await?;
                self.started(child);
                link
            }
            Err(why) => return Err(why),
        });
        Ok(())
    }

    /// Another one was started, in the place of one that is gone if there was one.
    fn started(&mut self, child: Child) {
        // Its connection breaks a moment before its end can be asked for.
        let before = self.child.replace(child);
        let seen = before.and_then(|mut before| end_of(&mut before));
        let seen = seen.or(self.last_end.take());
        let found = std::mem::take(&mut self.was_missing);
        self.is_own = true;
        if found || self.boot.is_some() {
            let end = seen.unwrap_or(InstanceEnd::Unknown);
            self.news.tell(RouterNews::Restarted { end, found });
        }
    }

    /// The highest epoch that was heard. Starts no router to ask it.
    async fn heard(&mut self, config: &EmbeddedRouterConfig) -> Result<Option<Epoch>, EdgeError> {
        let asked = if self.is_connected() {
            on_link(&mut self.link, async |link| link.observe().await).await
        } else {
            match Link::connect(&config.socket, None).await {
                Ok(mut link) => link.observe().await,
                Err(why) => Err(why),
            }
        };
        match asked {
            Ok(table) => Ok(heard::spoken(table.epoch)),
            Err(why) if why.kind == ErrorKind::Unreachable => heard::on_disk(&config.state),
            Err(why) => Err(why),
        }
    }

    /// Before the first word: refuses to speak to a router that has heard this epoch, or a newer
    /// one, from somebody else.
    async fn find_voice(&mut self, config: &EmbeddedRouterConfig) -> Result<(), EdgeError> {
        if self.voice == Voice::Silent {
            let heard = self.heard(config).await?;
            let not_older = heard.filter(|heard| *heard >= config.epoch);
            self.voice = not_older.map_or(Voice::Speaks, Voice::Lost);
        }
        match self.voice {
            Voice::Silent | Voice::Speaks => Ok(()),
            Voice::Lost(heard) => Err(lost(heard, config.epoch)),
        }
    }

    /// A connection on which this controller has spoken, with everything handed over.
    async fn ensure(&mut self, config: &EmbeddedRouterConfig) -> Result<(), EdgeError> {
        self.find_voice(config).await?;
        if !self.is_speaking() {
            self.open(config, Some(config.epoch)).await?;
            self.hand_over().await?;
        }
        Ok(())
    }

    /// Brings both sides to the same set of listeners.
    async fn hand_over(&mut self) -> Result<(), EdgeError> {
        let listeners = &mut self.listeners;
        let handed = on_link(&mut self.link, async |link| {
            let table = link.observe().await?;
            listeners.learn_anew(&table);
            listeners.take(link.listeners().await?);
            for address in listeners.missing() {
                // The table goes on without it; whoever changes that route is told.
                if let Err(why) = listeners.bind(address) {
                    tracing::error!(why = %why.chain(), "a listener of the table is missing");
                }
            }
            for (address, listener) in listeners.served() {
                link.listen(address, listener).await?;
            }
            Ok(table.boot)
        })
        .await;
        match handed {
            Ok(boot) => {
                let is_own = std::mem::take(&mut self.is_own);
                if self
                    .boot
                    .replace(boot.clone())
                    .is_some_and(|known| known != boot)
                {
                    self.came_back.notify_one();
                    if !is_own {
                        self.news.tell(RouterNews::Replaced);
                    }
                }
                Ok(())
            }
            Err(why) => {
                // Not half: the next call does it all.
                self.link = None;
                Err(why)
            }
        }
    }

    async fn apply(
        &mut self,
        config: &EmbeddedRouterConfig,
        change: TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        // Nothing is to be served: whoever changes that first starts a router.
        if change == TableChange::default() && self.look(config).await?.is_some() {
            return Ok(BTreeMap::new());
        }
        self.ensure(config).await?;
        let new = self.listeners.bind_new(&change)?;
        let listeners = &self.listeners;
        let applied = on_link(&mut self.link, async |link| {
            for (address, listener) in listeners.of(&change) {
                link.listen(address, listener).await?;
            }
            link.apply(change.clone()).await
        })
        .await;
        match &applied {
            Ok(_) => self.listeners.applied(&change),
            // Nothing was changed, so what was bound for it would only let clients wait. After an
            // unknown effect the sockets stay: the table may name them.
            Err(why) if !ends_link(why) => self.listeners.close(&new),
            Err(_) => {}
        }
        applied
    }

    /// Ends the router that answers, and starts none to end it.
    async fn shutdown(&mut self, config: &EmbeddedRouterConfig) -> Result<(), EdgeError> {
        self.find_voice(config).await?;
        if !self.is_speaking() {
            self.link = match Link::connect(&config.socket, Some(config.epoch)).await {
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
        let gone = timeout(END_TIME, self.gone(config)).await;
        gone.unwrap_or_else(|_late| {
            let what = format!("the router is still there after {END_TIME:?}");
            Err(EdgeError::new(ErrorKind::Timeout, Retry::Now, what))
        })
    }

    /// Waits until the router that was told to end is gone, and ends whoever takes its place: one that this
    /// adapter started beside it may have waited for that.
    async fn gone(&mut self, config: &EmbeddedRouterConfig) -> Result<(), EdgeError> {
        loop {
            if let Some(link) = self.link.take() {
                link.closed().await;
            }
            self.reap();
            if self.child.is_none() {
                return Ok(());
            }
            let told = async {
                let mut link = Link::connect(&config.socket, Some(config.epoch)).await?;
                link.shutdown().await.map(|()| link)
            };
            match told.await {
                Ok(link) => self.link = Some(link),
                Err(why) if why.kind == ErrorKind::Refused => return Err(why),
                Err(_none_or_ending) => sleep(GONE_PAUSE).await,
            }
        }
    }
}

#[async_trait(?Send)]
impl TrafficRouter for EmbeddedRouter {
    async fn process(&self) -> Option<u32> {
        // A connection of its own: others may be waiting with the kept one.
        let stream = UnixStream::connect(&self.shared.config.socket).await.ok()?;
        u32::try_from(stream.peer_cred().ok()?.pid()?).ok()
    }

    async fn apply(
        &self,
        change: TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.apply(&self.shared.config, change).await
    }

    async fn acknowledge(&self, trip: &TripwireId) -> Result<(), EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.ensure(&self.shared.config).await?;
        on_link(&mut state.link, async |link| link.acknowledge(trip).await).await
    }

    async fn may_listen(&self, address: SocketAddr) -> Result<(), EdgeError> {
        let mut state = self.shared.state.lock().await;
        match state.listeners.may_hold(address) {
            // A router that was not asked yet may be the one who has it.
            Err(why) if why.kind == ErrorKind::Conflict && !state.is_speaking() => {
                state.ensure(&self.shared.config).await?;
                state.listeners.may_hold(address)
            }
            known => known,
        }
    }

    async fn cut(&self, service: &ServiceKey, slot: SlotId) -> Result<u64, EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.ensure(&self.shared.config).await?;
        on_link(&mut state.link, async |link| link.cut(service, slot).await).await
    }

    async fn heard(&self) -> Result<Option<Epoch>, EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.heard(&self.shared.config).await
    }

    async fn observe(&self) -> Result<ObservedTable, EdgeError> {
        let mut state = self.shared.state.lock().await;
        if let Some(table) = state.look(&self.shared.config).await? {
            return Ok(table);
        }
        let table = on_link(&mut state.link, async |link| link.observe().await).await?;
        state.listeners.follow(&table);
        Ok(table)
    }

    async fn came_back(&self) {
        let came_back = Arc::clone(&self.shared.state.lock().await.came_back);
        came_back.notified().await;
    }

    async fn news(&self) -> RouterNews {
        let news = Arc::clone(&self.shared.state.lock().await.news);
        news.next().await
    }

    async fn ticks(&self, after: u64) -> Result<(RouterBoot, Vec<Tick>), EdgeError> {
        let mut state = self.shared.state.lock().await;
        state.reach(&self.shared.config).await?;
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
