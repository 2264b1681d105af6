//! Commands that run and what they leave.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ask::eventually;
use super::processes::signal;

/// Longest time for one command.
const COMMAND_WITHIN: Duration = Duration::from_mins(2);

/// What a command left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Left {
    /// The same, once the code was what it must be.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "-- stdout\n{}-- stderr\n{}",
            self.out, self.err
        );
        self
    }

    /// stdout as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|why| panic!("no JSON ({why}): {}{}", self.out, self.err))
    }

    /// Each line of stdout as JSON.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
            .collect()
    }

    /// Fails unless stderr holds each of these texts.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.err.contains(text), "{text:?} is not in: {}", self.err);
        }
    }
}

/// A command under way, its output in files: what it starts may outlive it.
pub(crate) struct Following {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Following {
    pub(crate) fn start(mut command: Command, stem: &Path) -> Self {
        let (out, err) = (stem.with_extension("out"), stem.with_extension("err"));
        let child = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Self { child, out, err }
    }

    /// Waits until its stdout holds `text`.
    #[track_caller]
    pub(crate) fn until(&self, text: &str) -> String {
        until(&self.out, text)
    }

    /// The same of its stderr.
    #[track_caller]
    pub(crate) fn until_said(&self, text: &str) -> String {
        until(&self.err, text)
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        signal(self.child.id(), rustix::process::Signal::INT);
    }

    /// What a supervisor does that wants it to end.
    pub(crate) fn terminate(&self) {
        signal(self.child.id(), rustix::process::Signal::TERM);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn left(mut self) -> Left {
        let until = Instant::now() + COMMAND_WITHIN;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() >= until {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                let said = fs::read_to_string(&self.out).unwrap();
                panic!("no end within {COMMAND_WITHIN:?}: {said}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let read = |path| String::from_utf8(fs::read(path).unwrap()).unwrap();
        Left {
            code: status.code().unwrap(),
            out: read(&self.out),
            err: read(&self.err),
        }
    }
}

#[track_caller]
fn until(file: &Path, text: &str) -> String {
    eventually(text, COMMAND_WITHIN, || {
        let all = fs::read_to_string(file).unwrap();
        all.contains(text).then_some(all)
    })
}
