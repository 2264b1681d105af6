//! `target.command`: a script that deploys and then ends.

use windlass_model::{Millis, Pass, Template};

use super::argv::Argv;
use super::collection::Entries;
use super::number::SomeTime;
use super::process::{StopDraft, Stopping, Variables};
use crate::field::{At, Found, Keyed, Keys, Table, field};

#[derive(Clone, Debug, Default)]
pub(crate) struct CommandDraft {
    pub(crate) deploy: Found<Vec<At<Template>>>,
    pub(crate) status: Found<Vec<At<Template>>>,
    pub(crate) rollback: Found<Vec<At<Template>>>,
    pub(crate) within: Found<Millis>,
    pub(crate) pass: Found<Pass>,
    pub(crate) env: Found<Entries<String, Template>>,
    pub(crate) stop: Found<StopDraft>,
}

impl CommandDraft {
    pub(crate) fn commands(&self) -> [&Found<Vec<At<Template>>>; 3] {
        [&self.deploy, &self.status, &self.rollback]
    }
}

pub(crate) struct Command;

impl Keyed for Command {
    type Draft = CommandDraft;
    const TABLE: Table<CommandDraft> = Table {
        name: "command",
        noun: "a command target",
        fields: &[
            field!(CommandDraft: deploy as "deploy", Argv,
                "Program and arguments that bring the version in WINDLASS_VERSION and then end with 0. They run in the file's folder.",
                examples &["[./deploy.sh]"]).required(),
            field!(CommandDraft: status as "status", Argv,
                "Program and arguments that print what is live: {\"version\": \"7\", \"state\": \"live\"}, or `absent` or `moving`. Without it, a `deploy` that ends with 0 is believed.",
                examples &["[./deploy.sh, --status]"]),
            field!(CommandDraft: rollback as "rollback", Argv,
                "Program and arguments that go back to the version in WINDLASS_VERSION. Without it, the `deploy` of that version runs again.",
                examples &["[./rollback.sh]"]),
            field!(CommandDraft: within as "within", SomeTime,
                "How long one run may take, until its version is live.", default "10m"),
            field!(CommandDraft: pass as "pass", Pass,
                "How a run is told its deployment, and where to say how it goes: by variables (`env`), by flags behind its arguments (`flags`), or by `both`.", default "env"),
            field!(CommandDraft: env as "env", Variables,
                "Variables of the commands; values are texts as written.",
                examples &["{ REGION: eu, TOKEN: \"${TOKEN}\" }"]),
            field!(CommandDraft: stop as "stop", Keys<Stopping>,
                "How a run is asked to end."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}
