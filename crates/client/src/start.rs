//! Starting the controller when none answers.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::lock::{Holder, is_stopped};
use crate::{Client, ClientError, ControllerLock, Reach, StatePaths};

/// Longest wait for a controller to answer.
const START_WITHIN: Duration = Duration::from_secs(10);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Most bytes of the log that are shown when it ended early.
const LOG_SHOWN: u64 = 4 * 1024;

/// Most lines of them.
const LOG_LINES_SHOWN: usize = 12;

/// Variables that a controller gets from whoever starts it; a deployer's other values are none of
/// its business, and it outlives them.
const PASSED_ON: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "WINDLASS_LOG",
];

/// How a controller is started: a program, and the arguments before `--state-dir DIR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starting {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments. It must make a session of its own.
    pub arguments: Vec<OsString>,
}

impl Default for Starting {
    /// This very binary, even when its file was replaced meanwhile.
    fn default() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec!["serve".into(), "--detached".into()],
        }
    }
}

pub(crate) async fn connect_or_start(
    reach: &Reach,
    starting: &Starting,
) -> Result<Client, ClientError> {
    let paths = match (Client::connect(reach).await, reach) {
        (Err(why), Reach::Here(paths)) if is_gone(&why) => paths.as_ref(),
        (answered, _) => return answered,
    };
    paths.create()?;
    let begun = Instant::now();
    let mut started: Option<Started> = None;
    loop {
        match Client::connect(paths).await {
            Err(why) if is_gone(&why) => {}
            answered => return answered,
        }
        let holder = ControllerLock::holder(paths);
        if let Holder::Somebody(Some(pid)) = holder
            && is_stopped(pid)
        {
            return Err(ClientError::Stopped { pid });
        }
        match (&mut started, holder) {
            (None, Holder::Nobody) => started = Some(Started::begin(paths, starting)?),
            // It may have lost the race for the lock: then its holder will answer.
            (Some(_) | None, Holder::Somebody(_)) => {}
            (Some(child), Holder::Nobody) => child.must_live()?,
        }
        if begun.elapsed() > START_WITHIN {
            let pid = match holder {
                Holder::Somebody(pid) => pid,
                Holder::Nobody => None,
            };
            return Err(ClientError::Silent {
                pid,
                seconds: START_WITHIN.as_secs(),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether nobody is there, or whoever was died while it was greeted: a greeting can be said again.
fn is_gone(why: &ClientError) -> bool {
    matches!(why, ClientError::NotRunning) || why.is_cut()
}

/// A controller that was started here. Dropping it leaves it running.
struct Started {
    child: Child,
    log: PathBuf,
    log_from: u64,
    ended: Option<(Instant, String)>,
}

/// How long after its end a lock holder or an answer may still turn up.
const GRACE: Duration = Duration::from_millis(500);

impl Started {
    fn begin(paths: &StatePaths, starting: &Starting) -> Result<Self, ClientError> {
        let failed = |source| ClientError::Start { source };
        let log = paths.open_controller_log().map_err(failed)?;
        let log_from = log.metadata().map_or(0, |seen| seen.len());
        let errors = log.try_clone().map_err(failed)?;
        let passed_on = PASSED_ON
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let child = Command::new(&starting.program)
            .arg0("windlass")
            .args(&starting.arguments)
            .arg("--state-dir")
            .arg(&paths.state)
            .env_clear()
            .envs(passed_on)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(failed)?;
        Ok(Self {
            child,
            log: paths.controller_log.clone(),
            log_from,
            ended: None,
        })
    }

    /// Fails once it has been dead for a moment with nobody in its place.
    fn must_live(&mut self) -> Result<(), ClientError> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.ended = Some((Instant::now(), status.to_string()));
        }
        match &self.ended {
            Some((at, status)) if at.elapsed() > GRACE => Err(ClientError::EndedEarly {
                status: status.clone(),
                log: self.last_lines(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The end of what it printed.
    fn last_lines(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut log = File::open(&self.log)?;
            let end = log.metadata()?.len();
            let from = self.log_from.max(end.saturating_sub(LOG_SHOWN));
            log.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            log.take(LOG_SHOWN).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(LOG_LINES_SHOWN);
        lines.get(first..).unwrap_or_default().join("\n")
    }
}
