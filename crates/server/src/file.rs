//! A file as it was sent, decoded.

use std::path::{Path, PathBuf};

use windlass_api::{Exit, FileRequest, Problem};
use windlass_config::{Loaded, RefusedKind, Request, load, render_all, unset};
use windlass_model::{CheckSource, Spec, Template};
use windlass_runtime::Wanted;

use crate::access::Caller;
use crate::certificates::look_at_certificates;

/// Reads the file for its environment; every problem of it comes back at once, drawn for a person.
/// From the network, paths must be absolute: the sender's folder is not here.
pub(crate) fn decode(file: FileRequest, caller: &Caller) -> Result<Wanted, Problem> {
    let folder = PathBuf::from(&file.folder);
    if !folder.is_absolute() {
        return Err(Problem::new(
            400,
            "WL0360",
            Exit::Usage,
            "the file's folder must be an absolute path",
        )
        .detail(format!("{} is not one", file.folder)));
    }
    let request = Request {
        text: &file.text,
        name: &file.name,
        environment: file.environment.as_deref(),
        set: &file.set,
    };
    let mut loaded = load(&request)
        .map_err(|refused| problem(&file, exit_of(refused.kind), &refused.problems))?;
    if !caller.is_here() {
        must_be_absolute(&loaded.spec)?;
        must_be_there(&folder)?;
    }
    let unusable = look_at_certificates(&mut loaded, &folder);
    if !unusable.is_empty() {
        return Err(problem(&file, Exit::Configuration, &unusable));
    }
    let Loaded {
        programs,
        spec,
        foreign_names,
        certificates: _,
        environments: _,
        // Whoever sent the file has told its author.
        warnings: _,
    } = loaded;
    let missing: Vec<_> = foreign_names
        .iter()
        .filter(|(name, _)| !file.values.contains_key(*name))
        .map(|(name, span)| unset(name, *span))
        .collect();
    if !missing.is_empty() {
        return Err(problem(&file, Exit::Configuration, &missing));
    }
    let mut values = file.values;
    // Values that nothing names are nobody's business here: they are not kept.
    values.retain(|name, _| foreign_names.contains_key(name));
    let places = programs.into_iter();
    let places = places.map(|(service, at)| {
        let place = format!("{}:{}:{}", file.name, at.line, at.column);
        (service, place)
    });
    let places = places.collect();
    Ok(Wanted {
        spec,
        folder,
        places,
        values,
        surroundings: file.surroundings,
    })
}

fn must_be_absolute(spec: &Spec) -> Result<(), Problem> {
    let relative = spec.services.iter().find_map(|(name, service)| {
        let command = service.command.iter();
        let commands = command.flat_map(|command| command.status.iter().chain(&command.rollback));
        let commands = commands.chain([&service.process.argv]);
        let named = commands.filter_map(|argv| relative(argv));
        let tls = service.listen.iter().filter_map(|it| it.tls.as_ref());
        let tls = tls.flat_map(|tls| tls.paths().into_iter().map(str::to_owned));
        let files = service.process.files.iter().cloned();
        let files = files
            .chain(tls)
            .filter(|file| !Path::new(file).is_absolute());
        let found = named.chain(files).next();
        found.map(|file| format!("{name} needs {file}"))
    });
    let Some(what) = relative else {
        return Ok(());
    };
    let title = "relative paths are accepted on the private socket only";
    Err(Problem::new(403, "WL0372", Exit::Refused, title)
        .detail(what)
        .hint(
            "deploy on the controller's machine, or write absolute paths of that machine; of what lies in the file's \
             folder only a program named so is kept, so a script is to be the program itself, executable and with its \
             interpreter in the first line, not an argument of that",
        ))
}

/// The first word of a command that names a file by where its sender stood. A program does so by any
/// slash, for a bare name is looked for in PATH; another word, and what an option is set to, only by `./`
/// or `../` at its beginning, since a slash alone is in much that is no path (`application/json`). What a
/// value begins with is seen when it is kept.
fn relative(argv: &[Template]) -> Option<String> {
    let mut words = argv.iter().map(ToString::to_string);
    let program = words.next()?;
    if program.contains('/') && !program.starts_with(['/', '$']) {
        return Some(program);
    }
    words.find(|word| {
        let set_to = word
            .split_once('=')
            .map_or(word.as_str(), |(_, value)| value);
        [word.as_str(), set_to]
            .iter()
            .any(|text| text.starts_with("./") || text.starts_with("../"))
    })
}

/// Reports and commands of the score are those of the sender's folder. Probes and metrics are not.
pub(crate) fn must_be_probes(spec: &Spec) -> Result<(), Problem> {
    let of_a_folder = |source: &CheckSource| {
        let elsewhere = matches!(
            source,
            CheckSource::Probe { .. } | CheckSource::Metric { .. }
        );
        !elsewhere
    };
    let mut others = spec
        .score
        .checks()
        .filter(|(_, _, check)| of_a_folder(&check.source));
    let Some((category, check, _)) = others.next() else {
        return Ok(());
    };
    let title = "reports and commands of the score are measured on the private socket only";
    Err(Problem::new(403, "WL0372", Exit::Refused, title)
        .detail(format!("{category}/{check} is one"))
        .hint("measure and deploy on the controller's machine"))
}

/// What is kept lies below the file's folder, so the same folder must be here.
fn must_be_there(folder: &Path) -> Result<(), Problem> {
    if folder.is_dir() {
        return Ok(());
    }
    let title = "the file's folder is not on the controller's machine";
    Err(Problem::new(403, "WL0372", Exit::Refused, title)
        .detail(format!("{} is no folder there", folder.display()))
        .hint("copy the application to the same path there, or deploy there"))
}

fn exit_of(kind: RefusedKind) -> Exit {
    match kind {
        RefusedKind::Configuration => Exit::Configuration,
        RefusedKind::Usage => Exit::Usage,
    }
}

fn problem(file: &FileRequest, exit: Exit, problems: &[windlass_config::Problem]) -> Problem {
    let code = problems.first().map_or("WL0101", |first| first.code);
    let title = match problems.len() {
        1 => format!("{} has a problem", file.name),
        many => format!("{} has {many} problems", file.name),
    };
    Problem::new(422, code, exit, title).detail(render_all(problems, &file.name, &file.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_mean_another_machines_folder_are_found_and_others_left_alone() {
        let found = |line: &str| {
            let argv: Vec<Template> = line.split(' ').map(Template::literal).collect();
            relative(&argv)
        };
        for (line, word) in [
            ("./server", "./server"),
            ("bin/server --port 1", "bin/server"),
            ("sh ./server", "./server"),
            ("node --import ../hooks.js /srv/app.js", "../hooks.js"),
            ("/bin/server --config=./app.toml", "--config=./app.toml"),
        ] {
            assert_eq!(found(line).as_deref(), Some(word), "{line}");
        }
        for line in [
            "server",
            "/srv/server --port 1",
            "curl --accept application/json https://ops.example/x",
            "docker run team/image:1",
            "sh -c ...",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
