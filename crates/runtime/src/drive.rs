//! One loop per deployment: receive an event, step, commit, act.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::{mpsc, oneshot};
use futures_util::future::{Either, select};
use futures_util::{SinkExt, StreamExt};
use windlass_api::{Event as Told, HALT_SIGN as HALT, Problem};
use windlass_edge::{EdgeError, ErrorKind, NewEntry};
use windlass_engine::deployment::{
    Accepted, Action, Command, Deployment, Event, Stepped, StuckOn, resume, step,
};
use windlass_engine::{environment, rollout};
use windlass_model::{Environment, Millis, ServiceName};

use crate::because::{Beside, First, Signed};
use crate::border::Border;
use crate::controller::Shared;
use crate::holder::Holder;
use crate::perform::Performer;
#[cfg(feature = "crash-points")]
use crate::points::Points;
use crate::scorer::Scorer;
use crate::unseen::Unseen;
use crate::watch::Watches;
use crate::{keeper, lookout, problems};

mod heard;

use heard::Word;

/// Events that may wait for a deployment's loop; tasks that have more wait themselves.
const EVENTS_QUEUED: usize = 1_024;

/// Rows that may wait for a store that can't be written; then events wait in their queue.
const ROWS_WAITING: usize = 1_024;

/// Time between two tries to write the journal.
const JOURNAL_AGAIN: Millis = Millis::from_secs(1);

