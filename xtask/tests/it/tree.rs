//! What the checks look at: tracked files, parsed sources, cargo's graph.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// The platforms that the product runs on; what others would bring in is never built.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    let here =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here)
        .parent()
        .expect("xtask lies in the root folder")
        .to_owned()
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    let full = root().join(path);
    fs::read_to_string(&full)
        .unwrap_or_else(|error| format!("{} is unreadable: {error}", full.display()))
}

/// The paths of all tracked files, and of new ones that are not ignored, from the root, in order.
pub(crate) fn files() -> Vec<String> {
    let output = Command::new("git")
        // The tree may belong to another user than the one who tests it.
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .args(["--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is there");
    assert!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let mut files: Vec<String> = text
        .split('\0')
        .filter(|path| !path.is_empty() && root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    assert!(files.len() > 20, "git lists hardly any file: {files:?}");
    files
}

/// The Rust sources among them, with their text.
pub(crate) fn sources() -> Vec<Source> {
    let is_rust = |path: &String| Path::new(path).extension().is_some_and(|end| end == "rs");
    files()
        .into_iter()
        .filter(is_rust)
        .map(|path| Source {
            text: read(&path),
            path,
        })
        .collect()
}

/// One Rust file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl Source {
    /// A made-up file, to show to a check.
    pub(crate) fn made_up(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The syntax tree.
    pub(crate) fn parse(&self) -> syn::File {
        match syn::parse_file(&self.text) {
            Ok(file) => file,
            Err(error) => unreadable(&self.path, &error),
        }
    }

    /// Whether it lies below a `tests` folder.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|folder| folder == "tests")
    }

    /// The last part of its path.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

#[expect(
    clippy::panic,
    reason = "a file that is no Rust fails the check that reads it"
)]
fn unreadable(path: &str, error: &syn::Error) -> ! {
    panic!("{path} cannot be parsed: {error}")
}

/// Whether these attributes leave the item out of everything but tests.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|word| word == "test")
    })
}

/// The workspace's own packages and what their manifests name.
pub(crate) fn manifests() -> Metadata {
    let mut command = MetadataCommand::new();
    command.current_dir(root()).no_deps();
    command.exec().expect("cargo knows the workspace")
}

/// The whole graph, as resolved for the platforms that the product runs on.
pub(crate) fn graph() -> Metadata {
    let mut options = vec!["--locked".to_owned()];
    for platform in PLATFORMS {
        options.extend(["--filter-platform".to_owned(), platform.to_owned()]);
    }
    let mut command = MetadataCommand::new();
    command.current_dir(root()).other_options(options);
    command.exec().expect("cargo resolves the workspace")
}

/// Fails with all violations at once, one a line.
#[track_caller]
pub(crate) fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} found:\n{}",
        violations.len(),
        violations.join("\n")
    );
}
