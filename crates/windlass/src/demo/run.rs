//! The story as it happens.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use windlass_api::{DeployRequest, DownRequest, Exit, Source};
use windlass_client::{Client, ClientError, Followed, Following, Starting, StatePaths};
use windlass_load::{Counts, Load, LoadPlan};
use windlass_model::{Fact, Outcome};

use super::proof::{self, Counted};
use super::stage::Stage;
use super::tell;
use crate::arguments::Output;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::words;

/// Requests that leave each second.
const PER_SECOND: u32 = 300;

/// Connections of the load; every tenth request has one of its own.
const CONNECTIONS: usize = 32;

/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Longest wait, after the load has ended, for the last counts to be written down.
const COUNTED_WITHIN: Duration = Duration::from_secs(5);

/// Time between two looks at them.
const LOOK: Duration = Duration::from_millis(50);

/// How the demo is run.
#[derive(Clone, Debug)]
pub(crate) struct DemoOptions {
    /// Where web is served; any free address without it.
    pub(crate) listen: Option<SocketAddr>,
    /// Whether it is left running.
    pub(crate) keep: bool,
}

/// How it went: what `-o json` prints.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    /// The acts, in order.
    pub(crate) acts: Vec<Act>,
    /// Three counts of the same requests.
    pub(crate) ledgers: Vec<Counted>,
    /// From the first deployment to the last count.
    pub(crate) elapsed_ms: u64,
    /// Whether every act ended as told, without a failed request, and the counts agree.
    pub(crate) ok: bool,
}

impl Told {
    pub(crate) fn requests(&self) -> u64 {
        self.acts.iter().map(|act| act.requests).sum()
    }
}

/// One act.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Act {
    /// `go_live` or `canary`.
    pub(crate) name: String,
    /// `promoted` or `rolled_back`.
    pub(crate) outcome: String,
    /// Requests answered while it played.
    pub(crate) requests: u64,
    /// Requests without a good answer.
    pub(crate) failed_requests: u64,
}

/// Tells the story.
pub(crate) async fn run(context: &Context, options: &DemoOptions) -> Result<Report, Diagnostic> {
    let (state, fresh) = state_dir(context);
    refuse_used(&state)?;
    let result = play(context, options, &state).await;
    if options.keep && result.is_ok() {
        context.ui.say(&format!(
            "left running; end it with: windlass --state-dir {} down",
            state.display()
        ));
    } else {
        clear(&state, fresh).await;
    }
    let told = result?;
    let mut report = Report::new(tell::ending(&told), &told)?;
    if !told.ok {
        report.exit = Exit::Failed;
    }
    Ok(report)
}

/// The given state directory, or a fresh one of this process.
fn state_dir(context: &Context) -> (PathBuf, bool) {
    match &context.global.state_dir {
        Some(given) => (given.clone(), false),
        None => (
            std::env::temp_dir().join(format!("windlass-demo-{}", std::process::id())),
            true,
        ),
    }
}

/// The demo ends with its application gone, and its counts begin at nothing: it must not meet what
/// somebody else deployed, nor what is left of an earlier one.
fn refuse_used(state: &Path) -> Result<(), Diagnostic> {
    if !StatePaths::locate(Some(state))?.lock.exists() {
        return Ok(());
    }
    let summary = format!("{} has been used already", state.display());
    Err(Diagnostic::new(Exit::Refused, summary)
        .detail("the demo plays in a fresh state directory")
        .hint("name another one with --state-dir; with neither that nor WINDLASS_STATE_DIR it makes its own"))
}

async fn play(context: &Context, options: &DemoOptions, state: &Path) -> Result<Told, Diagnostic> {
    let unusable = |why: std::io::Error| Diagnostic::io("the demo's folder can't be used", &why);
    std::fs::create_dir_all(state).map_err(unusable)?;
    let stage = Stage::set(&state.join("demo"), options.listen).map_err(unusable)?;
    let paths = StatePaths::locate(Some(state))?;
    let client = Client::connect_or_start(&paths, &Starting::default()).await?;
    let mut demo = Demo {
        context,
        stage,
        client,
        load: None,
        began: Instant::now(),
    };
    tokio::select! {
        told = demo.tell() => told,
        stopped = tokio::signal::ctrl_c() => {
            let why = stopped.err().map_or_else(String::new, |why| why.to_string());
            Err(Diagnostic::new(Exit::Detached, "the demo was stopped").detail(why))
        }
    }
}

