//! A Cargo project: one service a binary.

use toml::{Table, Value};

use super::draft::{Guess, Served};
use super::folder::Folder;

/// Most members of a workspace that are looked at.
const MEMBERS_MAX: usize = 64;

/// The binaries of the package here, or of the members of the workspace.
pub(super) fn services(folder: &Folder) -> Option<Vec<Guess>> {
    let manifest = manifest(folder)?;
    let mut names = binaries(folder, &manifest);
    for member in members(folder, &manifest) {
        if let Some(inner) = self::manifest(&member) {
            names.extend(binaries(&member, &inner));
        }
    }
    names.dedup();
    let one = names.len() == 1;
    let services: Vec<Guess> = names
        .into_iter()
        .enumerate()
        .map(|(index, name)| Guess {
            run: folder.named(&format!("target/release/{name}")),
            served: if index == 0 {
                Served::Anywhere
            } else {
                Served::No
            },
            notes: notes(index, one),
            name,
            ..Guess::default()
        })
        .collect();
    (!services.is_empty()).then_some(services)
}

fn notes(index: usize, one: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if index == 0 {
        notes.push("Build it first: cargo build --release".to_owned());
        notes.push("Its port is in the variable PORT; or write: --port ${PORT}".to_owned());
    }
    if !one {
        notes.push("Remove it if this binary is no service.".to_owned());
    }
    notes
}

fn manifest(folder: &Folder) -> Option<Table> {
    folder.read("Cargo.toml")?.parse().ok()
}

fn binaries(folder: &Folder, manifest: &Table) -> Vec<String> {
    let package = manifest
        .get("package")
        .and_then(|package| package.get("name"));
    let Some(package) = package.and_then(Value::as_str) else {
        return Vec::new();
    };
    let named = manifest.get("bin").and_then(Value::as_array);
    let mut names: Vec<String> = named
        .into_iter()
        .flatten()
        .filter_map(|bin| Some(bin.get("name")?.as_str()?.to_owned()))
        .collect();
    if names.is_empty() && folder.has("src/main.rs") {
        names.push(package.to_owned());
    }
    let more = folder.list("src/bin");
    names.extend(
        more.iter()
            .filter_map(|file| Some(file.strip_suffix(".rs")?.to_owned())),
    );
    names
}

/// The members that are named, and those of `folder/*`.
fn members(folder: &Folder, manifest: &Table) -> Vec<Folder> {
    let members = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("members"));
    let mut found = Vec::new();
    for member in members.and_then(Value::as_array).into_iter().flatten() {
        let Some(member) = member.as_str() else {
            continue;
        };
        match member.strip_suffix("/*") {
            Some(parent) => {
                let names = folder.list(parent).into_iter();
                found.extend(names.filter_map(|name| folder.below(&format!("{parent}/{name}"))));
            }
            None => found.extend(folder.below(member)),
        }
    }
    found.truncate(MEMBERS_MAX);
    found
}
