//! Following the health of instances.

use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{AbortHandle, Abortable, Either, select};
use futures_util::{FutureExt, StreamExt};
use windlass_edge::{Clock, EdgeError, InstanceState, Prober, Target};
use windlass_engine::rollout::{Event, Watched};
use windlass_model::{
    CommandState, InstanceEnd, InstanceId, Millis, Probe, ProbeKind, Probed, STATUS_SAYS_MOVING,
    STATUS_SILENT, ServiceName, ran_as, still_runs,
};

use crate::border::Border;
use crate::drive::Inbox;
use crate::last_words;
use crate::perform::{TRIES, may_pass};
use crate::unseen::Unseen;

/// Longest time between two questions while an instance is not ready yet: readiness is seen soon,
/// however rarely the probe is asked later.
const EAGER: Millis = Millis::from_millis(100);

/// How long bad answers of one that has just begun go without saying: hardly a program is ready at once.
const UNTOLD: Millis = Millis::from_secs(1);

/// Changes of a bad answer that are reported per instance; later ones are left out of the journal.
const ANSWERS_REPORTED: u32 = 20;

/// Time between two looks at an instance that has ended: what is stable is started again.
const GONE_LOOK: Millis = Millis::from_secs(1);

/// How long a `status` may be silent before that is told: its time may run out before it answers.
const SILENT: Millis = Millis::from_secs(1);

/// Times a target whose watch broke is asked again before the instance counts as lost.
const WATCH_TRIES: u32 = 5;

/// How long a `status` is asked that says nothing clear.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// As long as its rollout has time: the run itself ended well.
    WhileTimeRuns,
    /// A few times: nobody saw how the run ended, and only a person can say more.
    Tries,
}

/// The watches of one deployment.
#[derive(Default)]
pub(crate) struct Watches {
    running: BTreeMap<InstanceId, AbortHandle>,
    /// How long scripts have run on unseen: told by the first watch of each.
    unseen: Unseen,
}

impl Watches {
    /// Those of a deployment that goes on after a controller that died: so long its scripts ran unseen.
    pub(crate) fn after(unseen: Unseen) -> Self {
        Self {
            unseen,
            running: BTreeMap::new(),
        }
    }

    /// Starts and ends watches so that exactly `wanted` are followed.
    pub(crate) fn follow(
        &mut self,
        border: &Border,
        inbox: &Inbox,
        wanted: Vec<(ServiceName, Watched)>,
    ) {
        self.running.retain(|instance, watch| {
            let stays = wanted.iter().any(|(_, w)| w.instance.id == *instance);
            if !stays {
                watch.abort();
            }
            stays
        });
        for (service, watched) in wanted {
            let id = watched.instance.id.clone();
            if self.running.contains_key(&id) {
                continue;
            }
            let (abort, registration) = AbortHandle::new_pair();
            self.running.insert(id, abort);
            let watch = Watch {
                clock: border.clock.clone(),
                target: border.target.clone(),
                prober: border.prober.clone(),
                inbox: inbox.clone(),
                unseen: self.unseen.take(&service),
                service,
                ready: watched.presumed_ready,
                proven: false,
                watched,
                good: 0,
                bad: 0,
                reported: 0,
                last: None,
            };
            border.spawner.spawn(Box::pin(
                Abortable::new(watch.run(), registration).map(|_| ()),
            ));
        }
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        for watch in self.running.values() {
            watch.abort();
        }
    }
}

struct Watch {
    clock: Rc<dyn Clock>,
    target: Rc<dyn Target>,
    prober: Rc<dyn Prober>,
    inbox: Inbox,
    service: ServiceName,
    watched: Watched,
    /// How long it ran while no controller was there, until that is told.
    unseen: Option<Millis>,
    ready: bool,
    /// Whether it has answered well since this watch began.
    proven: bool,
    good: u16,
    bad: u16,
    reported: u32,
    last: Option<String>,
}

impl Watch {
    fn probe(&self) -> &Probe {
        &self.watched.probe
    }

    async fn tell(&self, event: Event) {
        self.inbox.rollout(&self.service, event).await;
    }

    async fn lost(&mut self, end: InstanceEnd) {
        self.ready = false;
        self.good = 0;
        let instance = self.watched.instance.id.clone();
        let last_lines = match end {
            InstanceEnd::Exited(_) | InstanceEnd::Killed(_) | InstanceEnd::Unknown => {
                last_words::in_time(&*self.clock, &*self.target, &instance).await
            }
            // It lives, and goes on printing.
            InstanceEnd::NotStarted(_) | InstanceEnd::NeverReady(_) | InstanceEnd::Unready(_) => {
                Vec::new()
            }
        };
        self.tell(Event::InstanceLost {
            instance,
            end,
            last_lines,
        })
        .await;
    }

