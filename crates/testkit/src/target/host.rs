//! The host: releases it keeps, instances it runs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::sync::Notify;
use windlass_control::Restart;
use windlass_edge::{EdgeError, InstanceState, InstanceTrace, KeepRelease, Kept, StartInstance};
use windlass_engine::sha256;
use windlass_model::{
    CommandRun, CommandState, Digest, Epoch, Instance, InstanceId, Job, Millis, Release,
    ServiceName, Version,
};

use super::copy::Copy;
use super::script::{Script, StartScript, going_back};
use super::told::Told;
use crate::errors;
use crate::ledger::{Effect, Ledger};
use crate::time::WorldTime;
use crate::trouble::Trouble;

/// Failures of one instance's calls: below the runtime's number of tries.
const FAILURES_MOST: u8 = 3;

/// What runs instances. Survives every controller.
#[derive(Debug)]
pub struct Host {
    pub(super) time: Rc<WorldTime>,
    pub(super) ledger: Rc<Ledger>,
    /// Told whenever an instance changed by a call.
    pub(super) changed: Notify,
    /// What a test says of single instances.
    pub told: Told,
    /// Calls that go wrong.
    pub trouble: Trouble,
    /// The highest epoch that ever changed something here.
    heard: Cell<Epoch>,
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// What lies in the folder now, per service.
    folder: BTreeMap<ServiceName, String>,
    /// Kept content by identity.
    kept: BTreeMap<Digest, Content>,
    scripts: BTreeMap<(ServiceName, String), Script>,
    copies: BTreeMap<InstanceId, Copy>,
    /// Addresses of programs that are not ours.
    foreign: BTreeSet<SocketAddr>,
    attempts: BTreeMap<InstanceId, u8>,
    runs: Vec<CommandRun>,
}

#[derive(Clone, Debug)]
struct Content {
    artefact: Digest,
    text: String,
}

impl Host {
    pub(crate) fn new(time: &Rc<WorldTime>, ledger: &Rc<Ledger>) -> Self {
        Self {
            time: Rc::clone(time),
            ledger: Rc::clone(ledger),
            changed: Notify::new(),
            told: Told::default(),
            trouble: Trouble::new(FAILURES_MOST, 2),
            heard: Cell::default(),
            inner: RefCell::default(),
        }
    }

    pub(super) fn now(&self) -> Millis {
        self.time.now()
    }

    /// Puts `content` into the folder, as what `service` would be deployed from now on.
    pub fn put(&self, service: &ServiceName, content: &str) {
        self.inner
            .borrow_mut()
            .folder
            .insert(service.clone(), content.to_owned());
    }

    /// What instances of `content` do; without a script they are good.
    pub fn script(&self, service: &ServiceName, content: &str, script: Script) {
        let key = (service.clone(), content.to_owned());
        self.inner.borrow_mut().scripts.insert(key, script);
    }

    /// Somebody else's program listens on `address` and answers well.
    pub fn occupy(&self, address: SocketAddr) {
        self.inner.borrow_mut().foreign.insert(address);
    }

    /// That program is gone again.
    pub fn vacate(&self, address: SocketAddr) {
        self.inner.borrow_mut().foreign.remove(&address);
    }

