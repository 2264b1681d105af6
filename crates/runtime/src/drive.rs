//! One loop per deployment: receive an event, step, commit, act.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::{mpsc, oneshot};
use futures_util::future::{Either, select};
use futures_util::{SinkExt, StreamExt};
use windlass_api::{Event as Told, Problem};
use windlass_edge::{EdgeError, ErrorKind, NewEntry};
use windlass_engine::deployment::{
    Accepted, Action, Command, Deployment, Event, Stepped, accepts, resume, step,
};
use windlass_engine::{environment, rollout};
use windlass_model::{DeploymentState, Environment, Millis, ServiceName};

use crate::border::Border;
use crate::controller::Shared;
use crate::perform::Performer;
use crate::problems;
use crate::watch::Watches;

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
        by: String,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
    /// It was stuck, and all that it started was ended; answered once it is committed.
    TakenDown {
        by: String,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
}

/// The way into a deployment's loop.
#[derive(Clone)]
pub(crate) struct Inbox(mpsc::Sender<Input>);

impl Inbox {
    pub(crate) async fn send(&self, input: Input) {
        let mut sender = self.0.clone();
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
    /// Whether the last try to write failed.
    cut_off: bool,
    driven: Driven,
    performer: Performer,
    watches: Watches,
}

/// Starts the loop of a deployment. One that has rows already goes on where they end: what it waits
/// for is asked for again.
pub(crate) fn drive(shared: &Rc<Shared>, begin: Begin) -> Driven {
    let (sender, inputs) = mpsc::channel(EVENTS_QUEUED);
    let inbox = Inbox(sender);
    let parallel = begin.deployment.plan.parallel;
    let driven = Driven {
        inbox: inbox.clone(),
        now: Rc::new(RefCell::new(begin.deployment.clone())),
        sequence: Rc::new(RefCell::new(begin.sequence)),
    };
    let drive = Drive {
        shared: Rc::clone(shared),
        border: shared.border.clone(),
        inputs,
        environment: environment::after(&begin.base, &begin.deployment),
        performer: Performer::new(shared, &begin.base, &inbox, parallel),
        base: begin.base,
        ahead: begin.deployment,
        number: begin.number,
        pending: VecDeque::new(),
        cut_off: false,
        driven: driven.clone(),
        watches: Watches::default(),
    };
    shared.border.spawner.spawn(Box::pin(drive.run()));
    driven
}

impl Drive {
    async fn run(mut self) {
        if self.number == 0 {
            self.step(&Event::Began, None);
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
            self.shared.ended(&self.ahead.id).await;
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Event(event) => self.step(&event, None),
            Input::Command { command, by, reply } => self.command(command, by, reply),
            Input::TakenDown { by, reply } => self.step(&Event::TakenDown { by }, Some(reply)),
        }
    }

    fn command(
        &mut self,
        command: Command,
        by: String,
        reply: oneshot::Sender<Result<(), Problem>>,
    ) {
        let answer = match accepts(self.ahead.state(), command) {
            Accepted::NoChange => Ok(()),
            Accepted::No(why) => Err(problems::not_now(why)),
            Accepted::Yes => {
                let event = match command {
                    Command::Hold => Event::HoldRequested { by },
                    Command::Resume => Event::ResumeRequested { by },
                    Command::Abort => Event::AbortRequested { by },
                    Command::Promote => Event::PromoteRequested { by },
                };
                return self.step(&event, Some(reply));
            }
        };
        // Whoever asked may have left.
        let _left = reply.send(answer).is_err();
    }

    /// Steps; what follows is done once the row is written.
    fn step(&mut self, event: &Event, reply: Option<oneshot::Sender<Result<(), Problem>>>) {
        let stepped = step(self.ahead.clone(), event);
        if stepped.deployment == self.ahead && stepped.facts.is_empty() {
            // No news: nothing to record, nothing to do.
            if let Some(reply) = reply {
                let _left = reply.send(Ok(())).is_err();
            }
            return;
        }
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
        if self.cut_off {
            self.go_back(&stepped.actions);
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
            match self.border.store.append(first.entry.clone()).await {
                Ok(sequence) => {
                    self.cut_off = false;
                    self.written(sequence);
                }
                Err(error) if error.kind == ErrorKind::Conflict => return Err(self.let_go(&error)),
                Err(error) => {
                    if !self.cut_off {
                        self.begin_cut_off(&error);
                    }
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
        if let Some(reply) = done.reply {
            // Whoever asked may have left; the command holds all the same.
            let _left = reply.send(Ok(())).is_err();
        }
        self.perform(stepped.actions);
    }

    fn begin_cut_off(&mut self, error: &EdgeError) {
        tracing::error!(
            "the journal of {} can't be written: {}",
            self.ahead.id,
            error.chain()
        );
        self.cut_off = true;
        for waiting in &self.pending {
            self.go_back(&waiting.stepped.actions);
        }
    }

    /// Routes of a way back, which an earlier row recorded as the undo, need no row of their own.
    fn go_back(&self, actions: &[Action]) {
        for action in actions.iter().filter(|action| is_way_back(action)) {
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
        LetGo
    }

    fn perform(&mut self, actions: Vec<Action>) {
        let watched = {
            let now = self.driven.now.borrow();
            let parts = now.rollouts.iter();
            parts
                .flat_map(|(s, r)| r.watched().into_iter().map(|w| (s.clone(), w)))
                .collect()
        };
        self.watches
            .follow(&self.border, &self.driven.inbox, watched);
        for action in actions {
            self.performer.perform(action);
        }
    }
}

fn is_way_back(action: &Action) -> bool {
    matches!(
        action,
        Action::Rollout {
            action: rollout::Action::ApplyRoute {
                returning: true,
                ..
            },
            ..
        }
    )
}

impl Driven {
    /// Whether nothing of it moves any more without a person.
    pub(crate) fn is_stuck(&self) -> bool {
        self.now.borrow().state() == DeploymentState::Stuck
    }
}
