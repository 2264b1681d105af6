//! What instances printed.

use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::SinkExt;
use windlass_api::{LogLine, Problem};
use windlass_edge::{ErrorKind, LogRequest};
use windlass_engine::rollout::Rollout;
use windlass_model::{DeploymentId, Fact, Instance, Millis, Report, ServiceName, Slot};

use crate::at::ServiceAt;
use crate::controller::Shared;
use crate::handle::LogStream;
use crate::opening::Opened;
use crate::problems;

/// Lines that may wait for a slow reader; reading waits with it.
const LINES_WAITING: usize = 256;

/// Time between two looks while following.
const LOOK: Millis = Millis::from_millis(200);

/// Longest line; a longer one is cut into several.
const LINE_LONGEST: usize = 64 * 1_024;

/// Most bytes read at once per stream.
const READ_MOST: u64 = 1_024 * 1_024;

/// Rows of the journal that are read at once.
const ROWS_MOST: u32 = 500;

/// Newest deployments searched for the last one of a service.
const SEARCHED: u32 = 10;

/// Streams the lines of every instance of a service: of those that run, and of those that its last
/// deployment started and that are gone, so that a failed one can say why.
pub(crate) async fn stream(
    shared: &Rc<Shared>,
    service: &ServiceAt,
    tail: u64,
    follow: bool,
) -> Result<LogStream, Problem> {
    let last = last_started(shared, service).await;
    let gone = last
        .as_ref()
        .map(|last| last.fresh.clone())
        .unwrap_or_default();
    if gone.is_empty() && slots(shared, service).is_empty() {
        let known = shared.environment(&service.app, &service.environment);
        return Err(problems::unknown_service(
            &service.service,
            known.services.keys(),
        ));
    }
    let (sender, receiver) = mpsc::channel(LINES_WAITING);
    let mut reader = Reader {
        shared: Rc::clone(shared),
        service: service.clone(),
        out: sender,
        tail: tail.min(READ_MOST),
        begun: false,
        open: Vec::new(),
        heard: Heard::default(),
    };
    let speaks = last.filter(|last| last.is_command);
    reader.heard.turn_to(speaks.map(|last| last.deployment));
    reader.find();
    for (instance, version) in gone {
        reader.add(instance, version);
    }
    shared.border.spawner.spawn(Box::pin(reader.run(follow)));
    Ok(receiver)
}

fn slots(shared: &Rc<Shared>, at: &ServiceAt) -> Vec<Slot> {
    let environment = shared.environment(&at.app, &at.environment);
    let mut slots: Vec<Slot> = Vec::new();
    if let Some(state) = environment.services.get(&at.service) {
        slots.extend(state.slots().cloned());
    }
    let running = shared.running.borrow();
    if let Some(driven) = environment.lock.as_ref().and_then(|id| running.get(id))
        && let Some(rollout) = driven.now.borrow().rollouts.get(&at.service)
    {
        slots.push(rollout.candidate.clone());
    }
    slots
}

/// The instances that the last deployment of a service started, with their version. None where the
/// journal can't be read: what runs can be shown without it.
async fn last_started(shared: &Rc<Shared>, at: &ServiceAt) -> Option<Last> {
    let stored = shared.border.store.deployments(SEARCHED).await;
    stored.unwrap_or_default().into_iter().find_map(|stored| {
        let plan = stored.plan;
        let here = plan.app == at.app && plan.environment == at.environment;
        let rollout = plan.rollouts.get(&at.service).filter(|_| here)?;
        let version = rollout.release.version.to_string();
        let opened: Opened = serde_json::from_str(&stored.opening).ok()?;
        let fresh = opened.opening.slots.get(&at.service)?.fresh.clone();
        let fresh = fresh
            .into_iter()
            .map(|instance| (instance, version.clone()));
        Some(Last {
            deployment: stored.id,
            is_command: rollout.spec.command.is_some(),
            fresh: fresh.collect(),
        })
    })
}

/// The last deployment of a service, and what it started.
struct Last {
    deployment: DeploymentId,
    /// Whether its runs may have reported something.
    is_command: bool,
    fresh: Vec<(Instance, String)>,
}

/// How far the reports of a command's runs are read.
#[derive(Default)]
struct Heard {
    deployment: Option<DeploymentId>,
    after: u64,
}

impl Heard {
    fn turn_to(&mut self, deployment: Option<DeploymentId>) {
        if deployment.is_some() && self.deployment != deployment {
            *self = Self {
                deployment,
                after: 0,
            };
        }
    }
}

/// How far one instance's output is read.
struct Open {
    instance: Instance,
    version: String,
    stdout: Tail,
    stderr: Tail,
    /// Whether there is nothing to read of it.
    is_absent: bool,
}

#[derive(Default)]
struct Tail {
    next: Option<u64>,
    rest: Vec<u8>,
}

struct Reader {
    shared: Rc<Shared>,
    service: ServiceAt,
    out: mpsc::Sender<LogLine>,
    tail: u64,
    /// Whether the first look is over: what comes later is read from its beginning.
    begun: bool,
    open: Vec<Open>,
    heard: Heard,
}

