//! Starts an instance: a shim of its own, which starts the group.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use windlass_control::{GroupEnd, Restart, ShimReply, ShimRequest, ShimSpec, ShimState};
use windlass_edge::{EdgeError, InstanceState, StartCommand, StartInstance};
use windlass_model::{InstanceId, ServiceSpec, Template};

use super::address::check_free;
use super::command::{ATTEMPT, TOKEN, flags, told};
use super::fail::{machine, rejected, timeout, unreachable};
use super::keep::{self, recorded};
use super::layout::{private_folder, read_json, sync_folder, write_json, write_json_durably};
use super::link::{ANSWER_WITHIN, Reached};
use super::proc;
use super::program::{self, DEFAULT_PATH};
use super::record::{InstanceRecord, KeptProgram, ReleaseRecord, Told};
use super::stop::stop;
use super::target::Inner;

/// How long a shim may take to start its group.
const START_WITHIN: Duration = Duration::from_secs(10);

/// How often it is tried whether it answers.
const TRY_EVERY: Duration = Duration::from_millis(2);

/// How much of a failed shim's own words is shown.
const LAST_WORDS: usize = 500;

/// Takes an instance out of the set of starting ones, also when its start is dropped.
struct Starting {
    inner: Rc<Inner>,
    id: InstanceId,
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.inner.starting.borrow_mut().remove(&self.id);
    }
}

pub(super) async fn start(inner: &Rc<Inner>, request: &StartInstance) -> Result<(), EdgeError> {
    let id = &request.instance.id;
    inner.fence.speak()?;
    match inner.observe(&request.instance).await? {
        InstanceState::Absent => {}
        // Its shim may still be there, keeping nothing, or be gone and have left descendants.
        InstanceState::Ended(_) if request.again && !has_run(inner, request)? => {
            stop(inner, id).await?;
        }
        // Whatever happened to it: it was started under this id.
        InstanceState::Running { .. } | InstanceState::Ended(_) => return Ok(()),
    }
    let record = recorded(&inner.layout, request)?;
    let spec = if let Some(command) = &request.command {
        command_spec(inner, request, (command, &record)).await?
    } else {
        intact(inner, request).await?;
        check_program(inner, request, &record).await?;
        check_free(request.instance.address)?;
        spec(inner, request, &record)?
    };

    let folder = inner.layout.instance(id);
    private_folder(&folder)?;
    let whose = InstanceRecord {
        instance: request.instance.clone(),
        service: request.service.clone(),
        release: request.release.clone(),
        listens: request.spec.listen.is_some(),
        installation: inner.config.installation.clone(),
        told: Some(Told {
            slot: request.slot,
            spec: request.spec.clone(),
        }),
    };
    // Before anything lives that it must be found by, after a power loss too.
    write_json_durably(&folder.join("instance.json"), &whose)?;
    let instances = inner.layout.instances();
    sync_folder(&instances)
        .map_err(|e| machine(format!("can't sync {}", instances.display()), e))?;
    let address = request.instance.address;
    inner.addresses.borrow_mut().insert(id.clone(), address);
    write_json(&folder.join("spec.json"), &spec)?;

    inner.starting.borrow_mut().insert(id.clone());
    let _starting = Starting {
        inner: Rc::clone(inner),
        id: id.clone(),
    };
    let shim = spawn(&inner.config.shim, &folder, request.command.as_ref())?;
    answered(inner, request, shim).await
}

/// Whether this very run of a command was begun: it is never begun twice.
fn has_run(inner: &Inner, request: &StartInstance) -> Result<bool, EdgeError> {
    let Some(command) = &request.command else {
        return Ok(false);
    };
    let folder = inner.layout.instance(&request.instance.id);
    let begun: Option<ShimSpec> = read_json(&folder.join("spec.json"))?;
    let attempt = begun.and_then(|begun| begun.env.get(ATTEMPT)?.parse().ok());
    Ok(attempt.is_none_or(|attempt: u32| attempt >= command.run.attempt))
}

/// Refuses kept bytes that are not those that were kept, whoever starts them: the release that runs again is the
/// one that was promoted, or none.
async fn intact(inner: &Inner, request: &StartInstance) -> Result<(), EdgeError> {
    let (layout, digests) = (inner.layout.clone(), Arc::clone(&inner.digests));
    let release = request.release.clone();
    tokio::task::spawn_blocking(move || keep::intact(&layout, &digests, &release))
        .await
        .map_err(|e| unreachable("the reading of the release was ended").because(e))?
}

