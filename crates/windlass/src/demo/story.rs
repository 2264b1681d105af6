//! The story as it happens: deploys, follows, counts.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use windlass_api::{DeployRequest, Event, Exit, Source};
use windlass_client::{Client, ClientError, Followed, Following, Starting};
use windlass_load::{Counts, Load, LoadPlan};
use windlass_model::{Fact, Outcome, Percent, ServiceName};

use super::chance;
use super::proof::{self, Counted};
use super::stage::Stage;
use super::tell;
use super::told::{SCRIPTS, Script, Switch, Told};
use crate::arguments::Output;
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// Requests that leave each second.
const PER_SECOND: u32 = 300;

/// Connections of the load; every tenth request has one of its own.
const CONNECTIONS: usize = 32;

/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The controller is killed within so many events; a deployment of the three services has about
/// thirty.
const KILLED_BEFORE: u64 = 26;

/// Longest wait, after the load has ended, for the last counts to be written down.
const COUNTED_WITHIN: Duration = Duration::from_secs(5);

/// Time between two looks at them.
const LOOK: Duration = Duration::from_millis(50);

/// The demo under way.
pub(crate) struct Demo<'c> {
    context: &'c Context,
    stage: Stage,
    client: Client,
    load: Option<Load>,
    /// What chance draws from.
    seed: u64,
    began: Instant,
    /// The same, microseconds since 1970 UTC: events are dated so.
    began_us: i64,
    switches: Vec<Switch>,
    troubles: Vec<String>,
}

/// What was seen of one deployment.
#[derive(Default)]
struct Seen {
    events: u64,
    started: BTreeSet<ServiceName>,
    passed: BTreeSet<ServiceName>,
    killed: Option<Instant>,
    came_back: bool,
}

impl<'c> Demo<'c> {
    pub(crate) fn new(context: &'c Context, stage: Stage, client: Client, seed: u64) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let began_us = since_1970.unwrap_or_default().as_micros();
        Self {
            context,
            stage,
            client,
            load: None,
            seed,
            began: Instant::now(),
            began_us: i64::try_from(began_us).unwrap_or(i64::MAX),
            switches: Vec::new(),
            troubles: Vec::new(),
        }
    }

    /// Plays every act, then counts.
    pub(crate) async fn tell(&mut self) -> Result<Told, Diagnostic> {
        let mut played: Vec<(&Script, Outcome, Counts)> = Vec::new();
        for script in &SCRIPTS {
            let outcome = self.play(script).await?;
            played.push((script, outcome, self.mark()));
        }
        let last = self.load.take().map(Load::stop).unwrap_or_default();
        // What was still under way when the last act ended belongs to it.
        if let Some((_, _, end)) = played.last_mut() {
            *end = last.clone();
        }
        let mut acts = Vec::new();
        let mut before = Counts::default();
        for (script, outcome, end) in played {
            let act = script.act(outcome, &end.since(&before), &last);
            self.troubles.extend(script.troubles(&act));
            acts.push(act);
            before = end;
        }
        let expected = acts.iter().map(|act| act.errors_from_bad_release).sum();
        self.tell_failures(&last, expected);
        let ledgers = self.counted(&last).await?;
        if ledgers.is_empty() || !ledgers.iter().all(Counted::agrees) {
            self.troubles
                .push("the three counts do not agree".to_owned());
        }
        for trouble in &self.troubles {
            self.say(&format!("not as told: {trouble}"));
        }
        Ok(Told {
            acts,
            ledgers,
            elapsed_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ok: self.troubles.is_empty(),
            switches: std::mem::take(&mut self.switches),
        })
    }

    fn mark(&self) -> Counts {
        self.load.as_ref().map(Load::mark).unwrap_or_default()
    }

    /// What failed, unless it is only what the story is about.
    fn tell_failures(&self, last: &Counts, expected: u64) {
        if last.failed == expected {
            return;
        }
        for failure in &last.failures {
            self.say(&format!(
                "failed at {} ms: {}",
                failure.at_ms, failure.reason
            ));
        }
    }

