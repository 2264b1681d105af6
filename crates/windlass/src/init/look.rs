//! What is in the folder, and the draft that follows from it.

use super::compose::{self, NAMES};
use super::draft::{Draft, Guess};
use super::folder::Folder;
use super::{cargo, docker, npm, procfile, python};

/// The draft for a folder: from the kind that says most about how things are started.
pub(crate) fn look(folder: &Folder) -> Draft {
    let saw = seen(folder);
    let (services, left_out) = proposed(folder);
    if services.is_empty() {
        return Draft {
            saw,
            left_out,
            ..Draft::example()
        };
    }
    Draft {
        saw,
        services: named_once(services),
        left_out,
    }
}

/// The files that are recognised.
fn seen(folder: &Folder) -> Vec<String> {
    let known = [
        "Procfile",
        "Cargo.toml",
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "manage.py",
        "Dockerfile",
    ];
    let all = known.iter().chain(NAMES.iter());
    all.filter(|name| folder.has(name))
        .map(|name| (*name).to_owned())
        .collect()
}

fn proposed(folder: &Folder) -> (Vec<Guess>, Vec<String>) {
    if let Some(found) = procfile::services(folder, &parts(folder)) {
        return found;
    }
    let mut left_out = Vec::new();
    for name in NAMES.iter().filter(|name| folder.has(name)) {
        match compose::services(folder, name) {
            Some(found) if !found.services.is_empty() => return (found.services, found.left_out),
            Some(found) => left_out.extend(found.left_out),
            None => left_out.push(format!(
                "{name} can't be read, so its services are not here"
            )),
        }
    }
    if let Some(binaries) = cargo::services(folder) {
        return (binaries, left_out);
    }
    if let Some(found) = project(folder) {
        return (vec![found], left_out);
    }
    let image = docker::image(folder);
    let alone = image.and_then(|image| docker::service(folder, &image));
    (alone.into_iter().collect(), left_out)
}

/// What of a project belongs to a release of it.
pub(super) fn parts(folder: &Folder) -> Vec<String> {
    if folder.has("package.json") {
        npm::files(folder)
    } else if folder.has("requirements.txt") || folder.has("pyproject.toml") {
        python::files(folder)
    } else {
        Vec::new()
    }
}

/// The one service of a project in this folder.
pub(super) fn project(folder: &Folder) -> Option<Guess> {
    let binary = || cargo::services(folder)?.into_iter().next();
    npm::service(folder)
        .or_else(|| python::service(folder))
        .or_else(binary)
}

/// Two services whose names become the same get numbers.
fn named_once(mut services: Vec<Guess>) -> Vec<Guess> {
    let mut taken: Vec<String> = Vec::new();
    for service in &mut services {
        let own = super::draft::name(&service.name);
        let more = (2..).map(|number| format!("{own}-{number}"));
        let free = std::iter::once(own.clone())
            .chain(more)
            .find(|name| !taken.contains(name));
        service.name = free.unwrap_or(own);
        taken.push(service.name.clone());
    }
    services
}