/// Something for a deployment's loop.
pub(crate) enum Input {
    /// An outcome or an observation.
    Event(Event),
    /// A person's word; answered once it is committed.
    Command {
        command: Command,
        by: Signed,
        /// What it was judged by: refused if it is stuck on something else by now.
        about: Option<StuckOn>,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
    /// What a router did by itself, or what is not waited for any more; answered once it is committed.
    Reported {
        event: Event,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
    /// A raise met a halt; holds whose.
    Halted { by: String },
    /// The halt that holds it is lifted.
    Lifted,
    /// It was stuck, and all that it started was ended; answered once it is committed.
    TakenDown {
        by: String,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
}

/// The way into a deployment's loop.
#[derive(Clone)]
pub(crate) struct Inbox {
    sender: mpsc::Sender<Input>,
    #[cfg(feature = "crash-points")]
    pub(crate) points: Points,
}

impl Inbox {
    pub(crate) async fn send(&self, input: Input) {
        #[cfg(feature = "crash-points")]
        if let Input::Event(event) = &input {
            self.points.after_effect(event);
        }
        let mut sender = self.sender.clone();
        // The loop is gone when its deployment has ended: nobody waits for this any more.
        let _gone = sender.send(input).await.is_err();
    }

    pub(crate) async fn rollout(&self, service: &ServiceName, event: rollout::Event) {
        self.send(Input::Event(Event::Rollout {
            service: service.clone(),
            event,
        }))
        .await;
    }
}

/// A deployment whose loop runs, as others see it.
#[derive(Clone)]
pub(crate) struct Driven {
    pub(crate) inbox: Inbox,
    pub(crate) now: Rc<RefCell<Deployment>>,
    /// Sequence of its last committed row.
    pub(crate) sequence: Rc<RefCell<u64>>,
    /// Who asked for it.
    pub(crate) by: String,
    /// When it began, microseconds since 1970 UTC.
    pub(crate) started_us: i64,
    /// Who holds it: a person, a trigger or a halt.
    pub(crate) holder: Rc<RefCell<Option<Holder>>>,
    pub(crate) timers: crate::timers::Timers,
    /// How long its scripts have run on while no controller was there.
    pub(crate) unseen: Unseen,
    /// Why its next row can't be written, as long as that is so.
    pub(crate) unwritten: Rc<RefCell<Option<String>>>,
}

/// How a deployment's loop begins.
pub(crate) struct Begin {
    pub(crate) deployment: Deployment,
    /// What the environment was before it.
    pub(crate) base: Environment,
    /// The number of its next journal row.
    pub(crate) number: u64,
    /// Sequence of its last row.
    pub(crate) sequence: u64,
    /// Who asked for it.
    pub(crate) by: String,
    /// When it began, microseconds since 1970 UTC.
    pub(crate) started_us: i64,
    /// Who holds it, by its rows.
    pub(crate) holder: Option<Holder>,
    /// What is told of its beginning, if that is not journalled yet.
    pub(crate) first: First,
    /// How long its scripts have run on while no controller was there.
    pub(crate) unseen: Unseen,
    /// Reasons of words that changed nothing.
    pub(crate) beside: Beside,
}

/// Why a loop ended before its deployment: this controller has no say in it any more.
struct LetGo;

/// A step whose row is not written yet.
struct Pending {
    entry: NewEntry,
    stepped: Stepped,
    /// Who asked for it, if a person did.
    reply: Option<oneshot::Sender<Result<(), Problem>>>,
}

struct Drive {
    shared: Rc<Shared>,
    border: Border,
    inputs: mpsc::Receiver<Input>,
    base: Environment,
    /// The deployment after every step, its environment, and the number of its next row: ahead of
    /// what is committed while the journal can't be written.
    ahead: Deployment,
    environment: Environment,
    number: u64,
    pending: VecDeque<Pending>,
    driven: Driven,
    performer: Performer,
    watches: Watches,
    scorer: Scorer,
    /// Reasons of words that changed nothing.
    beside: Beside,
}

/// Starts the loop of a deployment. One that has rows already goes on where they end: what it waits
/// for is asked for again.
pub(crate) fn drive(shared: &Rc<Shared>, begin: Begin) -> Driven {
    let (sender, inputs) = mpsc::channel(EVENTS_QUEUED);
    let now = Rc::new(RefCell::new(begin.deployment.clone()));
    let inbox = Inbox {
        sender,
        #[cfg(feature = "crash-points")]
        points: Points::new(&shared.border, &now),
    };
    let holder = begin.holder.filter(|_| begin.deployment.held);
    let driven = Driven {
        by: begin.by,
        started_us: begin.started_us,
        holder: Rc::new(RefCell::new(holder)),
        unwritten: Rc::default(),
        timers: crate::timers::Timers::default(),
        unseen: begin.unseen.clone(),
        inbox,
        now,
        sequence: Rc::new(RefCell::new(begin.sequence)),
    };
    let drive = Drive {
        shared: Rc::clone(shared),
        border: shared.border.clone(),
        inputs,
        environment: environment::after(&begin.base, &begin.deployment),
        performer: Performer::new(shared, &driven),
        base: begin.base,
        ahead: begin.deployment,
        number: begin.number,
        pending: VecDeque::new(),
        driven: driven.clone(),
        watches: Watches::after(begin.unseen),
        scorer: Scorer::default(),
        beside: begin.beside,
    };
    let runs = Box::pin(drive.run(begin.first));
    shared.border.spawner.spawn(runs);
    lookout::begin(shared);
    driven
}

impl Drive {
    async fn run(mut self, first: First) {
        if self.number == 0 {
            let began = first.told(step(self.ahead.clone(), &Event::Began));
            self.record(&Event::Began, began, None);
        } else {
            let actions = resume(&self.ahead);
            self.perform(actions);
        }
        while self.write().await.is_ok() && !self.ahead.is_ended() {
            let Some(input) = self.inputs.next().await else {
                return;
            };
            self.take(input);
        }
        if self.pending.is_empty() {
            self.shared.ended(&self.ahead).await;
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Event(event) => self.step(&event, None),
            Input::Command {
                command,
                by,
                about,
                reply,
            } => self.heard(Word { command, by, about }, reply),
            Input::Reported { event, reply } => self.step(&event, Some(reply)),
            Input::Halted { by } => {
                if self.ahead.accepts(Command::Hold) == Accepted::Yes {
                    let by = format!("{HALT}{by})");
                    self.step(&Event::HoldRequested { by }, None);
                }
            }
            Input::Lifted => self.lifted(),
            Input::TakenDown { by, reply } => self.step(&Event::TakenDown { by }, Some(reply)),
        }
    }

    /// Steps; what follows is done once the row is written.
    fn step(&mut self, event: &Event, reply: Option<oneshot::Sender<Result<(), Problem>>>) {
        let stepped = step(self.ahead.clone(), event);
        if stepped.deployment == self.ahead && stepped.facts.is_empty() {
            // No news: nothing to record, nothing to do.
            if let Some(reply) = reply {
                answer(reply, Ok(()));
            }
            return;
        }
        self.record(event, stepped, reply);
    }

    fn note_holder(&mut self, stepped: &Stepped) {
        let now = self.border.clock.calendar_us();
        if !stepped.deployment.held {
            self.driven.holder.replace(None);
        } else if let Some(holder) = Holder::of(&stepped.facts, now) {
            self.driven.holder.replace(Some(holder));
        }
    }

    fn record(
        &mut self,
        event: &Event,
        stepped: Stepped,
        reply: Option<oneshot::Sender<Result<(), Problem>>>,
    ) {
        self.note_holder(&stepped);
        let environment = environment::after(&self.base, &stepped.deployment);
        let entry = NewEntry {
            deployment: self.ahead.id.clone(),
            number: self.number,
            at_us: self.border.clock.calendar_us(),
            event: serde_json::to_string(event).expect("an event is plain data"),
            facts: stepped.facts.clone(),
            environment: (environment != self.environment).then(|| environment.clone()),
            ends: stepped.deployment.is_ended(),
        };
        self.number += 1;
        self.environment = environment;
        self.ahead = stepped.deployment.clone();
        if self.is_cut_off() {
            self.go_back(&stepped);
        }
        self.pending.push_back(Pending {
            entry,
            stepped,
            reply,
        });
    }

    /// Writes every row that waits, acting on each once it is durable. While the store can't be
    /// written, events are heard all the same: a full disk never stops a rollback.
    async fn write(&mut self) -> Result<(), LetGo> {
        while let Some(first) = self.pending.front() {
            #[cfg(feature = "crash-points")]
            self.driven.inbox.points.before_intent(&first.stepped);
            match self.border.store.append(first.entry.clone()).await {
                Ok(sequence) => {
                    self.driven.unwritten.replace(None);
                    self.written(sequence);
                }
                Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Refused) => {
                    return Err(self.let_go(&error));
                }
                Err(error) => {
                    if !self.is_cut_off() {
                        self.begin_cut_off(&error);
                    }
                    self.driven.unwritten.replace(Some(error.chain()));
                    self.hear_until_next_try().await;
                }
            }
        }
        Ok(())
    }

    fn written(&mut self, sequence: u64) {
        let Some(done) = self.pending.pop_front() else {
            return;
        };
        let (entry, stepped) = (done.entry, done.stepped);
        *self.driven.now.borrow_mut() = stepped.deployment;
        *self.driven.sequence.borrow_mut() = sequence;
        #[cfg(feature = "crash-points")]
        self.driven.inbox.points.after_outcome(&entry.event);
        if let Some(environment) = entry.environment {
            self.shared.put_environment(environment);
        }
        self.shared.watchers.publish(&Told {
            sequence,
            deployment: entry.deployment,
            number: entry.number,
            at_us: entry.at_us,
            facts: entry.facts,
        });
        // What goes back must be on its way before a trip is acknowledged.
        self.perform(stepped.actions);
        if let Some(reply) = done.reply {
            answer(reply, Ok(()));
        }
        // Whoever waits can do something about it.
        if self.driven.is_stuck() || self.driven.now.borrow().scores.ending {
            self.shared.queues.wake();
        }
    }

    /// Whether the last try to write failed.
    fn is_cut_off(&self) -> bool {
        self.driven.unwritten.borrow().is_some()
    }

    fn begin_cut_off(&mut self, error: &EdgeError) {
        tracing::error!(
            "the journal of {} can't be written: {}",
            self.ahead.id,
            error.chain()
        );
        for waiting in &self.pending {
            self.go_back(&waiting.stepped);
        }
    }

    /// Traffic goes back without waiting for a row.
    fn go_back(&self, stepped: &Stepped) {
        for action in stepped.way_back() {
            self.performer.perform(action.clone());
        }
    }

    async fn hear_until_next_try(&mut self) {
        let clock = Rc::clone(&self.border.clock);
        let mut pause = clock.sleep(JOURNAL_AGAIN);
        while self.pending.len() < ROWS_WAITING {
            let input = match select(self.inputs.next(), &mut pause).await {
                Either::Left((Some(input), _)) => input,
                Either::Left((None, _)) => break,
                Either::Right(_) => return,
            };
            self.take(input);
        }
        pause.await;
    }

    /// Somebody else writes this deployment: it is theirs from now on.
    fn let_go(&mut self, error: &EdgeError) -> LetGo {
        let id = self.ahead.id.clone();
        let why = format!("somebody else writes it: {}", error.chain());
        tracing::error!("deployment {id} is let go: {why}");
        self.watches = Watches::default();
        for waiting in &mut self.pending {
            if let Some(reply) = waiting.reply.take() {
                let _left = reply.send(Err(problems::unreadable(&id, &why))).is_err();
            }
        }
        self.shared.running.borrow_mut().remove(&id);
        self.shared.poisoned.borrow_mut().insert(id, why);
        keeper::follow(&self.shared);
        LetGo
    }

    fn perform(&mut self, actions: Vec<Action>) {
        // What is about to be stopped must not be started again.
        keeper::follow(&self.shared);
        let watched = {
            let now = self.driven.now.borrow();
            let parts = now.rollouts.iter();
            parts
                .flat_map(|(s, r)| r.watched().into_iter().map(|w| (s.clone(), w)))
                .collect()
        };
        self.watches
            .follow(&self.border, &self.driven.inbox, watched);
        self.scorer.follow(&self.shared, &self.driven);
        for action in actions {
            #[cfg(feature = "crash-points")]
            self.driven.inbox.points.after_intent(&action);
            self.performer.perform(action);
        }
    }
}

/// Whoever asked may have left; what was done holds all the same.
fn answer(reply: oneshot::Sender<Result<(), Problem>>, answer: Result<(), Problem>) {
    let _left = reply.send(answer).is_err();
}
