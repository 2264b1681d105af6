//! Several services of one folder or beside each other: which files are one's own, and who asks whom.

use std::collections::BTreeSet;

use super::draft::{Guess, Served, name};
use super::folder::Folder;
use super::look::words_here;
use super::others::brings_in;
use super::script;

/// Most files of one service that are read for the names of others.
const READ_MAX: usize = 100;

/// The ending of a script that names what it starts in any way.
const SHELL: &str = ".sh";

/// Folders of sources that are others' work.
const PACKAGES: [&str; 2] = ["node_modules", "site-packages"];

/// Leaves out of each service's files what another one is started by, and what only that one brings in. A service
/// that starts alone from its files keeps all of them: what it needs is not seen for certain.
pub(super) fn files(folder: &Folder, services: &mut [Guess]) {
    let started: Vec<Vec<String>> = services
        .iter()
        .map(|service| scripts(folder, service))
        .collect();
    for (at, service) in services.iter_mut().enumerate() {
        let Some(own) = started.get(at).filter(|own| !own.is_empty()) else {
            continue;
        };
        let others = started.iter().flatten().filter(|file| !own.contains(file));
        let has_anothers = others.into_iter().any(|file| service.files.contains(file));
        if !has_anothers {
            continue;
        }
        let needed = reached(folder, own, &service.files);
        let is_source = |file: &String| folder.is_file(file) && script::is_known(file);
        service
            .files
            .retain(|file| !is_source(file) || needed.contains(file));
        // What the command names is kept by itself.
        if service.files.iter().all(|file| own.contains(file)) {
            service.files.clear();
        }
    }
}

/// The scripts that a service is started by.
fn scripts(folder: &Folder, service: &Guess) -> Vec<String> {
    let words = words_here(folder, &service.run).into_iter();
    words
        .filter(|word| folder.is_file(word) && script::is_known(word))
        .collect()
}

/// These scripts, and those of `files` that they bring in, one by the other.
fn reached(folder: &Folder, from: &[String], files: &[String]) -> BTreeSet<String> {
    let mut reached: BTreeSet<String> = from.iter().cloned().collect();
    let mut left = from.to_vec();
    while let Some(file) = left.pop() {
        let text = folder.read(&file).unwrap_or_default();
        for other in files {
            if !reached.contains(other) && brings_in(&text, other) {
                reached.insert(other.clone());
                left.push(other.clone());
            }
        }
    }
    reached
}

/// Gives each service the need of those whose address it reads, in the variable that Windlass gives it then.
pub(super) fn needs(folder: &Folder, services: &mut [Guess]) {
    serve_who_is_asked(folder, services);
    let served: Vec<String> = services
        .iter()
        .filter(|service| service.served != Served::No)
        .map(|service| name(&service.name))
        .collect();
    for at in 0..services.len() {
        let Some(service) = services.get(at) else {
            continue;
        };
        let (own, text) = (name(&service.name), text(folder, service));
        for other in served.iter().filter(|other| **other != own) {
            let variable = variable(other);
            if !reads(&text, &variable) || comes_to(services, other, &own) {
                continue;
            }
            let Some(service) = services.get_mut(at) else {
                continue;
            };
            if !service.needs.iter().any(|need| name(need) == *other) {
                service.needs.push(other.clone());
                let note = format!(
                    "It reads {variable}, so it needs {other}, and gets its address there."
                );
                service.notes.push(note);
            }
        }
    }
}

/// Has a service listen whose address another one reads, though nothing of its own says that it does.
fn serve_who_is_asked(folder: &Folder, services: &mut [Guess]) {
    let read: Vec<(String, String)> = services
        .iter()
        .map(|service| (name(&service.name), text(folder, service)))
        .collect();
    for service in services {
        let own = name(&service.name);
        let asked =
            |(other, text): &&(String, String)| *other != own && reads(text, &variable(&own));
        let is_silent = service.served == Served::No && service.wraps.is_none();
        if let Some((other, _)) = read.iter().find(asked).filter(|_| is_silent) {
            service.served = Served::Anywhere;
            service.notes.push(format!(
                "{other} asks for it at {}, so it has `listen`; its port is in the variable PORT.",
                variable(&own)
            ));
        }
    }
}

