//! What is in the folder, and the draft that follows from it.

use super::compose::{self, NAMES};
use super::draft::{Draft, Guess};
use super::folder::Folder;
use super::run::words;
use super::{cargo, docker, npm, others, own, procfile, python, readable, script, wrapped};

/// The draft for a folder: from the kind that says most about how things are started.
pub(crate) fn look(folder: &Folder) -> Draft {
    let (mut services, mut left_out) = proposed(folder);
    left_out.extend(not_wrapped(folder, &services));
    let mut unread = Vec::new();
    for (name, why) in readable::faults(folder) {
        left_out.push(format!("{name} can't be read: {why}"));
        unread.push(name.to_owned());
    }
    let saw = seen(folder, &services);
    if services.is_empty() {
        return Draft {
            saw,
            left_out,
            unread,
            ..Draft::example()
        };
    }
    own::files(folder, &mut services);
    for service in &mut services {
        keep_what_runs(folder, service);
    }
    let mut services = named_once(services);
    own::needs(folder, &mut services);
    Draft {
        saw,
        services,
        left_out,
        unread,
        known: true,
    }
}

/// A script that deploys, beside what is started here instead.
fn not_wrapped(folder: &Folder, services: &[Guess]) -> Option<String> {
    let path = wrapped::script(folder)?;
    let is_run = services.iter().any(|service| service.wraps.is_some());
    (!is_run).then(|| {
        format!("{path}: it deploys by itself; to have it run instead: windlass docs wrap-a-script")
    })
}

/// A list of files is all that is kept: what the command names belongs to it.
fn keep_what_runs(folder: &Folder, service: &mut Guess) {
    if service.files.is_empty() {
        return;
    }
    for word in words_here(folder, &service.run) {
        let begun = |file: &String| word == *file || within(&word, file) || within(file, &word);
        if !service.files.iter().any(begun) {
            service.files.push(word);
        }
    }
    service.files.sort();
}

fn within(path: &str, folder: &str) -> bool {
    let below = path.strip_prefix(folder);
    below.is_some_and(|below| below.starts_with('/'))
}

/// The files and folders here that a command names.
pub(super) fn words_here(folder: &Folder, run: &str) -> Vec<String> {
    let words = words(run).into_iter();
    words
        .map(|word| folder.placed(&word))
        .filter(|word| word.starts_with("./") && folder.has(word))
        .collect()
}

/// The files that are recognised, here and in the folders of the services.
fn seen(folder: &Folder, services: &[Guess]) -> Vec<String> {
    let known = [
        "Procfile",
        "Cargo.toml",
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "manage.py",
        "Dockerfile",
        "go.mod",
        "main.go",
        "server.go",
    ];
    let all = known.iter().chain(NAMES.iter());
    let mut saw: Vec<String> = all
        .filter(|name| folder.has(name))
        .map(|name| (*name).to_owned())
        .collect();
    for service in services {
        let scripts = words_here(folder, &service.run).into_iter();
        let scripts = scripts.filter(|word| folder.is_file(word));
        let names = scripts.map(|word| word.trim_start_matches("./").to_owned());
        saw.extend(names.filter(|name| !saw.contains(name)).collect::<Vec<_>>());
    }
    saw
}

