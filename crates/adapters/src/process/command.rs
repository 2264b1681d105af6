//! A command: a script that deploys and then ends.
//!
//! It is not copied: what it does reaches beyond the folder anyway, and it runs where it lies. What
//! is kept is where its programs are, and the digests of all files that its commands name. The folder
//! `releases/ARTEFACT/` of such a release holds its `identities/` alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use windlass_edge::{EdgeError, KeepRelease, StartCommand};
use windlass_kept::{Digests, finish};
use windlass_model::{CommandSpec, Digest, Job, Pass, ServiceSpec, Template};

use super::fail::rejected;
use super::program::{self, DEFAULT_PATH};
use super::selection::{Program, locate, named_path, program_text};

/// Where a command lies.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptCommand {
    /// The file's folder: its working directory.
    pub(super) folder: PathBuf,
    pub(super) deploy: KeptScript,
    pub(super) status: Option<KeptScript>,
    pub(super) rollback: Option<KeptScript>,
}

/// One of its programs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptScript {
    pub(super) program: PathBuf,
    /// The program and every argument that names a file of the folder, as they were.
    files: BTreeMap<PathBuf, Digest>,
}

/// Looks at everything that `request` names.
pub(super) fn look(
    digests: &Digests,
    request: &KeepRelease,
    (command, folder): (&CommandSpec, &Path),
) -> Result<KeptCommand, EdgeError> {
    let script = |argv: &Vec<Template>| script(digests, request, (argv, folder));
    Ok(KeptCommand {
        folder: folder.to_owned(),
        deploy: script(&request.spec.process.argv)?,
        status: command.status.as_ref().map(script).transpose()?,
        rollback: command.rollback.as_ref().map(script).transpose()?,
    })
}

/// The program of a command, which can be started.
pub(super) fn program(
    request: &KeepRelease,
    (argv, folder): (&[Template], &Path),
) -> Result<PathBuf, EdgeError> {
    let first = argv
        .first()
        .ok_or_else(|| rejected("a command has no program"))?;
    let path = request.surroundings.get("PATH");
    let path = path.map_or(DEFAULT_PATH, String::as_str);
    let shown = program_text(first, request)?;
    let program = match locate(&shown, folder, path)? {
        Program::Kept(below) => folder.join(below),
        Program::Outside(file) => file,
    };
    program::check(&program, &shown, path)?;
    Ok(program)
}

fn script(
    digests: &Digests,
    request: &KeepRelease,
    (argv, folder): (&Vec<Template>, &Path),
) -> Result<KeptScript, EdgeError> {
    let program = program(request, (argv, folder))?;
    let mut named = vec![program.clone()];
    for argument in argv.iter().skip(1) {
        let below = named_path(argument, folder)?;
        let file = below.map(|below| folder.join(below));
        named.extend(file.filter(|file| file.is_file()));
    }
    let mut files = BTreeMap::new();
    for file in named {
        let digest = digest(digests, &file)?;
        files.insert(file, digest);
    }
    Ok(KeptScript { program, files })
}

fn digest(digests: &Digests, file: &Path) -> Result<Digest, EdgeError> {
    let read = digests.of(file);
    let (digest, _) =
        read.map_err(|e| rejected(format!("{} can't be read", file.display())).because(e))?;
    Ok(digest)
}

impl KeptCommand {
    fn scripts(&self) -> impl Iterator<Item = &KeptScript> {
        let more = self.status.iter().chain(&self.rollback);
        std::iter::once(&self.deploy).chain(more)
    }

    /// The digest of all files of all its commands, by their place in the folder.
    pub(super) fn artefact(&self) -> Digest {
        let files = self.scripts().flat_map(|script| &script.files);
        artefact(&self.folder, files.collect())
    }

    /// The same as they lie there now.
    pub(super) fn artefact_now(&self, digests: &Digests) -> Result<Digest, EdgeError> {
        let mut now = BTreeMap::new();
        for file in self.scripts().flat_map(|script| script.files.keys()) {
            now.insert(file.clone(), digest(digests, file)?);
        }
        Ok(artefact(&self.folder, now.iter().collect()))
    }