/// Refuses a program outside the copy that is not what it was: a candidate must be what was planned.
/// What is started again by its policy runs with it, since nothing better can be had.
async fn check_program(
    inner: &Inner,
    request: &StartInstance,
    record: &ReleaseRecord,
) -> Result<(), EdgeError> {
    let path = record.surroundings.get("PATH");
    let path = path.map_or(DEFAULT_PATH, String::as_str);
    let (program, known) = match &record.program {
        KeptProgram::Kept { path } => (
            inner.layout.files(&request.release.artefact).join(path),
            None,
        ),
        KeptProgram::Outside { path, sha256 } => (path.clone(), Some(sha256.clone())),
    };
    let shown = program.display().to_string();
    program::check(&program, &shown, path)?;
    let Some(known) = known else {
        return Ok(());
    };
    let digests = Arc::clone(&inner.digests);
    let hashed = tokio::task::spawn_blocking(move || digests.of(&program)).await;
    let (now, _) = hashed
        .map_err(|e| unreachable("the reading of the program was ended").because(e))?
        .map_err(|e| machine(format!("can't read {shown}"), e))?;
    if now == known {
        return Ok(());
    }
    match request.restart {
        Restart::Never => Err(rejected(format!(
            "the program {shown} is not what it was when release {} was kept (then {}, now {}): \
             deploy again",
            request.release.version,
            known.short(),
            now.short()
        ))),
        Restart::BackOff => {
            tracing::warn!(
                instance.id = %request.instance.id,
                "drift: the program {shown} is not what it was when release {} was kept",
                request.release.version
            );
            Ok(())
        }
    }
}

fn spec(
    inner: &Inner,
    request: &StartInstance,
    record: &ReleaseRecord,
) -> Result<ShimSpec, EdgeError> {
    let files = inner.layout.files(&request.release.artefact);
    let (port, ordinal) = (
        request.instance.address.port().to_string(),
        request.ordinal.to_string(),
    );
    let values = Values {
        record,
        version: &request.release.version.0,
        port: &port,
        ordinal: &ordinal,
    };
    let process = &request.spec.process;
    let arguments = process.argv.iter().skip(1);
    let arguments = arguments.map(|word| expanded(word, &values));
    let arguments = arguments.collect::<Result<_, _>>()?;
    let mut env = environment(&request.spec, &values)?;
    env.insert("PORT".to_owned(), port.clone());
    env.insert("INSTANCE".to_owned(), ordinal.clone());
    Ok(ShimSpec {
        instance: request.instance.id.clone(),
        epoch: inner.config.epoch,
        program: match &record.program {
            KeptProgram::Kept { path } => files.join(path),
            KeptProgram::Outside { path, .. } => path.clone(),
        },
        arguments,
        env,
        directory: files,
        kept: Some(inner.layout.release(&request.release.artefact)),
        stop: process.stop.clone(),
        restart: request.restart,
        hands_on: Vec::new(),
        leaves: false,
        socket: inner.layout.socket(&request.instance.id)?,
    })
}

/// A command runs in the file's folder, once, and only as it was when its version was kept.
async fn command_spec(
    inner: &Inner,
    request: &StartInstance,
    (command, record): (&StartCommand, &ReleaseRecord),
) -> Result<ShimSpec, EdgeError> {
    let kept = record.command.as_ref();
    let kept = kept.ok_or_else(|| rejected("the release is no command"))?;
    let (script, argv) = kept.of(command.run.job, &request.spec)?;
    let digests = Arc::clone(&inner.digests);
    let (looked_at, version) = (script.clone(), request.release.version.0.clone());
    tokio::task::spawn_blocking(move || looked_at.check(&digests, &version))
        .await
        .map_err(|e| unreachable("the reading of the command was ended").because(e))??;
    let values = Values {
        record,
        version: &command.run.version,
        port: "",
        ordinal: "0",
    };
    let arguments = argv.iter().skip(1).map(|word| expanded(word, &values));
    let mut arguments = arguments.collect::<Result<Vec<_>, _>>()?;
    let pass = request.spec.command.as_ref().map(|command| command.pass);
    let pass = pass.unwrap_or_default();
    if pass.has_flags() {
        arguments.extend(flags(command));
    }
    let mut env = environment(&request.spec, &values)?;
    env.extend(told(command, request.service.service.as_str(), pass));
    Ok(ShimSpec {
        instance: request.instance.id.clone(),
        epoch: inner.config.epoch,
        program: script.program.clone(),
        arguments,
        env,
        directory: kept.folder.clone(),
        kept: None,
        stop: request.spec.process.stop.clone(),
        restart: Restart::Never,
        hands_on: vec![TOKEN.to_owned()],
        leaves: true,
        socket: inner.layout.socket(&request.instance.id)?,
    })
}