    /// Follows the instance until the watch is aborted.
    async fn run(mut self) {
        let mut states = self.target.watch(&self.watched.instance);
        let mut restarts = None;
        let mut broken = 0;
        let mut since = self.clock.work();
        let mut pause = Millis::ZERO;
        loop {
            let clock = Rc::clone(&self.clock);
            let sleep = clock.sleep(pause);
            let state = match select(states.next(), sleep).await {
                Either::Left((state, _)) => state,
                Either::Right(_) => {
                    self.ask(since).await;
                    pause = self.pause();
                    continue;
                }
            };
            let end = match state {
                Some(InstanceState::Running { restarts: now, .. }) => {
                    // Fewer than before: somebody else keeps it since.
                    if restarts.is_some_and(|before| now != before) {
                        since = self.clock.work();
                        self.lost(InstanceEnd::Unready("it was started again".to_owned()))
                            .await;
                    }
                    restarts = Some(now);
                    self.tell_unseen().await;
                    continue;
                }
                None if broken < WATCH_TRIES => {
                    broken += 1;
                    self.clock.sleep(EAGER).await;
                    states = self.target.watch(&self.watched.instance);
                    continue;
                }
                Some(InstanceState::Ended(end)) => end,
                Some(InstanceState::Absent) | None => InstanceEnd::Unknown,
            };
            if let ProbeKind::Command { status } = self.probe().kind {
                // Another run is followed anew.
                return self.judge(end, status).await;
            }
            self.lost(end).await;
            self.until_back().await;
            states = self.target.watch(&self.watched.instance);
            (restarts, broken) = (None, 0);
            (since, pause) = (self.clock.work(), Millis::ZERO);
        }
    }

    /// Tells what the end of a command means. A version that is known to be live stays so.
    async fn judge(&mut self, end: InstanceEnd, asks: bool) {
        if self.ready {
            return;
        }
        let end = match end {
            InstanceEnd::Exited(0) if asks => match self.asked(Patience::WhileTimeRuns).await {
                Ok(()) => return self.live().await,
                Err(saw) => InstanceEnd::NeverReady(saw),
            },
            InstanceEnd::Exited(0) => return self.live().await,
            // It may have done all its work.
            InstanceEnd::Unknown if asks && self.asked(Patience::Tries).await.is_ok() => {
                return self.live().await;
            }
            InstanceEnd::NotStarted(_)
            | InstanceEnd::NeverReady(_)
            | InstanceEnd::Unready(_)
            | InstanceEnd::Exited(_)
            | InstanceEnd::Killed(_)
            | InstanceEnd::Unknown => end,
        };
        self.lost(end).await;
    }

    /// Asks a command for its status until it has come somewhere; what was seen if that is not where
    /// it should. As long as it moves its rollout's time runs, and nothing unclear is a verdict.
    async fn asked(&mut self, patience: Patience) -> Result<(), String> {
        let mut unclear = 0;
        loop {
            let (saw, is_clear) = match self.status().await {
                Ok(CommandState::Live) => return Ok(()),
                Ok(CommandState::NotLive(saw)) => return Err(saw),
                Ok(CommandState::Moving) => (STATUS_SAYS_MOVING.to_owned(), true),
                Ok(CommandState::Unclear(saw)) => (saw, false),
                Err(error) if may_pass(&error) => (error.chain(), false),
                Err(error) => return Err(error.chain()),
            };
            unclear += u32::from(!is_clear);
            if patience == Patience::Tries && unclear >= TRIES {
                return Err(saw);
            }
            self.bad_answer(saw).await;
            // Its time may be over with that, and one unclear answer must not decide.
            if is_clear || unclear >= TRIES {
                self.tell_unseen().await;
            }
            self.clock.sleep(self.probe().every).await;
        }
    }

    /// What its `status` says. One that has said nothing yet, and goes on saying nothing, is told.
    async fn status(&mut self) -> Result<CommandState, EdgeError> {
        let (clock, target) = (Rc::clone(&self.clock), Rc::clone(&self.target));
        let instance = self.watched.instance.clone();
        let mut said = pin!(target.ask_status(&instance));
        if let Either::Left((said, _)) = select(&mut said, clock.sleep(SILENT)).await {
            return said;
        }
        let last = self.last.as_deref();
        if last.is_none_or(|last| ran_as(last).is_some()) {
            self.bad_answer(STATUS_SILENT.to_owned()).await;
        }
        said.await
    }

    /// What of its time went by unseen, once it is known that it needs more: what was over meanwhile is taken as
    /// it ended.
    async fn tell_unseen(&mut self) {
        if let Some(ran) = self.unseen.take() {
            let instance = self.watched.instance.id.clone();
            self.tell(Event::RanUnseen { instance, ran }).await;
        }
    }