/// Ends what the demo started; a fresh state directory goes with it.
async fn clear(state: &Path, fresh: bool) {
    let Ok(paths) = StatePaths::locate(Some(state)) else {
        return;
    };
    if let Ok(client) = Client::connect(&paths).await {
        let request = DownRequest {
            app: "demo".to_owned(),
            environment: None,
            by: "demo".to_owned(),
        };
        // A deployment that still runs goes back first; the second try ends what is left then.
        if client.down(&request).await.is_err() {
            abort_all(&client).await;
            client.down(&request).await.ok();
        }
        crate::commands::wait_for_end(&client).await.ok();
    }
    if fresh {
        std::fs::remove_dir_all(&paths.run).ok();
        remove(state).ok();
    }
}

/// Removes a state directory. Kept releases are read-only: who is not root must open them first.
fn remove(state: &Path) -> std::io::Result<()> {
    let mut folders = vec![state.to_owned()];
    while let Some(folder) = folders.pop() {
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    std::fs::remove_dir_all(state)
}

async fn abort_all(client: &Client) {
    for view in client.deployments(1).await.unwrap_or_default() {
        if client
            .command(&view.id, windlass_api::Command::Abort, "demo")
            .await
            .is_ok()
        {
            let mut following =
                Following::new(client, &Starting::default(), view.sequence, Some(view.id));
            while let Ok(Followed::Event(event)) = following.next().await {
                if event
                    .facts
                    .iter()
                    .any(|fact| matches!(fact, Fact::Ended { .. }))
                {
                    break;
                }
            }
        }
    }
}

struct Demo<'c> {
    context: &'c Context,
    stage: Stage,
    client: Client,
    load: Option<Load>,
    began: Instant,
}

impl Demo<'_> {
    async fn tell(&mut self) -> Result<Told, Diagnostic> {
        let mut acts = vec![self.act("go_live", "1").await?];
        acts.push(self.act("canary", "2").await?);
        let last = self.load.take().map(Load::stop).unwrap_or_default();
        // What was still under way when the last act ended belongs to it.
        if let Some((act, earlier)) = acts.split_last_mut() {
            let sum = |count: fn(&Act) -> u64| earlier.iter().map(count).sum::<u64>();
            act.requests = last.sent.saturating_sub(sum(|act| act.requests));
            act.failed_requests = last.failed.saturating_sub(sum(|act| act.failed_requests));
        }
        for failure in &last.failures {
            self.say(&format!(
                "failed at {} ms: {}",
                failure.at_ms, failure.reason
            ));
        }
        let ledgers = self.counted(&last).await?;
        let elapsed = self.began.elapsed().as_millis();
        let ok = last.failed == 0
            && acts
                .iter()
                .all(|act| act.outcome == "promoted" && act.requests > 0)
            && ledgers.iter().all(Counted::agrees)
            && !ledgers.is_empty();
        let elapsed_ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        Ok(Told {
            acts,
            ledgers,
            elapsed_ms,
            ok,
        })
    }

    /// Deploys `version` and follows it to its end.
    async fn act(&mut self, name: &str, version: &str) -> Result<Act, Diagnostic> {
        self.say(tell::opening(name));
        let before = self.load.as_ref().map(Load::mark).unwrap_or_default();
        let request = DeployRequest {
            source: Source::File(self.stage.request(version)),
            by: "demo".to_owned(),
            may_move: false,
        };
        let answer = self.client.deploy(&request).await?;
        let id = answer.deployment.ok_or_else(|| {
            Diagnostic::new(
                Exit::Bug,
                format!("there was nothing to do for version {version}"),
            )
        })?;
        let mut following = Following::new(&self.client, &Starting::default(), 0, Some(id));
        let outcome = self.follow(&mut following).await?;
        self.client = following.client().clone();
        let seen = self
            .load
            .as_ref()
            .map(Load::mark)
            .unwrap_or_default()
            .since(&before);
        Ok(Act {
            name: name.to_owned(),
            outcome: words::outcome_word(outcome).to_owned(),
            requests: seen.sent,
            failed_requests: seen.failed,
        })
    }

    async fn follow(&mut self, following: &mut Following) -> Result<Outcome, ClientError> {
        loop {
            let event = match following.next().await? {
                Followed::Event(event) => event,
                Followed::Reconnected { pid } => {
                    self.say(&format!("the controller is back, process {pid}"));
                    continue;
                }
            };
            for fact in &event.facts {
                if let Some(line) = tell::line(fact) {
                    self.say(&format!(
                        "  {:>6.1} s  {line}",
                        self.began.elapsed().as_secs_f64()
                    ));
                }
                match fact {
                    // From its first answer on.
                    Fact::TrafficShifted { service, .. } if service.as_str() == "web" => {
                        self.start_load();
                    }
                    Fact::Ended { outcome } => return Ok(*outcome),
                    _ => {}
                }
            }
        }
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