/// What stands for the names in templates.
pub(super) struct Values<'v> {
    pub(super) record: &'v ReleaseRecord,
    pub(super) version: &'v str,
    pub(super) port: &'v str,
    pub(super) ordinal: &'v str,
}

pub(super) fn expanded(template: &Template, values: &Values<'_>) -> Result<String, EdgeError> {
    let value = |name: &str| match name {
        "PORT" => Some(values.port),
        "INSTANCE" => Some(values.ordinal),
        "VERSION" => Some(values.version),
        _ => values.record.values.get(name).map(String::as_str),
    };
    template
        .expand(value)
        .map_err(|name| rejected(format!("${{{name}}} was not kept with the release")))
}

/// The surroundings and what is declared.
fn environment(
    spec: &ServiceSpec,
    values: &Values<'_>,
) -> Result<BTreeMap<String, String>, EdgeError> {
    let mut env = BTreeMap::from([("PATH".to_owned(), DEFAULT_PATH.to_owned())]);
    env.extend(values.record.surroundings.clone());
    env.extend(values.record.need_urls.clone());
    for (name, template) in &spec.process.env {
        env.insert(name.clone(), expanded(template, values)?);
    }
    Ok(env)
}

/// Starts the shim's process. It begins a session of its own, so that it outlives this one.
fn spawn(
    argv: &[String],
    folder: &Path,
    command: Option<&StartCommand>,
) -> Result<Child, EdgeError> {
    let failed = |e| machine("can't start a shim", e);
    let words = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(folder.join("shim.log"))
        .map_err(failed)?;
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| rejected("no program is configured as shim"))?;
    Command::new(program)
        .args(arguments)
        .arg(proc::FOLDER_OPTION)
        .arg(folder)
        .env_clear()
        .envs(command.map(|command| (TOKEN, &command.reporting.token.0)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(words.try_clone().map_err(failed)?)
        .stderr(words)
        .spawn()
        .map_err(failed)
}

/// Waits until the shim says that the group was started, or could not be.
async fn answered(
    inner: &Inner,
    request: &StartInstance,
    mut shim: Child,
) -> Result<(), EdgeError> {
    let id = &request.instance.id;
    let by = Instant::now() + START_WITHIN;
    loop {
        if let Reached::Shim(mut link) = inner.reach(id).await? {
            let reply = link.ask(&ShimRequest::Status, ANSWER_WITHIN).await?;
            if let Some(ShimReply::Status(status)) = reply {
                return match status.state {
                    ShimState::Ended {
                        end: GroupEnd::NotStarted(why),
                    } => Err(rejected(format!(
                        "the program {} can't be started: {why}",
                        request
                            .spec
                            .process
                            .argv
                            .first()
                            .map_or_else(String::new, ToString::to_string)
                    ))),
                    ShimState::Ended { .. }
                    | ShimState::Running { .. }
                    | ShimState::BackingOff { .. } => Ok(()),
                };
            }
        }
        if let Ok(Some(status)) = shim.try_wait() {
            return Err(unreachable(format!(
                "the shim ended ({status}) before it started anything: {}",
                last_words(&inner.layout.instance(id))
            )));
        }
        if Instant::now() >= by {
            return Err(timeout(format!(
                "the shim did not answer within {START_WITHIN:?}"
            )));
        }
        sleep(TRY_EVERY).await;
    }
}

fn last_words(folder: &Path) -> String {
    let text = std::fs::read(folder.join("shim.log")).unwrap_or_default();
    let start = text.len().saturating_sub(LAST_WORDS);
    String::from_utf8_lossy(&text[start..]).trim().to_owned()
}
