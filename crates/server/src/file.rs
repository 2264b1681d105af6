//! A file as it was sent, decoded.

use std::path::PathBuf;

use windlass_api::{Exit, FileRequest, Problem};
use windlass_config::{Loaded, RefusedKind, Request, load, render_all, unset};
use windlass_runtime::Wanted;

/// Reads the file for its environment; every problem of it comes back at once, drawn for a person.
pub(crate) fn decode(file: FileRequest) -> Result<Wanted, Problem> {
    let folder = PathBuf::from(&file.folder);
    if !folder.is_absolute() {
        return Err(Problem::new(
            400,
            "WL0303",
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
    let loaded = load(&request)
        .map_err(|refused| problem(&file, exit_of(refused.kind), &refused.problems))?;
    let Loaded {
        spec,
        foreign_names,
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
    Ok(Wanted {
        spec,
        folder,
        values,
        surroundings: file.surroundings,
    })
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
