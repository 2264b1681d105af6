//! A Compose file: its services, as far as they can be run as processes.

use serde_json::{Map, Value};
use windlass_config::Format;

use super::docker::{self, Image, Said};
use super::draft::{self, Guess, Served};
use super::folder::Folder;
use super::look::project;
use super::places::filled;
use super::published::published;
use super::run::{Line, argv, line, split_by_its_tool};

/// Most copies of one service.
const INSTANCES_MAX: u64 = 100;

/// Most names of a file of variables that are told.
const NAMES_TOLD_MAX: usize = 8;

/// Keys of a service that are taken over, or that only a container needs.
const KNOWN: [&str; 17] = [
    "build",
    "command",
    "container_name",
    "depends_on",
    "deploy",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "image",
    "init",
    "networks",
    "ports",
    "restart",
    "scale",
    "stdin_open",
    "tty",
];

/// What such a file is called.
pub(super) const NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];

/// The services that can be run, and those that can't, with the reason.
#[derive(Debug, Default)]
pub(super) struct Compose {
    pub(super) services: Vec<Guess>,
    pub(super) left_out: Vec<String>,
}

/// None where the file can't be read; else why it says no services.
pub(super) fn services(folder: &Folder, name: &str) -> Option<Result<Compose, String>> {
    let tree = windlass_config::as_json(&folder.read(name)?, Format::Yaml).ok()?;
    let Some(all) = tree.get("services").and_then(Value::as_object) else {
        return Some(Err("it has no map of `services`".to_owned()));
    };
    let mut compose = Compose::default();
    for (name, service) in all {
        match one(folder, name, service) {
            Ok(guess) => compose.services.push(guess),
            Err(why) => compose.left_out.push(format!("{name}: {why}")),
        }
    }
    keep_needs_that_run(&mut compose.services);
    Some(Ok(compose))
}

/// The service as a process, or why not.
fn one(folder: &Folder, name: &str, service: &Value) -> Result<Guess, String> {
    let Some(build) = service.get("build") else {
        let image = service.get("image").and_then(Value::as_str);
        return Err(image.map_or_else(
            || "neither `build` nor `image` says what it is made of".to_owned(),
            |image| format!("the image {image}; give its address to the others by `env`"),
        ));
    };
    let context = build
        .as_str()
        .or_else(|| build.get("context")?.as_str())
        .unwrap_or(".");
    let own = folder.below(context);
    let place = own.as_ref().unwrap_or(folder);
    let image = docker::image(place).unwrap_or_default();
    let mut guess = started(place, &image, service)
        .ok_or_else(|| format!("built from {context}, and nothing says what it starts"))?;
    name.clone_into(&mut guess.name);
    image.surround(&mut guess);
    environment(service, &mut guess);
    env_files(folder, service, &mut guess);
    copies(service, &mut guess);
    let ports = published(service);
    guess.notes.extend(ports.notes);
    guess.served = match (ports.outer, ports.inner.or(image.port)) {
        (Some(port), _) => Served::At(port),
        (None, Some(_)) => Served::Anywhere,
        (None, None) => Served::No,
    };
    if let Some(port) = ports.inner.or(image.port) {
        docker::unfix(&mut guess, port);
    }
    guess.needs = needs(service);
    others(service, &mut guess);
    Ok(guess)
}

/// The process of a service: what the file says, else what the project does, else what its image does.
fn started(place: &Folder, image: &Image, service: &Value) -> Option<Guess> {
    let found = project(place);
    let made = match (said(service, "entrypoint"), said(service, "command")) {
        (None, None) => match found {
            Some(mut found) => {
                if found.notes.is_empty() {
                    found.notes.push(CONTAINED.to_owned());
                }
                return Some(found);
            }
            None => match placed(place, image.command()?) {
                Said::Text(text) => line(&text),
                Said::Words(words) => argv(&words),
            },
        },
        (entry, command) => {
            let entry = entry.or_else(|| image.entry_words());
            let parts = entry.into_iter().chain(command);
            let parts: Vec<Line> = parts
                .map(|said| match placed(place, said) {
                    Said::Text(text) => split_by_its_tool(&text),
                    Said::Words(words) => argv(&words),
                })
                .collect();
            let runs: Vec<&str> = parts.iter().map(|line| line.run.as_str()).collect();
            Line {
                run: runs.join(" "),
                shell: false,
                notes: parts.iter().flat_map(|line| line.notes.clone()).collect(),
            }
        }
    };
    let mut notes = vec![CONTAINED.to_owned()];
    notes.extend(made.notes);
    Some(Guess {
        run: made.run,
        files: found.map_or_else(Vec::new, |found| found.files),
        notes,
        ..Guess::default()
    })
}

const CONTAINED: &str =
    "It was started in a container: look at its paths and at what it needs installed.";

