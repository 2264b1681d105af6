//! Starting a controller, and those that can't be reached.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use windlass_client::{Client, ClientError, ControllerLock, Places, Starting, StatePaths};

pub(crate) fn paths(folder: &TempDir) -> StatePaths {
    let places = Places {
        state_home: None,
        home: None,
        runtime: None,
        temporary: folder.path().to_owned(),
        user: rustix::process::geteuid().as_raw(),
    };
    StatePaths::locate_in(Some(&folder.path().join("state")), &places).unwrap()
}

pub(crate) fn shell(script: &str) -> Starting {
    Starting {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
    }
}

async fn start(paths: &StatePaths, starting: &Starting) -> ClientError {
    Client::connect_or_start(paths, starting).await.unwrap_err()
}

#[tokio::test]
async fn a_controller_that_ends_at_once_is_told_with_the_end_of_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    paths.create().unwrap();
    std::fs::write(&paths.controller_log, "an earlier life\n").unwrap();
    let met = start(&paths, &shell("echo one; echo two >&2; exit 3")).await;
    match met {
        ClientError::EndedEarly { status, log } => {
            assert!(status.contains('3'), "{status}");
            assert_eq!(log, "one\ntwo");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_controller_gets_its_folder_and_none_of_the_starters_own_values() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    // CARGO_PKG_NAME is set for every test, and nothing that a controller needs.
    assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
    let script = r#"pwd; echo "$0 $1"; echo "[$CARGO_PKG_NAME]"; echo "${PATH:+path}"; exit 1"#;
    match start(&paths, &shell(script)).await {
        ClientError::EndedEarly { log, .. } => {
            let state = paths.state.display();
            assert_eq!(log, format!("/\n--state-dir {state}\n[]\npath"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let starting = Starting {
        program: "/nonexistent/windlass".into(),
        arguments: Vec::new(),
    };
    let met = start(&paths(&folder), &starting).await;
    assert!(matches!(met, ClientError::Start { .. }), "{met:?}");
    assert_eq!(met.exit().code(), 69);
}

/// A process that is stopped by a signal; ended when dropped.
struct Stopped(Child);

impl Stopped {
    fn new() -> Self {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let stat = format!("/proc/{}/stat", child.id());
        while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::yield_now();
        }
        Self(child)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn a_stopped_controller_that_holds_the_lock_is_named_by_pid() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    paths.create().unwrap();
    let stopped = Stopped::new();
    let _lock = ControllerLock::take(&paths).unwrap().unwrap();
    std::fs::write(&paths.lock, stopped.0.id().to_string()).unwrap();
    match start(&paths, &shell("exit 0")).await {
        ClientError::Stopped { pid } => assert_eq!(pid, stopped.0.id()),
        other => panic!("{other:?}"),
    }
}

/// Answers one greeting with this body.
fn answer_once(socket: &Path, body: &'static str) -> std::thread::JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let read = stream.read(&mut head).unwrap();
        assert!(head[..read].starts_with(b"GET /v1/version HTTP/1.1"));
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    })
}

#[tokio::test]
async fn a_controller_of_another_api_is_refused_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    paths.create().unwrap();
    let answered = answer_once(
        &paths.controller_socket,
        r#"{"version":"9.9.9","api":999,"pid":1,"epoch":1,"later":true}"#,
    );
    let met = Client::connect(&paths).await.unwrap_err();
    answered.join().unwrap();
    assert_eq!(
        met.to_string(),
        format!(
            "the controller is Windlass 9.9.9 (API 999); this command speaks API {}",
            windlass_api::API_VERSION
        )
    );
    assert_eq!(met.exit().code(), 69);
}

#[tokio::test]
async fn an_answer_of_another_shape_is_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    paths.create().unwrap();
    let answered = answer_once(&paths.controller_socket, "[]");
    let met = Client::connect(&paths).await.unwrap_err();
    answered.join().unwrap();
    assert!(matches!(met, ClientError::Malformed { .. }), "{met:?}");
}

#[tokio::test]
async fn a_controller_that_dies_while_it_is_greeted_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(&folder);
    paths.create().unwrap();
    let listener = UnixListener::bind(&paths.controller_socket).unwrap();
    let dying = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // It has heard the greeting, and dies with its socket.
        let read = stream.read(&mut [0; 1024]).unwrap();
        assert!(read > 0);
    });
    let met = start(&paths, &shell("echo another; exit 3")).await;
    dying.join().unwrap();
    match met {
        ClientError::EndedEarly { log, .. } => assert_eq!(log, "another"),
        other => panic!("{other:?}"),
    }
}