fn proposed(folder: &Folder) -> (Vec<Guess>, Vec<String>) {
    let mut left_out = Vec::new();
    let (lines, odd) = procfile::services(folder, &parts(folder));
    left_out.extend(odd);
    if !lines.is_empty() {
        return surrounded(folder, lines, left_out);
    }
    for name in NAMES.iter().filter(|name| folder.has(name)) {
        match compose::services(folder, name) {
            Some(Ok(found)) => {
                left_out.extend(found.left_out);
                if !found.services.is_empty() {
                    return (found.services, left_out);
                }
            }
            Some(Err(why)) => left_out.push(format!("{name}: {why}")),
            // Why not is said with that of the other files.
            None => {}
        }
    }
    if let Some(binaries) = cargo::services(folder) {
        return surrounded(folder, binaries, left_out);
    }
    let mut here = projects(folder);
    if !here.is_empty() {
        others::add(folder, &mut here);
        return surrounded(folder, here, left_out);
    }
    let inner = below(folder, &mut left_out);
    if !inner.is_empty() {
        return (inner, left_out);
    }
    if !script::has_a_usual_one(folder)
        && let Some(wrapped) = wrapped::service(folder)
    {
        return (vec![wrapped], left_out);
    }
    let image = docker::image(folder);
    if let Some(alone) = image.and_then(|image| docker::service(folder, &image)) {
        return (vec![alone], left_out);
    }
    let mut scripts: Vec<Guess> = script::service(folder).into_iter().collect();
    others::add(folder, &mut scripts);
    surrounded(folder, scripts, left_out)
}

/// One service gets what a Dockerfile beside it says of variables. Of several it can't be said whose they are.
fn surrounded(
    folder: &Folder,
    mut services: Vec<Guess>,
    mut left_out: Vec<String>,
) -> (Vec<Guess>, Vec<String>) {
    if let Some(image) = docker::image(folder) {
        match &mut services[..] {
            [] => {}
            [only] => image.surround(only),
            [..] => left_out.extend(image.said().map(|said| format!("Dockerfile: {said}"))),
        }
    }
    (services, left_out)
}

/// What belongs to a release of the project here, however it is started.
pub(super) fn parts(folder: &Folder) -> Vec<String> {
    if folder.has("package.json") {
        npm::files(folder)
    } else if folder.has("requirements.txt") || folder.has("pyproject.toml") {
        python::files(folder)
    } else {
        Vec::new()
    }
}

/// The service of a project in a folder that is one service's own.
pub(super) fn project(folder: &Folder) -> Option<Guess> {
    let binary = || cargo::services(folder)?.into_iter().next();
    let script = || script::service(folder);
    let found = projects(folder).into_iter().next();
    found.or_else(binary).or_else(script)
}

/// The services of the folders below: of projects, and where nothing here is seen to be one, of programs that are
/// seen to listen.
fn below(folder: &Folder, left_out: &mut Vec<String>) -> Vec<Guess> {
    let is_here = script::has_a_usual_one(folder) || others::serves(folder);
    let is_one = |inner: &Folder| {
        let is_project = inner.is_a_project() || inner.has(procfile::NAME);
        is_project || !is_here && others::serves(inner)
    };
    let mut found = Vec::new();
    for inner in folder.inner(is_one) {
        if inner.has(procfile::NAME) {
            let (lines, odd) = procfile::services(&inner, &[inner.whole()]);
            let is_alone = lines.len() == 1;
            found.extend(lines.into_iter().map(|line| Guess {
                name: if is_alone {
                    inner.name()
                } else {
                    format!("{}-{}", inner.name(), line.name)
                },
                ..line
            }));
            left_out.extend(
                odd.into_iter()
                    .map(|line| format!("{}: {line}", inner.name())),
            );
        } else {
            found.extend(inside(&inner));
        }
    }
    found
}

/// A folder below is called as its service is.
fn inside(folder: &Folder) -> Option<Guess> {
    let mut found = Guess {
        name: folder.name(),
        ..project(folder)?
    };
    others::only_named(folder, &mut found);
    if let Some(image) = docker::image(folder) {
        image.surround(&mut found);
    }
    Some(found)
}

/// The projects of this folder. A script without a project counts where there is none.
fn projects(folder: &Folder) -> Vec<Guess> {
    let node = folder.has("package.json");
    let python = python::PROJECT.iter().any(|file| folder.has(file));
    let mut found = Vec::new();
    if node || !python {
        found.extend(npm::service(folder));
    }
    if python || !node {
        found.extend(python::service(folder));
    }
    found
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
