//! One loop per deployment: receive an event, step, commit, act.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::{mpsc, oneshot};
use futures_util::{SinkExt, StreamExt};
use windlass_api::{Event as Told, Problem};
use windlass_edge::{EdgeError, ErrorKind, NewEntry};
use windlass_engine::deployment::{
    Accepted, Action, Command, Deployment, Event, accepts, resume, step,
};
use windlass_engine::{environment, rollout};
use windlass_model::{DeploymentId, DeploymentState, Environment, Millis, ServiceName};

use crate::border::Border;
use crate::controller::Shared;
use crate::perform::Performer;
use crate::problems;
use crate::watch::Watches;

/// Events that may wait for a deployment's loop; tasks that have more wait themselves.
const EVENTS_QUEUED: usize = 1_024;

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
struct LetGo(String);

struct Drive {
    shared: Rc<Shared>,
    border: Border,
    base: Environment,
    written: Environment,
    number: u64,
    driven: Driven,
    performer: Performer,
    watches: Watches,
}

/// Starts the loop of a deployment. One that has rows already goes on where they end: what it waits
/// for is asked for again.
pub(crate) fn drive(shared: &Rc<Shared>, begin: Begin) -> Driven {
    let (sender, receiver) = mpsc::channel(EVENTS_QUEUED);
    let inbox = Inbox(sender);
    let parallel = begin.deployment.plan.parallel;
    let written = environment::after(&begin.base, &begin.deployment);
    let driven = Driven {
        inbox: inbox.clone(),
        now: Rc::new(RefCell::new(begin.deployment)),
        sequence: Rc::new(RefCell::new(begin.sequence)),
    };
    let mut drive = Drive {
        shared: Rc::clone(shared),
        border: shared.border.clone(),
        performer: Performer::new(shared, &begin.base, &inbox, parallel),
        base: begin.base,
        written,
        number: begin.number,
        driven: driven.clone(),
        watches: Watches::default(),
    };
    let fresh = begin.number == 0;
    shared.border.spawner.spawn(Box::pin(async move {
        if !fresh {
            drive.resume();
        } else if drive.commit(Event::Began).await.is_err() {
            return;
        }
        drive.run(receiver).await;
    }));
    driven
}

impl Drive {
    fn resume(&mut self) {
        let actions = resume(&self.driven.now.borrow());
        self.perform(actions);
    }

    async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        while !self.driven.now.borrow().is_ended() {
            let Some(input) = inputs.next().await else {
                return;
            };
            let committed = match input {
                Input::Event(event) => self.commit(event).await,
                Input::Command { command, by, reply } => self.command(command, by, reply).await,
            };
            if committed.is_err() {
                return;
            }
        }
        let id = self.driven.now.borrow().id.clone();
        self.shared.ended(&id).await;
    }

    async fn command(
        &mut self,
        command: Command,
        by: String,
        reply: oneshot::Sender<Result<(), Problem>>,
    ) -> Result<(), LetGo> {
        let state = self.driven.now.borrow().state();
        let answer = match accepts(state, command) {
            Accepted::NoChange => Some(Ok(())),
            Accepted::No(why) => Some(Err(problems::not_now(why))),
            Accepted::Yes => None,
        };
        if let Some(answer) = answer {
            // Whoever asked may have left.
            let _left = reply.send(answer).is_err();
            return Ok(());
        }
        let event = match command {
            Command::Hold => Event::HoldRequested { by },
            Command::Resume => Event::ResumeRequested { by },
            Command::Abort => Event::AbortRequested { by },
            Command::Promote => Event::PromoteRequested { by },
        };
        let committed = self.commit(event).await;
        let id = self.driven.now.borrow().id.clone();
        let answer = match &committed {
            Ok(()) => Ok(()),
            Err(LetGo(why)) => Err(problems::unreadable(&id, why)),
        };
        // Whoever asked may have left; the command holds all the same.
        let _left = reply.send(answer).is_err();
        committed
    }

    /// Steps, records, then acts.
    async fn commit(&mut self, event: Event) -> Result<(), LetGo> {
        let before = self.driven.now.borrow().clone();
        let stepped = step(before.clone(), &event);
        if stepped.deployment == before && stepped.facts.is_empty() {
            // No news: nothing to record, nothing to do.
            return Ok(());
        }
        let now = environment::after(&self.base, &stepped.deployment);
        let entry = NewEntry {
            deployment: before.id.clone(),
            number: self.number,
            at_us: self.border.clock.calendar_us(),
            event: serde_json::to_string(&event).expect("an event is plain data"),
            facts: stepped.facts.clone(),
            environment: (now != self.written).then(|| now.clone()),
            ends: stepped.deployment.is_ended(),
        };
        let sequence = self.append(entry.clone(), &stepped.actions).await?;
        self.number += 1;
        *self.driven.now.borrow_mut() = stepped.deployment;
        *self.driven.sequence.borrow_mut() = sequence;
        if let Some(environment) = entry.environment {
            self.shared.put_environment(environment.clone());
            self.written = environment;
        }
        self.shared.watchers.publish(&Told {
            sequence,
            deployment: entry.deployment,
            number: entry.number,
            at_us: entry.at_us,
            facts: entry.facts,
        });
        self.perform(stepped.actions);
        Ok(())
    }

    /// Appends until the store takes it. A full disk never stops a rollback: routes of a way back,
    /// which an earlier row recorded as the undo, go ahead at the first failure.
    async fn append(&mut self, entry: NewEntry, actions: &[Action]) -> Result<u64, LetGo> {
        let mut tries = 0_u32;
        loop {
            match self.border.store.append(entry.clone()).await {
                Ok(sequence) => return Ok(sequence),
                Err(error) if error.kind == ErrorKind::Conflict => {
                    return Err(self.let_go(&entry.deployment, &error));
                }
                Err(error) => self.not_written(&entry, &error, tries, actions),
            }
            tries = tries.saturating_add(1);
            self.border.clock.sleep(JOURNAL_AGAIN).await;
        }
    }

    /// Somebody else writes this deployment: it is theirs from now on.
    fn let_go(&mut self, id: &DeploymentId, error: &EdgeError) -> LetGo {
        let why = format!("somebody else writes it: {}", error.chain());
        tracing::error!("deployment {id} is let go: {why}");
        self.watches = Watches::default();
        self.shared.running.borrow_mut().remove(id);
        let mut poisoned = self.shared.poisoned.borrow_mut();
        poisoned.insert(id.clone(), why.clone());
        LetGo(why)
    }

    fn not_written(&self, entry: &NewEntry, error: &EdgeError, tries: u32, actions: &[Action]) {
        if tries > 0 {
            return;
        }
        tracing::error!(
            "the journal of {} can't be written: {}",
            entry.deployment,
            error.chain()
        );
        for action in actions {
            if is_way_back(action) {
                self.performer.perform(action.clone());
            }
        }
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