    /// Refuses a command of which any file is not what it was.
    pub(super) fn check(&self, digests: &Digests, version: &str) -> Result<(), EdgeError> {
        self.scripts()
            .try_for_each(|script| script.check(digests, version))
    }

    /// The program of its deploy, where it lies elsewhere than the file, as an interpreter does.
    pub(super) fn outside(&self) -> Option<(&PathBuf, &Digest)> {
        let KeptScript { program, files } = &self.deploy;
        let is_elsewhere = !program.starts_with(&self.folder);
        files.get_key_value(program).filter(|_| is_elsewhere)
    }

    /// The program and arguments of a job.
    pub(super) fn of<'s>(
        &self,
        job: Job,
        spec: &'s ServiceSpec,
    ) -> Result<(&KeptScript, &'s [Template]), EdgeError> {
        let command = spec.command.as_ref();
        let rollback = command.and_then(|command| command.rollback.as_deref());
        match (job, &self.rollback, rollback) {
            (Job::Deploy, _, _) => Ok((&self.deploy, &spec.process.argv)),
            (Job::Rollback, Some(script), Some(argv)) => Ok((script, argv)),
            (Job::Rollback, _, _) => Err(rejected("the command has no `rollback`")),
        }
    }
}

impl KeptScript {
    /// Refuses what is not what it was: it would run under a version that it is not.
    pub(super) fn check(&self, digests: &Digests, version: &str) -> Result<(), EdgeError> {
        for (file, known) in &self.files {
            if digest(digests, file)? != *known {
                let file = file.display();
                return Err(rejected(format!(
                    "{file} is not what it was when version {version} was deployed"
                )));
            }
        }
        Ok(())
    }
}

fn artefact(folder: &Path, files: BTreeMap<&PathBuf, &Digest>) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"windlass command 1");
    for (file, digest) in files {
        // Another copy of the same folder is the same release.
        let place = file.strip_prefix(folder).unwrap_or(file);
        let place = place.to_string_lossy();
        hash.update((place.len() as u64).to_le_bytes());
        hash.update(place.as_bytes());
        hash.update(digest.as_str().as_bytes());
    }
    finish(hash)
}

/// What a command finds in its environment besides what is declared.
pub(super) fn told(start: &StartCommand, service: &str, pass: Pass) -> BTreeMap<String, String> {
    let run = &start.run;
    let mut texts = vec![
        ("WINDLASS_DEPLOYMENT", start.deployment.to_string()),
        ("WINDLASS_SERVICE", service.to_owned()),
        (VERSION, run.version.clone()),
        ("WINDLASS_FROM", run.from.clone().unwrap_or_default()),
        (ATTEMPT, run.attempt.to_string()),
    ];
    if pass.has_env() {
        let reporting = &start.reporting;
        texts.extend([
            ("WINDLASS_DEPLOYMENT_ID", start.deployment.to_string()),
            (
                "WINDLASS_COORDINATION_ENDPOINT",
                reporting.coordination.clone(),
            ),
            ("WINDLASS_HEALTH_MONITOR", reporting.health.clone()),
        ]);
    }
    let named = texts
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text));
    named.collect()
}

/// The same as flags. What others must not see is not among them: they can list them.
pub(super) fn flags(start: &StartCommand) -> Vec<String> {
    let words = [
        "--orchestrated",
        "--deployment-id",
        start.deployment.as_str(),
        "--coordination-endpoint",
        &start.reporting.coordination,
        "--health-monitor",
        &start.reporting.health,
    ];
    words.map(str::to_owned).into()
}

/// The variable that names the version to bring.
pub(super) const VERSION: &str = "WINDLASS_VERSION";

/// The variable that lets a run report; the shim hands it on from its own environment.
pub(super) const TOKEN: &str = "WINDLASS_TOKEN";

/// The variable that counts runs.
pub(super) const ATTEMPT: &str = "WINDLASS_ATTEMPT";