impl Reader {
    async fn run(mut self, follow: bool) {
        loop {
            self.find();
            for at in 0..self.open.len() {
                if self.read(at, !follow).await.is_err() {
                    return;
                }
            }
            if self.hear().await.is_err() {
                return;
            }
            if !follow || self.out.is_closed() {
                return;
            }
            self.begun = true;
            self.forget();
            self.shared.border.clock.sleep(LOOK).await;
        }
    }

    /// Instances that came since the last look.
    fn find(&mut self) {
        for slot in slots(&self.shared, &self.service) {
            for instance in slot.instances {
                self.add(instance, slot.release.version.to_string());
            }
        }
    }

    fn add(&mut self, instance: Instance, version: String) {
        if self.open.iter().all(|open| open.instance.id != instance.id) {
            let from = || Tail {
                next: self.begun.then_some(0),
                rest: Vec::new(),
            };
            self.open.push(Open {
                instance,
                version,
                stdout: from(),
                stderr: from(),
                is_absent: false,
            });
        }
    }

    /// What has left and whose log was dropped since is not asked for any more.
    fn forget(&mut self) {
        let now = slots(&self.shared, &self.service);
        let runs = |instance: &Instance| {
            let mut all = now.iter().flat_map(|slot| &slot.instances);
            all.any(|known| known.id == instance.id)
        };
        self.open
            .retain(|open| !open.is_absent || runs(&open.instance));
    }

    /// Lines that a command's runs have reported since the last look.
    async fn hear(&mut self) -> Result<(), mpsc::SendError> {
        let at = &self.service;
        let lock = self.shared.environment(&at.app, &at.environment).lock;
        let runs = lock.filter(|id| {
            let running = self.shared.running.borrow();
            let driven = running.get(id);
            driven.is_some_and(|driven| {
                let now = driven.now.borrow();
                now.rollouts
                    .get(&at.service)
                    .is_some_and(Rollout::may_speak)
            })
        });
        self.heard.turn_to(runs);
        let (Some(id), Some(newest)) = (self.heard.deployment.clone(), self.open.last()) else {
            return Ok(());
        };
        let (instance, version) = (newest.instance.id.to_string(), newest.version.clone());
        loop {
            let store = &self.shared.border.store;
            let rows = store.entries(Some(&id), self.heard.after, ROWS_MOST).await;
            // Where the journal can't be read, what was printed can be shown all the same.
            let rows = rows.unwrap_or_default();
            let Some(last) = rows.last() else {
                return Ok(());
            };
            self.heard.after = last.sequence;
            for row in rows {
                for text in lines_of(&row.facts, &self.service.service) {
                    let line = LogLine {
                        instance: instance.clone(),
                        version: version.clone(),
                        stream: "reported".to_owned(),
                        text,
                        end: row.sequence,
                    };
                    self.out.send(line).await?;
                }
            }
        }
    }

    async fn read(&mut self, at: usize, last: bool) -> Result<(), mpsc::SendError> {
        let Some(open) = self.open.get_mut(at) else {
            return Ok(());
        };
        let request = LogRequest {
            instance: open.instance.id.clone(),
            stdout_from: open.stdout.next,
            stderr_from: open.stderr.next,
            tail: self.tail,
            masked: false,
        };
        // An instance that never started has no log: that is shown by the deployment, not here.
        let chunk = match self.shared.border.target.log(&request).await {
            Ok(chunk) => chunk,
            Err(error) => {
                open.is_absent = error.kind == ErrorKind::Rejected;
                return Ok(());
            }
        };
        open.is_absent = false;
        open.stdout.next = Some(chunk.stdout_next);
        open.stderr.next = Some(chunk.stderr_next);
        for (stream, tail, bytes) in [
            ("stdout", &mut open.stdout, chunk.stdout),
            ("stderr", &mut open.stderr, chunk.stderr),
        ] {
            tail.rest.extend(bytes);
            for (end, text) in tail.lines(last) {
                let line = LogLine {
                    instance: open.instance.id.to_string(),
                    version: open.version.clone(),
                    stream: stream.to_owned(),
                    text,
                    end,
                };
                self.out.send(line).await?;
            }
        }
        Ok(())
    }
}

fn lines_of(facts: &[Fact], of: &ServiceName) -> Vec<String> {
    let lines = facts.iter().filter_map(|fact| {
        let Fact::Reported {
            service,
            report: Report::Log(line),
        } = fact
        else {
            return None;
        };
        (service == of).then(|| line.clone())
    });
    lines.collect()
}

impl Tail {
    /// Whole lines, each with where it ends in the stream; with `last`, also the one that has no end
    /// yet.
    fn lines(&mut self, last: bool) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        loop {
            let end = self.rest.iter().position(|b| *b == b'\n');
            let take = match end {
                Some(end) if end <= LINE_LONGEST => end + 1,
                Some(_) | None if self.rest.len() > LINE_LONGEST => LINE_LONGEST,
                Some(_) | None if last && !self.rest.is_empty() => self.rest.len(),
                Some(_) | None => return lines,
            };
            let line: Vec<u8> = self.rest.drain(..take).collect();
            let text = String::from_utf8_lossy(&line);
            let left = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
            let end = self.next.unwrap_or_default().saturating_sub(left);
            lines.push((end, text.trim_end_matches(['\n', '\r']).to_owned()));
        }
    }
}
