//! Finding `windlass.yaml` and reading it before anything is asked of a controller.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use serde_json::Value;
use windlass_api::{Exit, FileRequest};
use windlass_config::{
    Format, Loaded, MAX_TEXT_BYTES, Problem, Refused, RefusedKind, Request, load, render_all,
    unset, which_environment,
};
use windlass_model::EnvironmentName;

use super::absent;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, InFile};

/// The names that are searched for; a folder may have one of them.
const NAMES: [&str; 4] = [
    "windlass.yaml",
    "windlass.yml",
    "windlass.toml",
    "windlass.json",
];

/// The file can't be read.
const UNREADABLE: &str = "WL0410";

/// There is no file, or nothing says which.
const NO_FILE: &str = "WL0411";

/// What every service sees of its deployer.
const SURROUNDINGS: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A file as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// For messages: as it was given, or its path from here.
    pub(crate) name: String,
    /// The folder that its relative paths belong to; absolute, without links.
    pub(crate) folder: PathBuf,
    /// Its text.
    pub(crate) text: String,
}

impl Found {
    /// The file of `-f`, or one of [`NAMES`] here or in the nearest folder above that has one.
    pub(crate) fn find(context: &Context) -> Result<Self, Diagnostic> {
        Self::look(context)?.ok_or_else(|| {
            Diagnostic::new(
                Exit::Configuration,
                format!("there is no {} here or in a folder above", NAMES[0]),
            )
            .code(NO_FILE)
            .hint("name the file with -f FILE, or write a first one: windlass init")
        })
    }

    /// The same where a file is not needed. One that is there and can't be read is an error all the
    /// same: whoever stands in its folder means its application, and no other.
    fn look(context: &Context) -> Result<Option<Self>, Diagnostic> {
        if let Some(given) = &context.global.file {
            return Self::given(given).map(Some);
        }
        let found = searched()?;
        found.map(|path| Self::read(&path, OPTION)).transpose()
    }

    /// The file of `-f`.
    pub(crate) fn given(path: &Path) -> Result<Self, Diagnostic> {
        Self::read(path, OPTION)
    }

    /// Whether a file is here or named, whatever it says.
    pub(crate) fn is_here(context: &Context) -> bool {
        context.global.file.is_some() || searched().is_ok_and(|found| found.is_some())
    }

    /// The application that the file here is of; none without a file.
    pub(crate) fn app_here(context: &Context) -> Result<Option<String>, Diagnostic> {
        Self::look(context)?.map(|found| found.app()).transpose()
    }

    /// The environments that the file here names; none without a file.
    pub(crate) fn environments_here(context: &Context) -> Result<Option<Vec<String>>, Diagnostic> {
        let found = Self::look(context)?;
        found.map(|found| found.environments()).transpose()
    }

    /// Refuses to choose for whoever changes something: without `-e`, a file of several environments means
    /// none of them, whatever happens to run.
    pub(crate) fn must_be_of_one_environment(context: &Context) -> Result<(), Diagnostic> {
        if context.global.environment.is_some() {
            return Ok(());
        }
        let Some(found) = Self::look(context)? else {
            return Ok(());
        };
        let names = found.environments()?;
        if names.len() < 2 {
            return Ok(());
        }
        let open = which_environment(names.iter().map(String::as_str));
        Err(found.problems(Exit::Usage, &[open]))
    }

    fn environments(&self) -> Result<Vec<String>, Diagnostic> {
        let tree = self
            .tree()
            .map_err(|problem| self.problems(Exit::Configuration, &[problem]))?;
        let named = tree.get("environments").and_then(Value::as_object);
        let named = named.map(|all| all.keys().cloned().collect());
        Ok(named.unwrap_or_else(|| vec![EnvironmentName::default_environment().to_string()]))
    }

