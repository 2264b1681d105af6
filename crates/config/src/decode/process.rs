//! `target` and what runs a release.

use windlass_model::{Millis, Template};

use super::argv::Argv;
use super::choice::Signal;
use super::collection::{Entries, ListOf, MapOf};
use super::command::{Command, CommandDraft};
use super::number::{Count, Time};
use super::place::VariableValue;
use super::size::Size;
use super::text::{FilePath, Variable};
use crate::field::{At, Found, Keyed, Keys, Rule, Table, field};
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
    pub(crate) limits: Found<LimitsDraft>,
    pub(crate) stop: Found<StopDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LimitsDraft {
    pub(crate) memory: Found<u64>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct StopDraft {
    pub(crate) signal: Found<String>,
    pub(crate) within: Found<Millis>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TargetDraft {
    pub(crate) process: Found<ProcessDraft>,
    pub(crate) command: Found<CommandDraft>,
}

impl TargetDraft {
    /// Everything in which a place for a value may stand.
    pub(crate) fn words(&self) -> impl Iterator<Item = &At<Template>> {
        let (process, command) = (self.process.good(), self.command.good());
        let argv = process.map(|process| &process.run).into_iter();
        let argv = argv.chain(command.into_iter().flat_map(CommandDraft::commands));
        let argv = argv.filter_map(Found::good).flatten();
        let process = process.map(|process| &process.env).into_iter();
        let env = process.chain(command.map(|command| &command.env));
        let env = env.filter_map(Found::good).flatten();
        argv.chain(env.map(|(_, value)| value))
    }
}

pub(crate) struct Target;

impl Keyed for Target {
    type Draft = TargetDraft;
    const TABLE: Table<TargetDraft> = Table {
        name: "target",
        noun: "a target",
        fields: &[
            field!(TargetDraft: process as "process", Keys<Process>,
                "A program on this machine."),
            field!(TargetDraft: command as "command", Keys<Command>,
                "A script that deploys by itself."),
        ],
        rules: &[Rule::NotBoth(
            "process",
            "command",
            "a process runs on, a command deploys and ends: keep one",
        )],
        later: &["docker", "compose", "kubernetes"],
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
                "Program and arguments. A text is split by shell quoting, a list is taken as it is; there is no shell. ${PORT}, ${VERSION} and ${INSTANCE} come from Windlass. It runs in the folder of its release, not in the file's: a read-only copy of what `files` says, laid out as beside the file; data goes to absolute paths."),
            field!(ProcessDraft: files as "files", Files,
                "What is kept as the release, below the file's folder. Without it: the program, and every argument that names a file or folder.",
                examples &["[./server, ./assets]"]),
            field!(ProcessDraft: instances as "instances", Instances,
                "How many copies run.", default "1"),
            field!(ProcessDraft: env as "env", Variables,
                "Variables of the process; values are texts as written.",
                examples &["{ LOG_LEVEL: info, TOKEN: \"${TOKEN}\" }"]),
            field!(ProcessDraft: limits as "limits", Keys<Limits>,
                "What one instance may use.", examples &["{ memory: 512M }"]),
            field!(ProcessDraft: stop as "stop", Keys<Stopping>,
                "How it is asked to end."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct Limits;

impl Keyed for Limits {
    type Draft = LimitsDraft;
    const TABLE: Table<LimitsDraft> = Table {
        name: "limits",
        noun: "`limits`",
        fields: &[field!(LimitsDraft: memory as "memory", Size,
            "What all processes of one instance may hold in memory together. `memory > 95% for 30s` is a share of it; Windlass itself kills no process for it.",
            examples &["512M"])
        .required()],
        rules: &[],
        later: &[],
        elsewhere: (&["in_flight", "body"], "to `traffic.limits`"),
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
