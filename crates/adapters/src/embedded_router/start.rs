//! Starting a router that outlives its controller.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::{Epoch, Millis};

use super::config::EmbeddedRouterConfig;
use super::link::Link;

/// Time for a started router to answer.
const START_TIME: Duration = Duration::from_secs(10);

/// Pause between two attempts to reach a router that is starting.
const START_PAUSE: Duration = Duration::from_millis(10);

/// All of the environment that a router gets: what says where its socket lies, and how much it says.
/// Its parent's may hold secrets.
const KEPT_ENV: [&str; 9] = [
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "WINDLASS_LOG",
];

fn failed(what: String, why: io::Error) -> EdgeError {
    let retry = Retry::After(Millis::from_secs(1));
    EdgeError::new(ErrorKind::Unreachable, retry, what).because(why)
}

/// Starts the program and waits until it answers, to `epoch` if that is said. The child has a
/// process session of its own, which it makes itself, and its output goes to the log.
pub(super) async fn start(
    config: &EmbeddedRouterConfig,
    epoch: Option<Epoch>,
) -> Result<(Link, Child), EdgeError> {
    let mut child = spawn(config)?;
    tracing::info!(pid = child.id(), "started a router");
    let until = Instant::now() + START_TIME;
    loop {
        let last = match Link::connect(&config.socket, epoch).await {
            Ok(link) => return Ok((link, child)),
            Err(why) if why.kind == ErrorKind::Refused => return Err(why),
            Err(why) => why,
        };
        let log = config.log.display();
        if let Ok(Some(status)) = child.try_wait() {
            // Another one may have been faster: then that one answers.
            if let Ok(link) = Link::connect(&config.socket, epoch).await {
                return Ok((link, child));
            }
            let what = format!("the router ended at once ({status}); see {log}");
            return Err(failed(what, io::Error::other(last)));
        }
        if Instant::now() >= until {
            let what = format!("the router did not answer in {START_TIME:?}; see {log}");
            return Err(failed(what, io::Error::other(last)));
        }
        sleep(START_PAUSE).await;
    }
}

fn spawn(config: &EmbeddedRouterConfig) -> Result<Child, EdgeError> {
    let folders = [Some(config.state.as_path()), config.log.parent()];
    for folder in folders.into_iter().flatten() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|why| failed(format!("could not make {}", folder.display()), why))?;
    }
    let opened = open_log(config).and_then(|log| Ok((log.try_clone()?, log)));
    let (out, err) =
        opened.map_err(|why| failed(format!("could not open {}", config.log.display()), why))?;
    let kept = KEPT_ENV
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    Command::new(&config.program)
        .arg0("windlass")
        .args(&config.arguments)
        .env_clear()
        .envs(kept)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|why| failed(format!("could not start {}", config.program.display()), why))
}

fn open_log(config: &EmbeddedRouterConfig) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&config.log)
}