    async fn live(&mut self) {
        self.ready = true;
        let instance = self.watched.instance.id.clone();
        self.tell(Event::InstanceReady { instance }).await;
    }

    /// Waits until an instance that has ended runs again: what is stable is started again.
    async fn until_back(&self) {
        loop {
            self.clock.sleep(GONE_LOOK).await;
            let seen = self.target.observe(&self.watched.instance).await;
            if matches!(seen, Ok(InstanceState::Running { .. })) {
                return;
            }
        }
    }

    fn pause(&self) -> Millis {
        // Readiness that is only presumed may have been lost while nobody was there: what remains
        // of a bake could be shorter than bad answers take at the usual pace.
        if self.ready && self.proven {
            self.probe().every
        } else {
            self.probe().every.min(EAGER)
        }
    }

    async fn ask(&mut self, since: Millis) {
        let answer = match self.probe().kind {
            ProbeKind::Alive { at_least } => {
                let lived = self.clock.work().less(since);
                if lived >= at_least {
                    // It has lived long enough: that is one answer, and all that can be asked.
                    self.good = self.probe().rise;
                    Probed::Ready
                } else {
                    Probed::Unready {
                        saw: format!("alive for {lived} of {at_least}"),
                    }
                }
            }
            ProbeKind::Command { .. } => {
                let process = self.target.process(&self.watched.instance).await;
                // Where it can't be told, that it runs is told all the same.
                let saw = still_runs(process.ok().flatten());
                Probed::Unready { saw }
            }
            ProbeKind::Http { .. } | ProbeKind::Tcp => {
                self.prober
                    .probe(self.probe(), &self.watched.instance)
                    .await
            }
        };
        match answer {
            Probed::Ready => self.good_answer().await,
            Probed::Unready { .. } if !self.ready && self.has_just_begun(since) => self.good = 0,
            Probed::Unready { saw } => self.bad_answer(saw).await,
        }
    }

    /// Whether so little time has gone that a bad answer is no news yet.
    fn has_just_begun(&self, since: Millis) -> bool {
        let half = Millis::from_millis(self.probe().within.as_millis() / 2);
        self.clock.work().less(since) < half.min(UNTOLD)
    }

    async fn good_answer(&mut self) {
        self.bad = 0;
        self.proven = true;
        self.last = None;
        self.good = self.good.saturating_add(1);
        if self.ready || self.good < self.probe().rise {
            return;
        }
        if !self.owns_its_listener().await {
            let saw = "another program answers on its address".to_owned();
            return self.bad_answer(saw).await;
        }
        self.ready = true;
        self.tell(Event::InstanceReady {
            instance: self.watched.instance.id.clone(),
        })
        .await;
    }

    /// Whether the listening socket belongs to the instance's own group: somebody else's good
    /// answer makes nobody ready.
    async fn owns_its_listener(&self) -> bool {
        match self.target.observe(&self.watched.instance).await {
            Ok(InstanceState::Running { listening, .. }) => {
                listening || matches!(self.probe().kind, ProbeKind::Alive { .. })
            }
            Ok(InstanceState::Absent | InstanceState::Ended(_)) | Err(_) => false,
        }
    }

    async fn bad_answer(&mut self, saw: String) {
        self.good = 0;
        self.bad = self.bad.saturating_add(1);
        if self.ready && self.bad >= self.probe().fall {
            let saw = self.fit_to_keep(saw).await;
            return self.lost(InstanceEnd::Unready(saw)).await;
        }
        let changed = self.last.as_deref().map(gist) != Some(gist(&saw));
        if !self.ready && changed && self.reported < ANSWERS_REPORTED {
            self.reported += 1;
            let instance = self.watched.instance.id.clone();
            let saw = self.fit_to_keep(saw.clone()).await;
            self.tell(Event::ProbeFailed { instance, saw }).await;
        }
        self.last = Some(saw);
    }

    /// What was seen, as it may go into the journal: without values of the instance's environment, and
    /// without its word where they can't be told.
    async fn fit_to_keep(&self, saw: String) -> String {
        let Some((head, _its_word)) = saw.split_once(WORD) else {
            return saw;
        };
        let head = head.to_owned();
        let masked = self.target.masked(&self.watched.instance.id, saw).await;
        masked.unwrap_or(head)
    }
}

/// Between what is seen of an answer and the instance's own word in it.
const WORD: &str = ": ";

/// What makes an answer another one: of its word the numbers don't, which may count seconds.
fn gist(saw: &str) -> (&str, String) {
    let (head, word) = saw.split_once(WORD).unwrap_or((saw, ""));
    let word = word.chars().filter(|c| !c.is_ascii_digit());
    (head, word.collect())
}
