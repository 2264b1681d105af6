//! Asks a command what is live.
//!
//! The question changes nothing, so that it needs no shim: it is asked anew after a crash.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;
use windlass_control::ShimSpec;
use windlass_edge::EdgeError;
use windlass_model::{
    CommandState, Instance, STATUS_SAYS, STATUS_SAYS_LIVE, STATUS_SAYS_NOTHING, Template,
};

use super::command::{KeptScript, VERSION};
use super::fail::{machine, rejected, timeout as late};
use super::layout::read_json;
use super::record::{InstanceRecord, ReleaseRecord, Told};
use super::start::{Values, expanded};
use super::target::Inner;
use crate::group::ask as ask_program;
use crate::mask::Mask;

/// How long a `status` may take.
const STATUS_WITHIN: Duration = Duration::from_secs(30);

/// Bytes of an answer that are read.
const ANSWER_MOST: u64 = 64 * 1024;

/// Characters of a wrong answer that are shown.
const SHOWN: usize = 120;

/// What is printed.
#[derive(Deserialize)]
struct Answer {
    version: Option<Value>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Live,
    Absent,
    Moving,
}

pub(super) async fn ask(inner: &Inner, instance: &Instance) -> Result<CommandState, EdgeError> {
    let folder = inner.layout.instance(&instance.id);
    let spec: Option<ShimSpec> = read_json(&folder.join("spec.json"))?;
    let known: Option<InstanceRecord> = read_json(&folder.join("instance.json"))?;
    let told = known.and_then(|known| Some((known.release, known.told?)));
    let (Some(spec), Some((release, Told { spec: service, .. }))) = (spec, told) else {
        let id = &instance.id;
        return Err(rejected(format!("there is no trace of instance {id}")));
    };
    let record: Option<ReleaseRecord> = read_json(&inner.layout.record(&release))?;
    let version = spec.env.get(VERSION).cloned().unwrap_or_default();
    let argv = service.command.and_then(|command| command.status);
    let kept = record.as_ref().and_then(|record| record.command.as_ref());
    let script = kept.and_then(|kept| kept.status.as_ref());
    let (Some(record), Some(argv), Some(script)) = (&record, argv, script) else {
        return Err(rejected("the command has no `status`"));
    };
    let values = Values {
        record,
        version: &version,
        port: "",
        ordinal: "0",
    };
    let question = question(script, arguments(&argv, &values)?, &spec);
    let mask = Mask::of(&record.values);
    let printed = answered(question, &mask).await?;
    let said = match printed {
        Ok(text) => read(&text, &version, &mask),
        Err(saw) => CommandState::Unclear(saw),
    };
    Ok(match said {
        CommandState::Unclear(saw) => CommandState::Unclear(asked_as(&saw, &argv, &spec)),
        clear @ (CommandState::Live | CommandState::Moving | CommandState::NotLive(_)) => clear,
    })
}

/// What was seen, with how a person asks the same: as the file has it, without any value.
fn asked_as(saw: &str, argv: &[Template], spec: &ShimSpec) -> String {
    let words: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let folder = spec.directory.display();
    format!("{saw} (ask it yourself, in {folder}: {})", words.join(" "))
}

fn arguments(argv: &[Template], values: &Values<'_>) -> Result<Vec<String>, EdgeError> {
    let words = argv.iter().skip(1);
    words.map(|word| expanded(word, values)).collect()
}

/// The same surroundings as those of the run.
fn question(script: &KeptScript, arguments: Vec<String>, spec: &ShimSpec) -> Command {
    let mut command = Command::new(&script.program);
    command
        .args(arguments)
        .env_clear()
        .envs(&spec.env)
        .current_dir(&spec.directory);
    command
}

/// What it printed, or, if it failed, what was seen.
async fn answered(question: Command, mask: &Mask<'_>) -> Result<Result<String, String>, EdgeError> {
    let Ok(said) = timeout(STATUS_WITHIN, ask_program(question, ANSWER_MOST + 1, None)).await
    else {
        return Err(late(format!(
            "`status` did not end within {STATUS_WITHIN:?}"
        )));
    };
    let said = said.map_err(|e| machine("`status` can't be asked", e))?;
    if u64::try_from(said.printed.len()).unwrap_or(u64::MAX) > ANSWER_MOST {
        return Ok(Err(format!(
            "`status` printed more than {} KiB: all that it may print is one object of JSON",
            ANSWER_MOST / 1024
        )));
    }
    if said.ended.success() {
        return Ok(Ok(String::from_utf8_lossy(&said.printed).into_owned()));
    }
    let last = said.last_complaint(mask);
    Ok(Err(format!(
        "`status` ended with {}: {}",
        said.ended,
        start(&last)
    )))
}

/// What may be told of it: its beginning, without the values that are masked.
fn shown(text: &str, mask: &Mask<'_>) -> String {
    start(&mask.over_text(text))
}

fn start(text: &str) -> String {
    text.trim().chars().take(SHOWN).collect()
}

/// Only a clear answer is one.
fn read(printed: &str, wanted: &str, mask: &Mask<'_>) -> CommandState {
    let Ok(Answer { version, state }) = serde_json::from_str(printed.trim()) else {
        let saw = format!("`status` printed {:?}", shown(printed, mask));
        return CommandState::Unclear(saw);
    };
    let version = match version {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(version)) => version,
        Some(other) => {
            let saw = format!(
                "`status` printed {:?}, but `version` must be a text: \"{}\"",
                shown(printed, mask),
                shown(&other.to_string(), mask)
            );
            return CommandState::Unclear(saw);
        }
    };
    match state {
        State::Live if version == wanted => CommandState::Live,
        State::Moving => CommandState::Moving,
        State::Live => {
            let version = shown(&version, mask);
            CommandState::NotLive(format!("{STATUS_SAYS}{version}{STATUS_SAYS_LIVE}"))
        }
        State::Absent => CommandState::NotLive(format!("{STATUS_SAYS}{STATUS_SAYS_NOTHING}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn only_a_clear_answer_makes_a_version_live() {
        let values = BTreeMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]);
        let seen = |printed: &str| match read(printed, "7", &Mask::of(&values)) {
            CommandState::Live => "live".to_owned(),
            CommandState::Moving => "moving".to_owned(),
            CommandState::NotLive(saw) => saw,
            CommandState::Unclear(saw) => format!("unclear: {saw}"),
        };
        assert_eq!(seen("{\"version\":\"7\",\"state\":\"live\"}\n"), "live");
        assert_eq!(seen("{\"version\":\"6\",\"state\":\"moving\"}"), "moving");
        assert_eq!(seen("{\"state\":\"moving\"}"), "moving");
        let six = "{\"version\":\"6\",\"state\":\"live\"}";
        assert_eq!(seen(six), "`status` says that 6 is live");
        let nothing = "{\"version\":null,\"state\":\"absent\"}";
        assert_eq!(seen(nothing), "`status` says that nothing is live (absent)");
        for odd in ["", "live", "{\"state\":\"fine\"}"] {
            assert!(seen(odd).starts_with("unclear: `status` printed"), "{odd}");
        }
        assert_eq!(
            seen("{\"version\":7,\"state\":\"live\"}"),
            "unclear: `status` printed \"{\\\"version\\\":7,\\\"state\\\":\\\"live\\\"}\", but `version` must be a text: \"7\""
        );
        assert_eq!(seen("as hunter2"), "unclear: `status` printed \"as ***\"");
    }
}