/// A command of the folder that it was built from.
fn placed(place: &Folder, said: Said) -> Said {
    match said {
        Said::Words(words) => Said::Words(words.iter().map(|word| place.placed(word)).collect()),
        Said::Text(text) => {
            let words = text.split_inclusive(char::is_whitespace);
            let words = words.map(|word| {
                let own = word.trim_end();
                place.placed(own) + word.strip_prefix(own).unwrap_or_default()
            });
            Said::Text(words.collect())
        }
    }
}

fn said(service: &Value, key: &str) -> Option<Said> {
    match service.get(key)? {
        Value::String(text) if !text.trim().is_empty() => Some(Said::Text(text.clone())),
        Value::Array(words) if !words.is_empty() => {
            Some(Said::Words(words.iter().map(plain).collect()))
        }
        _ => None,
    }
}

/// A scalar as it is written.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn environment(service: &Value, guess: &mut Guess) {
    let pairs: Vec<(String, String)> = match service.get("environment") {
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| match value {
                // Without a value it is taken from the environment.
                Value::Null => (name.clone(), format!("${{{name}}}")),
                value => (name.clone(), plain(value)),
            })
            .collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name.to_owned(), value.to_owned()),
                None => (pair.to_owned(), format!("${{{pair}}}")),
            })
            .collect(),
        Some(_) | None => Vec::new(),
    };
    for (name, value) in pairs {
        let made = filled(&value);
        guess.set(&name, made.text);
        let notes = made.notes.into_iter();
        guess
            .notes
            .extend(notes.map(|note| format!("{name}: {note}")));
    }
}

/// Files of variables often hold secrets: they are named, and their values are not copied.
fn env_files(folder: &Folder, service: &Value, guess: &mut Guess) {
    let files = match service.get("env_file") {
        Some(Value::Array(files)) => files.clone(),
        Some(file) => vec![file.clone()],
        None => return,
    };
    for file in &files {
        let Some(file) = file.get("path").unwrap_or(file).as_str() else {
            continue;
        };
        let text = folder.read(file).unwrap_or_default();
        let lines = text.lines().map(str::trim);
        let pairs = lines.filter(|line| !line.starts_with('#'));
        let names = pairs.filter_map(|line| Some(line.split_once('=')?.0.trim()));
        let names: Vec<&str> = names.take(NAMES_TOLD_MAX).collect();
        let named = if names.is_empty() {
            String::new()
        } else {
            format!(", which says {}", names.join(", "))
        };
        guess.notes.push(format!(
            "Not taken over: env_file {file}{named}; in `env`, NAME: \"${{NAME}}\" takes one from your environment."
        ));
    }
}

/// How many of it run at once.
fn copies(service: &Value, guess: &mut Guess) {
    let deploy = service.get("deploy");
    let replicas = deploy.and_then(|deploy| deploy.get("replicas"));
    let Some(said) = replicas.or_else(|| service.get("scale")) else {
        return;
    };
    let made = filled(&plain(said));
    let number = made.text.parse::<u64>().ok();
    let number = number.filter(|number| (1..=INSTANCES_MAX).contains(number));
    match number.and_then(|number| u16::try_from(number).ok()) {
        Some(1) => {}
        Some(number) => guess.instances = Some(number),
        None => guess.notes.push(format!(
            "Not taken over: {} copies; `instances` is a number from 1 to {INSTANCES_MAX}.",
            plain(said)
        )),
    }
    guess.notes.extend(made.notes);
}

/// Keys that nobody takes over are named.
fn others(service: &Value, guess: &mut Guess) {
    let keys = |value: Option<&Value>| -> Vec<String> {
        let map = value.and_then(Value::as_object);
        map.into_iter().flat_map(Map::keys).cloned().collect()
    };
    let own = keys(Some(service)).into_iter();
    let own = own.filter(|key| !KNOWN.contains(&key.as_str()) && !key.starts_with("x-"));
    let deploy = keys(service.get("deploy")).into_iter();
    let deploy = deploy.filter(|key| key != "replicas");
    let deploy = deploy.map(|key| format!("deploy.{key}"));
    let left: Vec<String> = own.chain(deploy).collect();
    if !left.is_empty() {
        guess
            .notes
            .push(format!("Not taken over: {}", left.join(", ")));
    }
}

fn needs(service: &Value) -> Vec<String> {
    match service.get("depends_on") {
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::Object(names)) => Map::keys(names).cloned().collect(),
        Some(_) | None => Vec::new(),
    }
}

fn keep_needs_that_run(services: &mut [Guess]) {
    let names: Vec<String> = services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    for service in services {
        service.needs.retain(|need| names.contains(need));
        for need in service.needs.clone() {
            let own = draft::name(&need).to_uppercase().replace('-', "_") + "_URL";
            let said = service.env.iter().position(|(name, _)| *name == own);
            if let Some(at) = said {
                let (_, value) = service.env.remove(at);
                service.notes.push(format!(
                    "{own} was {value}; Windlass says it itself: the address of {need}."
                ));
            }
        }
    }
}
