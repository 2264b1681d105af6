//! The folder that is looked at.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::run::{line, word};

/// Most bytes that are read of a file.
const BYTES_MAX: u64 = 1024 * 1024;

/// Most entries that are looked at in one folder.
const ENTRIES_MAX: usize = 1000;

/// Most folders below that are looked at as projects of their own.
const INNER_MAX: usize = 16;

/// Folders that hold nothing that runs in production.
const ASIDE: [&str; 9] = [
    "node_modules",
    "__pycache__",
    "__tests__",
    "test",
    "tests",
    "coverage",
    "docs",
    "examples",
    "target",
];

/// What makes a folder below a project of its own.
const PROJECTS: [&str; 6] = [
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "manage.py",
    "Cargo.toml",
    "go.mod",
];

/// Whether a file is a source of the program, and no test and no setting of a tool.
pub(super) fn is_source(name: &str, endings: &[&str]) -> bool {
    let ours = endings.iter().any(|ending| name.ends_with(ending));
    let tool = [".config.", ".test.", ".spec.", "_test."];
    let tool = tool.iter().any(|part| name.contains(part))
        || ["test", "conftest.", "setup.", "tsconfig", "windlass.", "."]
            .iter()
            .any(|begin| name.starts_with(begin));
    ours && !tool
}

/// Reads, and never fails: what can't be read is not there.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// How its files are named from the folder of `windlass.yaml`: `./` or `./api/`.
    prefix: String,
}

impl Folder {
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            prefix: "./".to_owned(),
        }
    }

    /// A folder below; none when it is not there, or is this one, or lies elsewhere.
    pub(super) fn below(&self, name: &str) -> Option<Self> {
        let name = name.trim_start_matches("./").trim_end_matches('/');
        let plain = !matches!(name, "" | ".") && !name.starts_with('/') && !name.contains("..");
        let path = self.path.join(name);
        (plain && path.is_dir()).then(|| Self {
            path,
            prefix: format!("{}{name}/", self.prefix),
        })
    }

    /// A file of it as the file of Windlass names it.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.trim_start_matches("./"))
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        let real = self
            .path
            .canonicalize()
            .unwrap_or_else(|_| self.path.clone());
        let name = real
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    pub(super) fn is_file(&self, name: &str) -> bool {
        self.path.join(name).is_file()
    }

    /// A word of a command that was meant for this folder: a file of it is named as the file of
    /// Windlass does, anything else stays.
    pub(super) fn placed(&self, word: &str) -> String {
        let below = !word.starts_with(['-', '/']) && word.contains(|c: char| c.is_alphanumeric());
        if below && self.has(word) {
            self.named(word)
        } else {
            word.to_owned()
        }
    }

    /// `here` in the folder of the file; below it, a command that is told the folder.
    pub(super) fn elsewhere(&self, here: &str, option: &str, rest: &str) -> String {
        match self.prefix.trim_end_matches('/') {
            "." => here.to_owned(),
            below => format!("{option} {below} {rest}"),
        }
    }

    /// Whether its owner may run it.
    pub(super) fn is_executable(&self, name: &str) -> bool {
        const BY_OWNER: u32 = 0o100;
        let about = fs::metadata(self.path.join(name));
        about.is_ok_and(|about| about.is_file() && about.permissions().mode() & BY_OWNER != 0)
    }

    /// The first of the names that is a file here.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        let found = names.iter().find(|name| self.is_file(name));
        found.map(|name| (*name).to_owned())
    }

    /// The one source with this ending, if there is just one.
    pub(super) fn only(&self, ending: &str) -> Option<String> {
        let mut all = self.list("").into_iter();
        let mut own = all.by_ref().filter(|name| is_source(name, &[ending]));
        let first = own.next()?;
        own.next().is_none().then_some(first)
    }

    /// What has one of these endings, and the folders that hold such files: as the file of Windlass
    /// names them, without tests, tools and projects of their own.
    pub(super) fn sources(&self, endings: &[&str]) -> Vec<String> {
        let all = self.list("").into_iter();
        let sources = all.filter(|name| {
            is_source(name, endings)
                || self.below(name).is_some_and(|below| {
                    let ours = !ASIDE.contains(&name.as_str()) && !name.starts_with('.');
                    let mut inside = below.list("").into_iter();
                    ours && !below.is_a_project() && inside.any(|name| is_source(&name, endings))
                })
        });
        sources.map(|name| self.named(&name)).collect()
    }

    /// Whether it is a project of its own.
    pub(super) fn is_a_project(&self) -> bool {
        PROJECTS.iter().any(|file| self.has(file))
    }

    /// All of it, as the file of Windlass names it.
    pub(super) fn whole(&self) -> String {
        self.prefix.trim_end_matches('/').to_owned()
    }

    /// A command line that is meant for this folder. Below, a shell goes there first, and a program takes its place,
    /// so that it is told itself to end.
    pub(super) fn entered(&self, command: &str) -> String {
        let folder = word(&self.whole());
        match self.prefix.as_str() {
            "./" => command.to_owned(),
            _ if line(command).shell => format!("cd {folder} && {command}"),
            _ => format!("cd {folder} && exec {command}"),
        }
    }

    /// The folders below that may be services of their own.
    pub(super) fn inner(&self, is_one: impl Fn(&Self) -> bool) -> Vec<Self> {
        let all = self.list("").into_iter();
        let all = all.filter(|name| !ASIDE.contains(&name.as_str()) && !name.starts_with('.'));
        all.filter_map(|name| self.below(&name))
            .filter(is_one)
            .take(INNER_MAX)
            .collect()
    }

    /// Those of the names that are there, as the file of Windlass names them.
    pub(super) fn present(&self, names: &[&str]) -> Vec<String> {
        let there = names.iter().filter(|name| self.has(name));
        there.map(|name| self.named(name)).collect()
    }

    pub(super) fn read(&self, name: &str) -> Option<String> {
        let mut text = String::new();
        let file = File::open(self.path.join(name)).ok()?;
        file.take(BYTES_MAX).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// The names in a folder below, in order.
    pub(super) fn list(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path.join(below)).into_iter().flatten();
        let names = entries.flatten().take(ENTRIES_MAX);
        let mut names: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}
