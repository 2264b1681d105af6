//! Keeps a release. Blocking: runs on a thread of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_edge::{EdgeError, ErrorKind, KeepRelease, Kept, StartInstance};
use windlass_kept::{Digests, compare};
use windlass_model::{Digest, OtherProgram, Release};

use super::command::{self, KeptCommand};
use super::fail::{machine, rejected};
use super::identity::{Ground, release};
use super::layout::{Layout, private_folder, read_json, write_json_durably};
use super::record::{KeptProgram, ReleaseRecord};
use super::scan::Scan;
use super::selection::{Program, select};
use super::{copy, links};

/// How often a folder is read that changes while it is read.
const READS: usize = 3;

/// What of the surroundings a service sees.
const SURROUNDINGS: [&str; 3] = ["PATH", "HOME", "LANG"];

/// What keeping a release needs of its target.
pub(super) struct Ways {
    pub(super) layout: Layout,
    /// The installation's secret.
    pub(super) key: Vec<u8>,
    pub(super) digests: Arc<Digests>,
}

/// The folder that a release is made from.
pub(super) fn source_folder(request: &KeepRelease) -> Result<PathBuf, EdgeError> {
    fs::canonicalize(&request.folder).map_err(|e| {
        rejected(format!(
            "the folder {} is missing",
            request.folder.display()
        ))
        .because(e)
    })
}

/// Keeps what `request` names: copied unless its digest is there already.
pub(super) fn keep(ways: &Ways, request: &KeepRelease) -> Result<Kept, EdgeError> {
    let Ways {
        layout,
        key,
        digests,
    } = ways;
    let folder = source_folder(request)?;
    check_env(request)?;
    if let Some(command) = &request.spec.command {
        return keep_command(
            ways,
            request,
            command::look(digests, request, (command, &folder))?,
        );
    }
    let selection = select(request, &folder)?;
    let mut reads = 1;
    let (artefact, copied) = loop {
        match keep_files(ways, &folder, &selection.paths) {
            Err(e) if e.kind == ErrorKind::Conflict && reads < READS => reads += 1,
            other => break other?,
        }
    };
    let program = match selection.program {
        Program::Kept(path) => KeptProgram::Kept { path },
        Program::Outside(path) => {
            let (sha256, _) = digests.of(&path).map_err(|e| {
                rejected(format!("the program {} can't be read", path.display())).because(e)
            })?;
            KeptProgram::Outside { path, sha256 }
        }
    };
    let ground = Ground {
        artefact: &artefact,
        program: match &program {
            KeptProgram::Kept { .. } => None,
            KeptProgram::Outside { sha256, .. } => Some(sha256),
        },
        key,
    };
    let release = release(request, &ground)?;
    record(layout, request, &release, (program, None))?;
    Ok(Kept { release, copied })
}

/// Reads what would be kept, and keeps nothing but the digests: a file that does not change until then is not read
/// again while others wait.
pub(super) fn read(ways: &Ways, request: &KeepRelease) -> Result<(), EdgeError> {
    let folder = source_folder(request)?;
    if let Some(command) = &request.spec.command {
        return command::look(&ways.digests, request, (command, &folder)).map(drop);
    }
    let selection = select(request, &folder)?;
    let state = ways.layout.state.clone();
    let mut scan = Scan::new(folder, state).knowing(&ways.digests);
    for path in &selection.paths {
        scan.take(path)?;
    }
    if let Program::Outside(path) = &selection.program {
        // That it can't be read is told by whoever keeps it.
        let _read = ways.digests.of(path).is_ok();
    }
    Ok(())
}

/// A command is not copied.
fn keep_command(
    ways: &Ways,
    request: &KeepRelease,
    command: KeptCommand,
) -> Result<Kept, EdgeError> {
    let artefact = command.artefact();
    let ground = Ground {
        artefact: &artefact,
        program: None,
        key: &ways.key,
    };
    let release = release(request, &ground)?;
    let program = KeptProgram::Outside {
        path: command.deploy.program.clone(),
        sha256: artefact.clone(),
    };
    record(&ways.layout, request, &release, (program, Some(command)))?;
    Ok(Kept { release, copied: 0 })
}

/// Names and values that no environment can hold would only fail at the start.
fn check_env(request: &KeepRelease) -> Result<(), EdgeError> {
    for name in request.spec.process.env.keys() {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(rejected(format!(
                "{name:?} can't be the name of a variable"
            )));
        }
    }
    for (name, value) in &request.values {
        if value.contains('\0') {
            return Err(rejected(format!("the value of ${{{name}}} holds a NUL")));
        }
    }
    Ok(())
}

fn keep_files(ways: &Ways, folder: &Path, paths: &[String]) -> Result<(Digest, u64), EdgeError> {
    let layout = &ways.layout;
    let mut scan = Scan::new(folder.to_owned(), layout.state.clone()).knowing(&ways.digests);
    for path in paths {
        scan.take(path)?;
    }
    links::check(&scan.manifest, folder)?;
    let artefact = scan.manifest.digest();
    if layout.release(&artefact).exists() {
        // What was damaged since is made good from the folder, which has the same bytes.
        copy::mend(layout, &scan, &artefact, &ways.digests)?;
        return Ok((artefact, 0));
    }
    copy::copy(layout, &scan, &artefact)?;
    Ok((artefact, scan.manifest.bytes()))
}