    /// The file at `path`, which `option` names.
    pub(crate) fn read(path: &Path, option: &str) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let failed = |why: io::Error| unreadable(format!("{name} can't be read"), &why, option);
        let about = path.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(a_folder(&name, option));
        }
        if let Some(kind) = no_file(&about) {
            return Err(passing(&name, kind, option));
        }
        let limit = u64::try_from(MAX_TEXT_BYTES).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        // One byte more than allowed, so that the decoder can say that it is too much.
        File::open(path)
            .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
            .map_err(failed)?;
        let text = if bytes.len() > MAX_TEXT_BYTES {
            // It may end in the midst of a character.
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            String::from_utf8(bytes).map_err(|why| no_text(&name, &why, option))?
        };
        let real = path.canonicalize().map_err(failed)?;
        let folder = real.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Self { name, folder, text })
    }

    fn tree(&self) -> Result<Value, Problem> {
        windlass_config::as_json(&self.text, Format::of(&self.name))
    }

    /// The application's name alone, which no environment changes.
    fn app(&self) -> Result<String, Diagnostic> {
        let tree = self
            .tree()
            .map_err(|problem| self.problems(Exit::Configuration, &[problem]))?;
        let app = tree.get("app").and_then(Value::as_str);
        app.map(str::to_owned).ok_or_else(|| {
            let nameless = format!("{} does not say which application it is", self.name);
            Diagnostic::new(Exit::Configuration, nameless)
                .code(UNREADABLE)
                .hint("write `app: NAME` in it")
        })
    }

    /// The names of its services, as far as it can be read at all.
    pub(crate) fn services(&self) -> Vec<String> {
        let tree = self.tree().ok();
        let services = tree
            .as_ref()
            .and_then(|tree| tree.get("services")?.as_object());
        services
            .into_iter()
            .flat_map(|all| all.keys().cloned())
            .collect()
    }

    /// Decodes it for `-e`, or draws every problem.
    pub(crate) fn load(
        &self,
        context: &Context,
        set: &[(String, String)],
    ) -> Result<Loaded, Diagnostic> {
        let loaded = self
            .try_load(context.global.environment.as_deref(), set)
            .map_err(|refused| self.refused(&refused))?;
        self.warn(context, &loaded.warnings);
        Ok(loaded)
    }

    /// Says what the file may not mean as it says it.
    pub(crate) fn warn(&self, context: &Context, warnings: &[Problem]) {
        if !warnings.is_empty() {
            let drawn = render_all(warnings, &self.name, &self.text);
            context
                .ui
                .say_as_it_is(&format!("warning: {}", drawn.trim_end()));
        }
    }

    pub(crate) fn try_load(
        &self,
        environment: Option<&str>,
        set: &[(String, String)],
    ) -> Result<Loaded, Refused> {
        load(&Request {
            text: &self.text,
            name: &self.name,
            environment,
            set,
        })
    }

    pub(crate) fn refused(&self, refused: &Refused) -> Diagnostic {
        let exit = match refused.kind {
            RefusedKind::Configuration => Exit::Configuration,
            RefusedKind::Usage => Exit::Usage,
        };
        self.problems(exit, &refused.problems)
    }

    pub(crate) fn problems(&self, exit: Exit, problems: &[Problem]) -> Diagnostic {
        let summary = match (problems, exit) {
            // Nothing is wrong with the file: say what is wrong with the command.
            ([only], Exit::Usage) => {
                let said = Diagnostic::new(exit, only.message.clone()).code(only.code);
                return match &only.hint {
                    Some(hint) => said.hint(hint.clone()),
                    None => said,
                };
            }
            ([_only], _) => format!("{} has a problem", self.name),
            (many, _) => format!("{} has {} problems", self.name, many.len()),
        };
        Diagnostic::new(exit, summary)
            .detail(render_all(problems, &self.name, &self.text))
            .problems(problems.iter().map(|problem| self.one(problem)).collect())
    }

    fn one(&self, problem: &Problem) -> InFile {
        InFile {
            code: problem.code,
            file: self.name.clone(),
            line: problem.span.map(|span| span.line),
            column: problem.span.map(|span| span.column),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }

    /// What the controller must know of it: its text, and what it takes from the environment of
    /// whoever types this command.
    pub(crate) fn request(
        self,
        context: &Context,
        set: &[(String, String)],
    ) -> Result<FileRequest, Diagnostic> {
        let loaded = self.load(context, set)?;
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, span) in &loaded.foreign_names {
            match std::env::var(name) {
                Ok(value) => {
                    values.insert(name.clone(), value);
                }
                Err(_unset_or_no_text) => missing.push(unset(name, *span)),
            }
        }
        if !missing.is_empty() {
            // A controller of this machine would say these next.
            if context.global.server.is_none() {
                missing.extend(absent::look(&loaded, &self.folder));
            }
            missing.sort();
            return Err(self.problems(Exit::Configuration, &missing));
        }
        let folder = self.folder.to_str().ok_or_else(|| {
            Diagnostic::new(
                Exit::Configuration,
                format!("the name of {} is not UTF-8", self.folder.display()),
            )
            .code(UNREADABLE)
            .hint("give the folder another name")
        })?;
        Ok(FileRequest {
            folder: folder.to_owned(),
            text: self.text,
            name: self.name,
            environment: context.global.environment.clone(),
            set: set.to_vec(),
            values,
            surroundings: surroundings(),
        })
    }
}

