//! Around the story: a fresh place for it, and its end.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use windlass_api::{DownRequest, Exit};
use windlass_client::{Client, Followed, Following, Starting, StatePaths};
use windlass_model::Fact;

use super::chance;
use super::stage::Stage;
use super::story::Demo;
use super::tell;
use super::told::Told;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, TAKEN};
use crate::report::Report;
use crate::ui::quoted;

/// How the demo is run.
#[derive(Clone, Debug)]
pub(crate) struct DemoOptions {
    /// Where web is served; any free address without it.
    pub(crate) listen: Option<SocketAddr>,
    /// Whether it is left running.
    pub(crate) keep: bool,
    /// What chance draws from; one that nobody chose without it.
    pub(crate) seed: Option<u64>,
}

/// Tells the story.
pub(crate) async fn run(context: &Context, options: &DemoOptions) -> Result<Report, Diagnostic> {
    let (state, fresh) = state_dir(context);
    refuse_used(&state)?;
    let result = play(context, options, &state).await;
    if options.keep && result.is_ok() {
        context.ui.say(&format!(
            "left running; end it with: windlass --state-dir {} down",
            quoted(&state.to_string_lossy())
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
        // Services are told paths below it, and run elsewhere.
        Some(given) => (
            std::path::absolute(given).unwrap_or_else(|_nowhere| given.clone()),
            false,
        ),
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
        .code(TAKEN)
        .detail("the demo plays in a fresh state directory")
        .hint("name another one with --state-dir; with neither that nor WINDLASS_STATE_DIR it makes its own"))
}

async fn play(context: &Context, options: &DemoOptions, state: &Path) -> Result<Told, Diagnostic> {
    let unusable = |why: std::io::Error| Diagnostic::io("the demo's folder can't be used", &why);
    std::fs::create_dir_all(state).map_err(unusable)?;
    let stage = Stage::set(&state.join("demo"), options.listen).map_err(unusable)?;
    let paths = StatePaths::locate(Some(state))?;
    let client = Client::connect_or_start(&paths, &Starting::default()).await?;
    let seed = options.seed.unwrap_or_else(chance::seed);
    let mut demo = Demo::new(context, stage, client, seed);
    tokio::select! {
        told = demo.tell() => told,
        stopped = asked_to_stop() => {
            let why = stopped.err().map_or_else(String::new, |why| why.to_string());
            Err(Diagnostic::new(Exit::Detached, "the demo was stopped").detail(why))
        }
    }
}

/// Ready at Ctrl-C, and at the signal of whoever ends programs politely.
async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
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
            why: None,
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
            .command(&view.id, windlass_api::Command::Abort, "demo", None)
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
