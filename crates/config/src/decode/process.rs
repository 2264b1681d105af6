//! `target` and what runs a release.

use windlass_model::{Millis, Template};

use super::argv::Argv;
use super::choice::Signal;
use super::collection::{Entries, ListOf, MapOf};
use super::number::{Count, Time};
use super::place::VariableValue;
use super::text::{FilePath, Variable};
use crate::field::{At, Found, Keyed, Keys, Table, field};
use crate::limit::{MAX_FILES, MAX_INSTANCES, MAX_VARIABLES};

pub(crate) type Files = ListOf<FilePath, 1, MAX_FILES>;
pub(crate) type Instances = Count<1, MAX_INSTANCES>;
pub(crate) type Variables = MapOf<Variable, VariableValue, 0, MAX_VARIABLES>;

#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessDraft {
    pub(crate) run: Found<Vec<At<Template>>>,
    pub(crate) files: Found<Vec<At<String>>>,
    pub(crate) instances: Found<u16>,
    pub(crate) env: Found<Entries<String, Template>>,
    pub(crate) stop: Found<StopDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct StopDraft {
    pub(crate) signal: Found<String>,
    pub(crate) within: Found<Millis>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TargetDraft {
    pub(crate) process: Found<ProcessDraft>,
}

pub(crate) struct Target;

impl Keyed for Target {
    type Draft = TargetDraft;
    const TABLE: Table<TargetDraft> = Table {
        name: "target",
        noun: "a target",
        fields: &[field!(TargetDraft: process as "process", Keys<Process>,
            "A program on this machine.")],
        rules: &[],
        later: &["command", "docker", "compose", "kubernetes"],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct Process;

impl Keyed for Process {
    type Draft = ProcessDraft;
    const TABLE: Table<ProcessDraft> = Table {
        name: "process",
        noun: "a process target",
        fields: &[
            field!(ProcessDraft: run as "run", Argv,
                "Program and arguments. A text is split by shell quoting, a list is taken as it is; there is no shell. ${PORT}, ${VERSION} and ${INSTANCE} come from Windlass."),
            field!(ProcessDraft: files as "files", Files,
                "What is kept as the release, below the file's folder. Without it: the program, and every argument that names a file or folder.",
                examples &["[./server, ./assets]"]),
            field!(ProcessDraft: instances as "instances", Instances,
                "How many copies run.", default "1"),
            field!(ProcessDraft: env as "env", Variables,
                "Variables of the process; values are texts as written.",
                examples &["{ LOG_LEVEL: info, TOKEN: \"${TOKEN}\" }"]),
            field!(ProcessDraft: stop as "stop", Keys<Stopping>,
                "How it is asked to end."),
        ],
        rules: &[],
        later: &["limits"],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct Stopping;

impl Keyed for Stopping {
    type Draft = StopDraft;
    const TABLE: Table<StopDraft> = Table {
        name: "stop",
        noun: "`stop`",
        fields: &[
            field!(StopDraft: signal as "signal", Signal,
                "The signal that asks it to end.", default "TERM"),
            field!(StopDraft: within as "within", Time,
                "How long it may take; then it and all its descendants are killed.", default "30s"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// `release`, which only names the version.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReleaseDraft {
    pub(crate) version: Found<String>,
}

pub(crate) struct ReleaseKeys;

impl Keyed for ReleaseKeys {
    type Draft = ReleaseDraft;
    const TABLE: Table<ReleaseDraft> = Table {
        name: "release",
        noun: "`release`",
        fields: &[
            field!(ReleaseDraft: version as "version", super::text::VersionText,
            "What people call the release, readable as ${VERSION}. Without it: the first 10 hex digits of its digest."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}