    /// The machine starts anew: every instance is gone, its trace stays.
    pub fn reboot(&self) {
        let now = self.now();
        let mut inner = self.inner.borrow_mut();
        inner.copies.values_mut().for_each(|copy| copy.lose(now));
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Who keeps an instance dies, and the instance with it: nobody starts it again by itself.
    pub fn lose_shim(&self, instance: &InstanceId) {
        let now = self.now();
        if let Some(copy) = self.inner.borrow_mut().copies.get_mut(instance) {
            copy.lose(now);
        }
        self.changed.notify_waiters();
    }

    /// The highest epoch that ever changed something here.
    pub fn heard(&self) -> Option<Epoch> {
        Some(self.heard.get()).filter(|epoch| *epoch != Epoch::default())
    }

    /// Every word of a newer controller silences the older ones.
    pub(super) fn hear(&self, epoch: Epoch) -> Result<(), EdgeError> {
        let highest = self.heard.get();
        if epoch < highest {
            return Err(errors::refused(format!(
                "epoch {epoch} is over: {highest} speaks"
            )));
        }
        self.heard.set(epoch);
        Ok(())
    }

    /// Ends an instance from outside, as an out-of-memory killer does.
    pub fn kill(&self, instance: &InstanceId) {
        let now = self.now();
        if let Some(copy) = self.inner.borrow_mut().copies.get_mut(instance) {
            copy.kill(now);
        }
        self.changed.notify_waiters();
    }

    pub(super) fn with<T>(
        &self,
        instance: &InstanceId,
        look: impl FnOnce(&mut Copy, Millis) -> T,
    ) -> Option<T> {
        let now = self.now();
        let mut inner = self.inner.borrow_mut();
        let copy = inner.copies.get_mut(instance)?;
        copy.advance(now);
        Some(look(copy, now))
    }

    /// How an instance is, looked at from outside.
    pub fn state(&self, instance: &InstanceId) -> InstanceState {
        self.with(instance, |copy, now| copy.state(now))
            .unwrap_or(InstanceState::Absent)
    }

    /// What the `status` of a command says; nothing is known of one that was never run.
    pub(super) fn status(&self, instance: &InstanceId) -> Result<CommandState, EdgeError> {
        self.with(instance, |copy, _| copy.status())
            .ok_or_else(|| errors::rejected(format!("{instance} has no trace")))
    }

    /// The runs of commands that were begun, in order.
    pub fn runs(&self) -> Vec<CommandRun> {
        self.inner.borrow().runs.clone()
    }

    /// Whether an instance answers well now.
    pub fn is_ready(&self, instance: &InstanceId) -> bool {
        self.with(instance, |copy, now| copy.is_ready(now)) == Some(true)
    }

    /// Whether an instance answered well at some time in the last `span`.
    pub fn was_ready(&self, instance: &InstanceId, span: Millis) -> bool {
        let last = self.with(instance, |copy, _| copy.last_ready()).flatten();
        last.is_some_and(|last| last.plus(span) >= self.now())
    }

    /// Whether something listens on an instance's address: it, or somebody else.
    pub(crate) fn listens(&self, instance: &Instance) -> Listener {
        let own = self
            .with(&instance.id, |copy, now| copy.is_listening(now))
            .unwrap_or(false);
        if self.inner.borrow().foreign.contains(&instance.address) {
            Listener::Foreign
        } else if own {
            Listener::Own
        } else {
            Listener::Nobody
        }
    }

    /// Instances that have not ended, with what happens when they end by themselves.
    pub fn alive(&self) -> BTreeMap<InstanceId, Restart> {
        let now = self.now();
        let mut inner = self.inner.borrow_mut();
        let copies = inner.copies.iter_mut();
        copies
            .filter_map(|(id, copy)| {
                copy.advance(now);
                (!copy.has_ended()).then(|| (id.clone(), copy.restart))
            })
            .collect()
    }

    /// Identities of the releases that are kept.
    pub fn kept(&self) -> BTreeSet<Digest> {
        self.inner.borrow().kept.keys().cloned().collect()
    }

    /// Instances of which there is a trace.
    pub fn traces(&self) -> BTreeSet<InstanceId> {
        self.inner.borrow().copies.keys().cloned().collect()
    }

    /// What is left of every instance.
    pub(super) fn found(&self) -> Vec<InstanceTrace> {
        let now = self.now();
        let mut inner = self.inner.borrow_mut();
        let copies = inner.copies.values_mut();
        copies
            .map(|copy| {
                copy.advance(now);
                InstanceTrace {
                    service: copy.request.service.clone(),
                    slot: copy.request.slot,
                    instance: copy.request.instance.clone(),
                    release: copy.request.release.clone(),
                    spec: copy.request.spec.clone(),
                    runs: !copy.has_ended(),
                }
            })
            .collect()
    }

    pub(super) fn keep(&self, request: &KeepRelease, epoch: Epoch) -> Result<Kept, EdgeError> {
        let service = &request.service.service;
        let text = self.inner.borrow().folder.get(service).cloned();
        let text =
            text.ok_or_else(|| errors::rejected(format!("there is no program of {service}")))?;
        let artefact = sha256(text.as_bytes());
        let seen = format!(
            "{artefact} {:?} {:?} {:?} {:?} {:?}",
            request
                .spec
                .command
                .as_ref()
                .and(request.spec.version.as_ref()),
            request.spec.process.argv,
            request.spec.process.env,
            request.values,
            request.need_urls
        );
        let identity = sha256(seen.as_bytes());
        let content = Content {
            artefact: artefact.clone(),
            text: text.clone(),
        };
        let known = self
            .inner
            .borrow_mut()
            .kept
            .insert(identity.clone(), content)
            .is_some();
        if !known {
            self.ledger.note(epoch, Effect::Kept, identity.as_str());
        }
        let version = request
            .spec
            .version
            .clone()
            .unwrap_or_else(|| identity.short().to_owned());
        let copied = if known {
            0
        } else {
            u64::try_from(text.len()).unwrap_or(u64::MAX)
        };
        Ok(Kept {
            release: Release {
                version: Version(version),
                identity,
                artefact,
            },
            copied,
        })
    }

    pub(super) fn forget_all_but(&self, needed: &[Release], instances: &[InstanceId]) {
        let now = self.now();
        let mut inner = self.inner.borrow_mut();
        inner
            .kept
            .retain(|identity, _| needed.iter().any(|release| release.identity == *identity));
        inner.copies.retain(|id, copy| {
            copy.advance(now);
            !copy.has_ended() || instances.contains(id)
        });
    }

    /// What the script of `request`'s release is.
    pub(super) fn script_of(&self, request: &StartInstance) -> Result<Script, EdgeError> {
        let inner = self.inner.borrow();
        let content = inner.kept.get(&request.release.identity);
        let gone = || errors::rejected(format!("release {} is gone", request.release.version));
        let text = content.ok_or_else(gone)?.text.clone();
        let job = request.command.as_ref().map(|command| command.run.job);
        let text = match job {
            Some(Job::Rollback) => going_back(&text),
            Some(Job::Deploy) | None => text,
        };
        let key = (request.service.service.clone(), text);
        let script = inner.scripts.get(&key).cloned().unwrap_or_default();
        Ok(match job {
            // A command without an end in its script ends well.
            Some(Job::Rollback) if script == Script::default() => Script::command(),
            Some(Job::Deploy) if script == Script::default() => Script::command(),
            Some(Job::Deploy | Job::Rollback) | None => script,
        })
    }

    /// Counts a try to start `instance`; returns how many there were before.
    fn tried(&self, instance: &InstanceId) -> u8 {
        let mut inner = self.inner.borrow_mut();
        let attempts = inner.attempts.entry(instance.clone()).or_default();
        let before = *attempts;
        *attempts = before.saturating_add(1);
        before
    }

    fn is_taken(&self, request: &StartInstance) -> bool {
        let address = request.instance.address;
        let now = self.now();
        let mut inner = self.inner.borrow_mut();
        let foreign = inner.foreign.contains(&address);
        let own = inner.copies.values_mut().any(|copy| {
            copy.advance(now);
            copy.request.instance.address == address && !copy.has_ended()
        });
        foreign || own
    }

    /// Starts an instance, if it was not started before, or has ended and is wanted again.
    pub(super) fn start(
        &self,
        request: &StartInstance,
        script: &Script,
        epoch: Epoch,
    ) -> Result<(), EdgeError> {
        self.hear(epoch)?;
        let id = &request.instance.id;
        let known = self.with(id, |copy, _| {
            copy.has_ended() && !copy.is_run_of(request.command.as_ref())
        });
        if known.is_some_and(|over| !(over && request.again)) {
            self.ledger.note(epoch, Effect::StartedAgain, id.as_str());
            return Ok(());
        }
        let before = self.tried(id);
        match script.start {
            StartScript::Rejected => return Err(errors::rejected("the program can't be started")),
            StartScript::AddressTaken(times) if before < times => {
                let address = request.instance.address;
                return Err(errors::conflict(format!("{address} is taken")));
            }
            StartScript::Starts | StartScript::AddressTaken(_) | StartScript::AnswerLost(_) => {}
        }
        if self.is_taken(request) {
            return Err(errors::conflict(format!(
                "{} is taken",
                request.instance.address
            )));
        }
        let now = self.now();
        let fresh = Copy::new(request.clone(), script.clone(), epoch, now);
        let (effect, copy) = if self.with(id, |_, _| ()).is_some() {
            let revived = self.with(id, |copy, _| copy.revived(fresh));
            (Effect::Revived, revived.expect("it is there"))
        } else {
            (Effect::Started, fresh)
        };
        let run = request.command.as_ref().map(|command| command.run.clone());
        self.inner.borrow_mut().runs.extend(run);
        self.inner.borrow_mut().copies.insert(id.clone(), copy);
        self.ledger.note(epoch, effect, id.as_str());
        self.changed.notify_waiters();
        match script.start {
            StartScript::AnswerLost(times) if before < times => {
                Err(errors::timeout("starting was not answered in time"))
            }
            StartScript::AnswerLost(_)
            | StartScript::Starts
            | StartScript::AddressTaken(_)
            | StartScript::Rejected => Ok(()),
        }
    }

    /// Fences, then does something to one instance; an absent one is left alone.
    fn fenced(
        &self,
        instance: &InstanceId,
        epoch: Epoch,
        act: impl FnOnce(&mut Copy, Millis),
    ) -> Result<(), EdgeError> {
        self.hear(epoch)?;
        let fenced = self.with(instance, |copy, now| {
            if epoch < copy.epoch {
                return Err(errors::refused(format!(
                    "epoch {epoch} is over: {} speaks",
                    copy.epoch
                )));
            }
            copy.epoch = epoch;
            act(copy, now);
            Ok(())
        });
        self.changed.notify_waiters();
        fenced.unwrap_or(Ok(()))
    }

    pub(super) fn set_restart(
        &self,
        instance: &InstanceId,
        restart: Restart,
        epoch: Epoch,
    ) -> Result<(), EdgeError> {
        self.fenced(instance, epoch, |copy, _| {
            if copy.restart != restart {
                copy.restart = restart;
                self.ledger
                    .note(epoch, Effect::RestartSet(restart.into()), instance.as_str());
            }
        })
    }

    /// Sends the stop signal, once.
    pub(super) fn stop(&self, instance: &InstanceId, epoch: Epoch) -> Result<(), EdgeError> {
        self.fenced(instance, epoch, |copy, now| {
            if !copy.is_stopping() && !copy.has_ended() {
                copy.stop(now);
                self.ledger.note(epoch, Effect::Stopped, instance.as_str());
            }
        })
    }

    /// How long until an instance's state changes by itself.
    pub(super) fn next_change(&self, instance: &InstanceId) -> Option<Millis> {
        self.with(instance, |copy, now| {
            copy.next_change(now).map(|at| at.less(now))
        })
        .flatten()
    }

    pub(super) fn has_ended(&self, instance: &InstanceId) -> bool {
        self.with(instance, |copy, _| copy.has_ended())
            .unwrap_or(true)
    }

    pub(super) fn has_trace(&self, instance: &InstanceId) -> bool {
        self.inner.borrow().copies.contains_key(instance)
    }

    pub(super) fn verify(&self, release: &Release) -> Result<Digest, EdgeError> {
        let inner = self.inner.borrow();
        let found = inner
            .kept
            .values()
            .find(|content| content.artefact == release.artefact);
        let gone = || errors::rejected(format!("release {} is gone", release.version));
        found
            .map(|content| content.artefact.clone())
            .ok_or_else(gone)
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.inner
            .borrow()
            .copies
            .values()
            .map(|copy| copy.request.instance.address)
            .collect()
    }
}

/// Who listens on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    Own,
    Foreign,
    Nobody,
}
