//! A Compose file: its services, as far as they can be run as processes.

use serde_json::{Map, Value};
use windlass_config::Format;

use super::docker;
use super::draft::{Guess, Served};
use super::folder::Folder;
use super::look::project;
use super::run::{line, variables};

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

/// None when there is no Compose file, or it can't be read.
pub(super) fn services(folder: &Folder, name: &str) -> Option<Compose> {
    let tree = windlass_config::as_json(&folder.read(name)?, Format::Yaml).ok()?;
    let all = tree.get("services")?.as_object()?;
    let mut compose = Compose::default();
    for (name, service) in all {
        match one(folder, name, service) {
            Ok(guess) => compose.services.push(guess),
            Err(why) => compose.left_out.push(format!("{name}: {why}")),
        }
    }
    keep_needs_that_run(&mut compose.services);
    Some(compose)
}

/// The service as a process, or why not.
fn one(folder: &Folder, name: &str, service: &Value) -> Result<Guess, String> {
    let Some(build) = service.get("build") else {
        let image = service
            .get("image")
            .and_then(Value::as_str)
            .unwrap_or("nothing");
        return Err(format!(
            "the image {image}; give its address to the others by `env`"
        ));
    };
    let context = build
        .as_str()
        .or_else(|| build.get("context")?.as_str())
        .unwrap_or(".");
    let own = folder.below(context);
    let place = own.as_ref().unwrap_or(folder);
    let image = docker::image(place).unwrap_or_default();
    let found = project(place);
    let said = command(service);
    let mut guess = match (said.clone(), found, &image.command) {
        (None, Some(found), _) => found,
        (Some(said), found, _) => Guess {
            run: line(&placed(place, &said)).run,
            files: found.map_or_else(Vec::new, |found| found.files),
            ..Guess::default()
        },
        (None, None, Some(command)) => Guess {
            run: line(&placed(place, command)).run,
            ..Guess::default()
        },
        (None, None, None) => {
            return Err(format!(
                "built from {context}, and nothing says what it starts"
            ));
        }
    };
    if said.is_some() || guess.notes.is_empty() {
        guess.notes.push(
            "It was started in a container: look at its paths and at what it needs installed."
                .to_owned(),
        );
    }
    name.clone_into(&mut guess.name);
    let port = published(service);
    guess.served = match (port, image.port) {
        (Some(port), _) => Served::At(port),
        (None, Some(_)) => Served::Anywhere,
        (None, None) => Served::No,
    };
    guess.env.extend(environment(service));
    guess.needs = needs(service);
    Ok(guess)
}

/// A command of the folder that it was built from.
fn placed(place: &Folder, command: &str) -> String {
    let words = command.split_whitespace().map(|word| place.placed(word));
    words.collect::<Vec<_>>().join(" ")
}

fn command(service: &Value) -> Option<String> {
    match service.get("command")? {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            Some(words.join(" "))
        }
        _ => None,
    }
}

/// The port of this machine that comes first.
fn published(service: &Value) -> Option<u16> {
    let first = service.get("ports")?.as_array()?.first()?;
    if let Some(port) = first.get("published") {
        return port
            .as_str()
            .map_or_else(|| port.as_u64()?.try_into().ok(), |text| text.parse().ok());
    }
    let text = first.as_str()?;
    let parts: Vec<&str> = text.split('/').next()?.split(':').collect();
    match parts.as_slice() {
        [host, _inner] | [_, host, _inner] => host.parse().ok(),
        _ => None,
    }
}

fn environment(service: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => variables(text),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let pairs: Vec<(String, String)> = match service.get("environment") {
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name.to_owned(), variables(value)),
                // Without a value it is taken from the environment.
                None => (pair.to_owned(), format!("${{{pair}}}")),
            })
            .collect(),
        Some(_) | None => Vec::new(),
    };
    // Windlass says these itself.
    let own = ["PORT", "INSTANCE", "VERSION"];
    pairs
        .into_iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .collect()
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
    }
}