    /// Deploys what the act is about and follows it to its end.
    async fn play(&mut self, script: &Script) -> Result<Outcome, Diagnostic> {
        self.say(script.opening);
        let request = DeployRequest {
            source: Source::File(self.stage.request(script.version, script.bad)),
            by: "demo".to_owned(),
            may_move: false,
            keep_failed: false,
            wait_ms: None,
            supersede: false,
            why: None,
        };
        let answer = self.client.deploy(&request).await?;
        let id = answer.deployment.ok_or_else(|| {
            let version = script.version;
            Diagnostic::new(
                Exit::Bug,
                format!("there was nothing to do for version {version}"),
            )
        })?;
        let kill_after = script.killed.then(|| self.draw());
        let mut following = Following::new(&self.client, &Starting::default(), 0, Some(id));
        let mut seen = Seen::default();
        let followed = self.follow(&mut following, script, kill_after, &mut seen);
        let outcome = followed.await?;
        self.client = following.client().clone();
        self.judge(script, &seen).await?;
        Ok(outcome)
    }

    /// After which event the controller is killed.
    fn draw(&self) -> u64 {
        let point = chance::drawn(self.seed, KILLED_BEFORE);
        self.say(&format!(
            "         chance says after event {point} (--seed {})",
            self.seed
        ));
        point
    }

    async fn follow(
        &mut self,
        following: &mut Following,
        script: &Script,
        kill_after: Option<u64>,
        seen: &mut Seen,
    ) -> Result<Outcome, ClientError> {
        loop {
            let event = match following.next().await? {
                Followed::Event(event) => event,
                Followed::Reconnected { pid } => {
                    self.tell_back(pid, seen);
                    continue;
                }
                // Its outcome was told before.
                Followed::Ended => {
                    let what = "a deployment that ended without an outcome".to_owned();
                    return Err(ClientError::Malformed { what });
                }
            };
            seen.events += 1;
            let ended = self.meet(&event, script, seen);
            if kill_after == Some(seen.events) {
                self.kill(following.client().controller().pid, seen);
            }
            if let Some(outcome) = ended {
                return Ok(outcome);
            }
        }
    }

    /// Takes in one event; the outcome, if it was the last.
    fn meet(&mut self, event: &Event, script: &Script, seen: &mut Seen) -> Option<Outcome> {
        let mut ended = None;
        for fact in &event.facts {
            if let Some(line) = tell::line(fact, script.outcome) {
                self.say(&format!("  {:>6.1} s  {line}", self.seconds()));
            }
            match fact {
                Fact::TrafficShifted {
                    service,
                    version,
                    to,
                    ..
                } => {
                    // A return is told as the old version's whole share.
                    let forward = version.to_string() == script.version;
                    let share = forward.then(|| to.to_string());
                    self.switched(service, script.version, share, event.at_us);
                    // From its first answer on.
                    if service.as_str() == "web" {
                        self.start_load();
                    }
                }
                Fact::TripwireFired { took_back, .. } => {
                    for service in took_back {
                        self.switched(service, script.version, None, event.at_us);
                    }
                }
                Fact::RolloutReturned { service } => {
                    self.switched(service, script.version, None, event.at_us);
                }
                Fact::InstanceStarted { service, .. } => {
                    seen.started.insert(service.clone());
                }
                Fact::RolloutPassed { service } => {
                    seen.passed.insert(service.clone());
                }
                Fact::Ended { outcome } => ended = Some(*outcome),
                _ => {}
            }
        }
        ended
    }

    /// Notes a switch; one that goes back only once, and only where something had moved.
    fn switched(&mut self, service: &ServiceName, version: &str, to: Option<String>, at_us: i64) {
        let of_it =
            |switch: &&Switch| switch.service == service.as_str() && switch.version == version;
        let last = self.switches.iter().rev().find(of_it);
        if to.is_none() && last.is_none_or(|last| last.to.is_none()) {
            return;
        }
        let at_ms = at_us.saturating_sub(self.began_us) / 1_000;
        self.switches.push(Switch {
            service: service.to_string(),
            version: version.to_owned(),
            to,
            at_ms: u64::try_from(at_ms).unwrap_or_default(),
        });
    }

