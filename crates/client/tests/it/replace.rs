//! Taking the place of a controller that runs.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use windlass_client::{ControllerLock, Places, ReplaceError, StatePaths, is_stopped, replace};

const SOON: Duration = Duration::from_secs(10);

fn paths(folder: &TempDir) -> StatePaths {
    let places = Places {
        state_home: None,
        home: None,
        runtime: None,
        temporary: folder.path().to_owned(),
        user: rustix::process::geteuid().as_raw(),
    };
    let paths = StatePaths::locate_in(Some(&folder.path().join("state")), &places).unwrap();
    paths.create().unwrap();
    paths
}

/// Whoever has the lock; ended when dropped.
struct Holder(Child);

impl Holder {
    /// A shell that takes the lock as a controller does; `word` is among its arguments.
    fn new(paths: &StatePaths, word: &str, trap: &str) -> Self {
        let script = format!(
            "{trap} exec 9<>\"$0\"; flock 9; printf %s $$ >\"$0\"; echo held; while :; do sleep 0.05; done"
        );
        let mut child = Command::new("/bin/sh")
            .args(["-c", &script])
            .arg(&paths.lock)
            .arg(word)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 5];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"held\n");
        Self(child)
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_free_lock_is_taken_at_once_and_nobody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    let mut asked = Vec::new();
    let lock = replace(&paths, Duration::ZERO, |pid| asked.push(pid)).unwrap();
    assert!(asked.is_empty(), "{asked:?}");
    assert!(ControllerLock::take(&paths).unwrap().is_none());
    drop(lock);
}

#[test]
fn the_controller_that_runs_is_asked_once_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    let holder = Holder::new(&paths, "serve", "");
    let mut asked = Vec::new();
    let lock = replace(&paths, SOON, |pid| asked.push(pid));
    assert!(lock.is_ok(), "{lock:?}");
    assert_eq!(asked, [holder.0.id()]);
}

#[test]
fn a_controller_that_does_not_end_in_time_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    let holder = Holder::new(&paths, "serve", "trap '' TERM;");
    let late = replace(&paths, Duration::from_millis(200), |_pid| {}).unwrap_err();
    let pid = Some(holder.0.id());
    assert!(
        matches!(late, ReplaceError::Late { pid: seen, .. } if seen == pid),
        "{late:?}"
    );
}

#[test]
fn a_stopped_controller_is_named_and_a_stranger_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    let holder = Holder::new(&paths, "serve", "");
    holder.signal(rustix::process::Signal::STOP);
    let until = Instant::now() + SOON;
    while !is_stopped(holder.0.id()) {
        assert!(Instant::now() < until, "it does not stop");
        std::thread::yield_now();
    }
    let stopped = replace(&paths, SOON, |_pid| {}).unwrap_err();
    let pid = holder.0.id();
    assert!(
        matches!(stopped, ReplaceError::Stopped { pid: seen } if seen == pid),
        "{stopped:?}"
    );
    drop(holder);

    let mut stranger = Holder::new(&paths, "other", "");
    let left = replace(&paths, SOON, |_pid| {}).unwrap_err();
    assert!(matches!(left, ReplaceError::NotOurs { .. }), "{left:?}");
    assert!(stranger.0.try_wait().unwrap().is_none(), "it lives");
}
