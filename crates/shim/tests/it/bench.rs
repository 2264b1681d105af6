//! Starts shims, asks them, and looks at what is left.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use windlass_control::{
    Restart, ShimReply, ShimRequest, ShimSpec, ShimState, ShimStatus, decode_length, encode,
};
use windlass_model::{Epoch, InstanceId, Millis, Stop};

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Not a test of its own: what this binary does when it is started as a shim.
#[test]
fn be_a_shim() {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(place) = arguments.iter().position(|word| word == "--folder") else {
        return;
    };
    let outcome = windlass_shim::run(Path::new(&arguments[place + 1]));
    assert!(outcome.is_ok(), "{outcome:?}");
}

/// Looks until `condition` holds.
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let by = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = condition() {
            return seen;
        }
        assert!(Instant::now() < by, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A shim and its folder.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) shim: Child,
}

/// A specification that runs `script` by `/bin/sh`, from a file.
pub(crate) fn spec(folder: &Path, script: &str) -> ShimSpec {
    let program = folder.join("service");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
    ShimSpec {
        instance: InstanceId::parse("ins_1").expect("an id"),
        epoch: Epoch(5),
        program,
        arguments: Vec::new(),
        env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        directory: folder.to_owned(),
        kept: None,
        stop: Stop {
            signal: "TERM".to_owned(),
            within: Millis::from_secs(10),
        },
        restart: Restart::Never,
        hands_on: Vec::new(),
        leaves: false,
        socket: folder.join("shim.sock"),
    }
}

/// Starts this binary as a shim of `folder`.
pub(crate) fn shim(folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "bench::be_a_shim", "--", "--folder"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shim")
}

impl Bench {
    /// Starts a shim that keeps `script`.
    pub(crate) fn start(script: &str) -> Self {
        Self::start_with(script, |_| {})
    }

    /// The same with a changed specification.
    pub(crate) fn start_with(script: &str, change: impl FnOnce(&mut ShimSpec)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spec = spec(folder.path(), script);
        change(&mut spec);
        let text = serde_json::to_vec(&spec).expect("json");
        fs::write(folder.path().join("spec.json"), text).expect("spec.json");
        let shim = shim(folder.path());
        Self { folder, shim }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Waits for a whole line in a file, and returns its first word.
    pub(crate) fn line(&self, name: &str) -> String {
        until(name, || {
            let text = self.read(name);
            text.split_once('\n').map(|(line, _)| line.to_owned())
        })
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Peer {
        let stream = until("the shim's socket", || {
            UnixStream::connect(self.path("shim.sock")).ok()
        });
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time limit");
        Peer { stream }
    }

    pub(crate) fn ask(&self, request: &ShimRequest) -> ShimReply {
        self.connect().ask(request)
    }

    pub(crate) fn status(&self) -> ShimStatus {
        status_in(Some(self.ask(&ShimRequest::Status)))
    }

    /// What `status.json` says.
    pub(crate) fn written(&self) -> ShimStatus {
        serde_json::from_str(&self.read("status.json")).expect("status.json")
    }

    /// The leader's pid.
    pub(crate) fn leader(&self) -> i32 {
        let state = self.status().state;
        let pid = match state {
            ShimState::Running { pid, .. } => Some(pid),
            ShimState::BackingOff { .. } | ShimState::Ended { .. } => None,
        };
        pid.expect("it runs")
    }

    pub(crate) fn stop(&self) {
        let reply = self.ask(&ShimRequest::Stop { epoch: Epoch(5) });
        assert_eq!(reply, ShimReply::Done);
    }

    /// Waits until the shim is gone; returns whether it ended well.
    pub(crate) fn gone(&mut self) -> bool {
        until("the shim's end", || self.shim.try_wait().expect("a status")).success()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.shim.try_wait() {
            return;
        }
        // SIGTERM ends the group too; what ignores it is killed in its turn.
        if let Some(pid) = rustix::process::Pid::from_raw(self.shim.id().try_into().unwrap_or(0)) {
            let _sent = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let by = Instant::now() + PATIENCE;
        while Instant::now() < by && matches!(self.shim.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(2));
        }
        if matches!(self.shim.try_wait(), Ok(None)) {
            self.shim.kill().expect("killed");
        }
    }
}

/// One connection to a shim.
pub(crate) struct Peer {
    pub(crate) stream: UnixStream,
}

impl Peer {
    pub(crate) fn send(&mut self, request: &ShimRequest) {
        let frame = encode(request).expect("a frame");
        self.stream.write_all(&frame).expect("sent");
    }

    /// The next reply; none if the shim closed the connection.
    pub(crate) fn receive(&mut self) -> Option<ShimReply> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).ok()?;
        let mut body = vec![0; decode_length(header).expect("a length")];
        self.stream.read_exact(&mut body).expect("a body");
        Some(serde_json::from_slice(&body).expect("a reply"))
    }

    pub(crate) fn ask(&mut self, request: &ShimRequest) -> ShimReply {
        self.send(request);
        self.receive().expect("a reply")
    }

    /// The next pushed status.
    pub(crate) fn status(&mut self) -> ShimStatus {
        status_in(self.receive())
    }
}

fn status_in(reply: Option<ShimReply>) -> ShimStatus {
    let status = match reply {
        Some(ShimReply::Status(status)) => Some(status),
        Some(ShimReply::Done | ShimReply::Refused(_)) | None => None,
    };
    status.expect("a status")
}

/// Whether a process lives and is no zombie.
pub(crate) fn lives(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|text| !text.contains(") Z ") && !text.contains(") X "))
}