    /// Kills the controller, with the one signal that it can't answer.
    fn kill(&mut self, pid: u32, seen: &mut Seen) {
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let killed = process.is_some_and(|process| kill_process(process, Signal::KILL).is_ok());
        if !killed {
            self.troubles
                .push(format!("process {pid} could not be killed"));
            return;
        }
        seen.killed = Some(Instant::now());
        let point = seen.events;
        self.say(&format!(
            "  {:>6.1} s  SIGKILL to the controller, process {pid}, after event {point}: requests go on",
            self.seconds()
        ));
    }

    fn tell_back(&self, pid: u32, seen: &mut Seen) {
        seen.came_back = true;
        let after = seen.killed.map(|at| at.elapsed().as_millis());
        let after = after.map_or_else(String::new, |ms| format!(", {ms} ms later"));
        self.say(&format!(
            "  {:>6.1} s  the controller is back as process {pid}{after}",
            self.seconds()
        ));
    }

    /// What an act says beyond its outcome.
    async fn judge(&mut self, script: &Script, seen: &Seen) -> Result<(), Diagnostic> {
        if script.killed && !(seen.killed.is_some() && seen.came_back) {
            self.troubles
                .push("the controller was not killed, or did not come back".to_owned());
        }
        let Some(bad) = script.bad else {
            return Ok(());
        };
        let has = |set: &BTreeSet<ServiceName>, name: &str| set.iter().any(|s| s.as_str() == name);
        if !has(&seen.passed, "auth") {
            self.troubles.push("auth did not pass".to_owned());
        }
        if !has(&seen.started, bad) || has(&seen.started, "web") {
            self.troubles
                .push(format!("{bad} was not the last to start"));
        }
        self.back_at_previous(script).await
    }

    /// Whether everything is served by the version before that of `script`.
    async fn back_at_previous(&mut self, script: &Script) -> Result<(), Diagnostic> {
        let acts = SCRIPTS
            .iter()
            .take_while(|act| act.version != script.version);
        let before = acts.last().map_or("", |act| act.version);
        for environment in self.client.status().await? {
            for (name, service) in environment.services {
                let stable = service.stable.as_ref();
                let whole = stable.is_some_and(|slot| {
                    slot.version.to_string() == before && slot.weight == Some(Percent::FULL)
                });
                if !whole {
                    self.troubles
                        .push(format!("{name} is not all at version {before}"));
                }
            }
        }
        let bad = script.bad_link().unwrap_or_default();
        let seen = self.mark();
        let act = script.act(script.outcome, &seen, &seen);
        self.say(&format!(
            "         {bad}: {} bad answers, the last {} ms after the first; everything is back at version {before}",
            act.errors_from_bad_release,
            act.restored_ms.unwrap_or_default()
        ));
        Ok(())
    }

    fn start_load(&mut self) {
        if self.load.is_some() {
            return;
        }
        let plan = LoadPlan {
            target: self.stage.web,
            path: "/".to_owned(),
            per_second: PER_SECOND,
            connections: CONNECTIONS,
            fresh_every: NonZeroU32::new(10),
            timeout: ANSWER_WITHIN,
        };
        match windlass_load::start(plan) {
            Ok(load) => {
                self.load = Some(load);
                self.say(&format!(
                    "         web answers on http://{}: {PER_SECOND} requests a second from now on",
                    self.stage.web
                ));
            }
            Err(why) => self.say(&format!("the load could not start: {why}")),
        }
    }

    /// The three counts, once the last of them is written down.
    async fn counted(&self, client: &Counts) -> Result<Vec<Counted>, Diagnostic> {
        let until = Instant::now() + COUNTED_WITHIN;
        loop {
            let figures = self.client.figures().await?;
            let own = proof::by_services(&self.stage.ledgers())
                .map_err(|why| Diagnostic::io("the services' ledgers can't be read", &why))?;
            let rows = proof::compare(client, &figures, &own);
            if rows.iter().all(Counted::agrees) || Instant::now() >= until {
                return Ok(rows);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// One line of the story: on stdout for people, beside the data otherwise.
    fn say(&self, line: &str) {
        if self.context.ui.output() == Output::Text {
            // Who reads the story may leave; the demo goes on to its clean end.
            self.context.ui.data_line(line).ok();
        } else {
            self.context.ui.say(line);
        }
    }
}