/// What every service sees of whoever types this command.
pub(super) fn surroundings() -> BTreeMap<String, String> {
    SURROUNDINGS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .collect()
}

/// How a file of an application is named.
const OPTION: &str = "-f FILE";

/// The path from here of the file that is found without being named; none: there is none.
fn searched() -> Result<Option<PathBuf>, Diagnostic> {
    let here = std::env::current_dir()
        .map_err(|why| unreadable("the current folder can't be found", &why, OPTION))?;
    for (steps, folder) in here.ancestors().enumerate() {
        // A folder of that name is in the way of a file, and not of one of another folder.
        let mut there = NAMES.iter().filter(|name| folder.join(name).exists());
        let up: PathBuf = std::iter::repeat_n("..", steps).collect();
        match (there.next(), there.next()) {
            (Some(one), Some(other)) => return Err(two_files(&up.join(one), other)),
            (Some(only), None) => return Ok(Some(up.join(only))),
            (None, _) => {}
        }
    }
    Ok(None)
}

/// Whether the file would be found here without being named.
pub(crate) fn is_found(path: &Path) -> bool {
    let found = searched().ok().flatten();
    let found = found.and_then(|found| found.canonicalize().ok());
    found.is_some() && found == path.canonicalize().ok()
}

fn two_files(one: &Path, other: &str) -> Diagnostic {
    let message = format!("{} and {other} are in one folder", one.display());
    Diagnostic::new(Exit::Configuration, message)
        .code(NO_FILE)
        .hint("keep one of them, or name the one that counts with -f FILE")
}

/// What is read once and then gone, or never ends; none for a file or a folder.
fn no_file(about: &Metadata) -> Option<&'static str> {
    let kind = about.file_type();
    if kind.is_fifo() {
        Some("pipe")
    } else if kind.is_socket() {
        Some("socket")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("device")
    } else {
        None
    }
}

/// A folder has the name of the file, or was named in the place of the file in it.
pub(super) fn a_folder(name: &str, option: &str) -> Diagnostic {
    let what = format!("{name} is a folder, and the file of an application is no folder");
    Diagnostic::new(Exit::Configuration, what)
        .code(UNREADABLE)
        .hint(format!(
            "give the folder another name, or name the file with {option}"
        ))
}

/// Relative paths belong to the folder of a file, and a later command reads it again.
fn passing(name: &str, kind: &str, option: &str) -> Diagnostic {
    Diagnostic::new(
        Exit::Configuration,
        format!("{name} is a {kind}, and no file"),
    )
    .code(UNREADABLE)
    .detail("a file is read again by the next command, and its folder is where its paths begin")
    .hint(format!("write it into a file, and name that with {option}"))
}

/// The place of the first byte that is no text.
fn no_text(name: &str, why: &FromUtf8Error, option: &str) -> Diagnostic {
    let (before, rest) = why.as_bytes().split_at(why.utf8_error().valid_up_to());
    let before = String::from_utf8_lossy(before);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let byte = rest.first().copied().unwrap_or_default();
    Diagnostic::new(Exit::Configuration, format!("{name} can't be read"))
        .code(UNREADABLE)
        .detail(format!(
            "{name}:{line}:{column}: the byte {byte:02x} is no UTF-8"
        ))
        .hint(format!(
            "save it as UTF-8, or name another file with {option}"
        ))
}

fn unreadable(what: impl Into<String>, why: &io::Error, option: &str) -> Diagnostic {
    let hint = match why.kind() {
        io::ErrorKind::NotFound => "name a file that is there",
        io::ErrorKind::PermissionDenied => {
            "run it as a user who may read the file, or name another one"
        }
        _ => "name another file",
    };
    Diagnostic::new(Exit::Configuration, what)
        .code(UNREADABLE)
        .detail(why.to_string())
        .hint(format!("{hint} with {option}"))
}