/// Keeps values and surroundings, unless this identity has its own already: what was started with
/// them must go on with them.
fn record(
    layout: &Layout,
    request: &KeepRelease,
    release: &Release,
    (program, command): (KeptProgram, Option<KeptCommand>),
) -> Result<(), EdgeError> {
    let path = layout.record(release);
    if read_json::<ReleaseRecord>(&path)?.is_some() {
        return Ok(());
    }
    let wanted = request.spec.foreign_names();
    let values = request.values.iter();
    let values = values.filter(|(name, _)| wanted.contains(name.as_str()));
    let surroundings = request.surroundings.iter();
    let surroundings = surroundings.filter(|(name, _)| SURROUNDINGS.contains(&name.as_str()));
    let record = ReleaseRecord {
        release: release.clone(),
        program,
        values: values.map(|(n, v)| (n.clone(), v.clone())).collect(),
        surroundings: surroundings.map(|(n, v)| (n.clone(), v.clone())).collect(),
        need_urls: request.need_urls.clone(),
        command,
    };
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    write_json_durably(&path, &record)
}

/// What was kept with the release that `request` starts.
pub(super) fn recorded(
    layout: &Layout,
    request: &StartInstance,
) -> Result<ReleaseRecord, EdgeError> {
    let release = &request.release;
    read_json(&layout.record(release))?.ok_or_else(|| {
        rejected(format!(
            "release {} of {} is not kept any more",
            release.version, request.service
        ))
    })
}

/// The digest of a release's files as they lie there now. What was added to them since is no part of it.
pub(super) fn verify(
    layout: &Layout,
    digests: &Digests,
    release: &Release,
) -> Result<Digest, EdgeError> {
    let record: Option<ReleaseRecord> = read_json(&layout.record(release))?;
    if let Some(command) = record.and_then(|record| record.command) {
        return command.artefact_now(digests);
    }
    if compare(&layout.release(&release.artefact), digests).is_empty() {
        return Ok(release.artefact.clone());
    }
    digest(Scan::new(kept_files(layout, release)?, PathBuf::new()))
}

/// Refuses a release that is not what it was when it was kept, or that lies where it was no more.
pub(super) fn can_start(
    layout: &Layout,
    digests: &Digests,
    release: &Release,
) -> Result<(), EdgeError> {
    let version = &release.version;
    let record: Option<ReleaseRecord> = read_json(&layout.record(release))?;
    let record =
        record.ok_or_else(|| rejected(format!("release {version} is not kept any more")))?;
    if let Some(command) = &record.command {
        return command.check(digests, &version.0);
    }
    intact(layout, digests, release)?;
    let KeptProgram::Outside { path, sha256 } = &record.program else {
        return Ok(());
    };
    let program = path.display();
    let (now, _) = digests
        .of(path)
        .map_err(|e| rejected(format!("the program {program} can't be read")).because(e))?;
    if now == *sha256 {
        Ok(())
    } else {
        Err(rejected(format!(
            "the program {program} is not what it was when release {version} was kept"
        )))
    }
}

/// Refuses a release of which the kept bytes are not those that were kept.
pub(super) fn intact(
    layout: &Layout,
    digests: &Digests,
    release: &Release,
) -> Result<(), EdgeError> {
    let unlike = compare(&layout.release(&release.artefact), digests);
    let Some(first) = unlike.first() else {
        return Ok(());
    };
    Err(rejected(format!(
        "what is kept of release {} is damaged, and is not started: {first}; windlass deploy keeps it anew where \
         the folder of the file has the same bytes",
        release.version
    )))
}

/// The program outside of the folder that is another one in the later release.
pub(super) fn other_program(
    layout: &Layout,
    was: &Release,
    now: &Release,
) -> Result<Option<OtherProgram>, EdgeError> {
    let program = |release: &Release| {
        let record: Option<ReleaseRecord> = read_json(&layout.record(release))?;
        let version = &release.version;
        let gone = || rejected(format!("release {version} is not kept any more"));
        Ok::<_, EdgeError>(record.ok_or_else(gone)?.outside())
    };
    let both = program(was)?.zip(program(now)?);
    let others = both.filter(|(was, now)| was.sha256 != now.sha256);
    Ok(others.map(|(was, now)| OtherProgram { was, now }))
}

fn kept_files(layout: &Layout, release: &Release) -> Result<PathBuf, EdgeError> {
    let files = layout.files(&release.artefact);
    if !files.exists() {
        return Err(rejected(format!(
            "the files of release {} are gone",
            release.version
        )));
    }
    fs::canonicalize(&files).map_err(|e| machine(format!("can't read {}", files.display()), e))
}

fn digest(mut scan: Scan<'_>) -> Result<Digest, EdgeError> {
    scan.take("")?;
    Ok(scan.manifest.digest())
}
