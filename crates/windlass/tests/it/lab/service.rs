//! The users' programs: small scripts around one service of the demo.

use std::fmt::Write as _;
use std::path::Path;

/// How a program of a test goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// It does not.
    Never,
    /// It ends at once with this status.
    AtOnce(i32),
    /// It runs and never listens.
    Deaf,
    /// It answers every request with 500, but for /health/ready.
    Always,
    /// It answers every so many-th request so.
    Every(u32),
    /// It has this fault of the demo's services.
    With(&'static str),
    /// It does so from when this file is there.
    Once(String),
    /// It ends at once where this file is missing.
    Without(String),
}

/// A program that answers with its name and version, through whatever it needs.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    name: String,
    version: String,
    upstreams: Vec<String>,
    breaks: Breaks,
    takes_ms: u64,
}

impl Service {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            upstreams: Vec::new(),
            breaks: Breaks::Never,
            takes_ms: 0,
        }
    }

    /// Each answer takes so long.
    pub(crate) fn takes(mut self, millis: u64) -> Self {
        self.takes_ms = millis;
        self
    }

    /// Each answer passes through `need`, found by the variable that Windlass sets.
    pub(crate) fn needs(mut self, need: &str) -> Self {
        self.upstreams.push(format!("{}_URL", need.to_uppercase()));
        self
    }

    pub(crate) fn breaks(mut self, how: Breaks) -> Self {
        self.breaks = how;
        self
    }

    /// The script, with `binary` to serve.
    pub(crate) fn script(&self, binary: &Path) -> String {
        let Self { name, version, .. } = self;
        let mut text = format!("#!/bin/sh\necho {name} {version} starts on port $PORT\n");
        let mut serve = format!(
            "{} demo-service --name {name} --version {version} --port $PORT",
            binary.display()
        );
        if self.takes_ms > 0 {
            write!(serve, " --takes {}", self.takes_ms).unwrap();
        }
        for upstream in &self.upstreams {
            write!(serve, " --upstream \"${upstream}\"").unwrap();
        }
        match &self.breaks {
            Breaks::Never => writeln!(text, "exec {serve}"),
            Breaks::AtOnce(status) => writeln!(text, "echo it is broken >&2\nexit {status}"),
            Breaks::Without(file) => {
                writeln!(
                    text,
                    "[ -e {file} ] || {{ echo no {file} >&2; exit 9; }}\nexec {serve}"
                )
            }
            Breaks::Deaf => writeln!(text, "exec sleep 600"),
            Breaks::Always => writeln!(text, "exec {serve} --fault errors"),
            Breaks::Every(count) => {
                writeln!(text, "exec {serve} --fault errors --fault-every {count}")
            }
            Breaks::With(fault) => writeln!(text, "exec {serve} --fault {fault}"),
            Breaks::Once(file) => writeln!(
                text,
                "{serve} &\nwhile [ ! -e {file} ]; do sleep 0.02; done\n\
                 kill $!\nwait\nexec {serve} --fault errors"
            ),
        }
        .unwrap();
        text
    }
}