/// Where Windlass says the address of a service to those that need it.
fn variable(service: &str) -> String {
    format!("{}_URL", service.to_uppercase().replace('-', "_"))
}

/// Whether a service needs the other, directly or not: then it can't be needed by it.
fn comes_to(services: &[Guess], from: &str, to: &str) -> bool {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut left = vec![from.to_owned()];
    while let Some(at) = left.pop() {
        if at == to {
            return true;
        }
        let found = services.iter().find(|service| name(&service.name) == at);
        let needs = found.into_iter().flat_map(|service| &service.needs);
        left.extend(
            needs
                .map(|need| name(need))
                .filter(|need| seen.insert(need.clone())),
        );
    }
    false
}

/// What its sources say: the scripts that it is started by and what those bring in; where no script is seen, or
/// one that may start anything, all files and folders of its release.
fn text(folder: &Folder, service: &Guess) -> String {
    let started = scripts(folder, service);
    let mut files = started.clone();
    for listed in &service.files {
        if folder.is_file(listed) {
            files.push(listed.clone());
        } else if !PACKAGES.iter().any(|packages| listed.ends_with(packages)) {
            let inside = folder.list(listed).into_iter();
            files.extend(inside.map(|file| format!("{listed}/{file}")));
        }
    }
    files.retain(|file| script::is_known(file));
    files.dedup();
    let starts_anything = |file: &String| file.ends_with(SHELL);
    if !started.is_empty() && !started.iter().any(starts_anything) {
        let needed = reached(folder, &started, &files);
        files.retain(|file| needed.contains(file));
    }
    let texts = files.iter().take(READ_MAX);
    texts.filter_map(|file| folder.read(file)).collect()
}

/// Whether the variable stands there, and not as a part of a longer name.
fn reads(text: &str, variable: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(variable).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + variable.len()..);
        let after = after.and_then(|after| after.chars().next());
        !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a worker beside an API needs that is started by `work.py` of this text.
    fn needed(run: &str, work: &str) -> Vec<String> {
        let place = tempfile::tempdir().expect("a folder");
        for (file, text) in [
            ("work.py", work),
            ("work.sh", "python3 work.py"),
            ("web/server.py", "os.environ['API_URL']"),
        ] {
            let file = place.path().join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, text).expect("written");
        }
        let api = Guess {
            name: "api".to_owned(),
            served: Served::Anywhere,
            ..Guess::default()
        };
        let worker = Guess {
            name: "worker".to_owned(),
            run: run.to_owned(),
            files: vec!["./web".to_owned()],
            ..Guess::default()
        };
        let mut services = [api, worker];
        needs(&Folder::at(place.path()), &mut services);
        let [_api, worker] = services;
        worker.needs
    }

    #[test]
    fn a_service_that_a_script_starts_needs_what_that_and_its_imports_read() {
        let alone = "import time";
        let through = "from web import server";
        assert_eq!(needed("python3 work.py", alone), Vec::<String>::new());
        assert_eq!(needed("python3 work.py", through), ["api"]);
        // Nobody sees what these start.
        assert_eq!(needed("sh work.sh", alone), ["api"]);
        assert_eq!(needed("start-it", alone), ["api"]);
    }

    #[test]
    fn a_variable_is_read_where_it_stands_by_itself() {
        for (text, is_read) in [
            ("os.environ[\"API_URL\"]", true),
            ("process.env.API_URL", true),
            ("MY_API_URL", false),
            ("API_URLS", false),
            ("", false),
        ] {
            assert_eq!(reads(text, "API_URL"), is_read, "{text}");
        }
    }
}
