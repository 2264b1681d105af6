//! The file of a router that runs alone, as it is read here.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use windlass_api::Exit;
use windlass_config::{LoadedAlone, MAX_PAGE_BYTES, load_alone};
use windlass_router::{Alone, Routes};

use super::file::Found;
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// The page of a service under maintenance can't be used.
const PAGE: &str = "WL0210";

/// What the file says now, and how it is read again.
pub(crate) fn of(context: &Context, file: &Path) -> Result<Alone, Diagnostic> {
    let (found, loaded) = read(file)?;
    found.warn(context, &loaded.warnings);
    let now = routes(&found, loaded)?;
    let again = file.to_owned();
    Ok(Alone::new(now, move || {
        let read = read(&again).and_then(|(found, loaded)| routes(&found, loaded));
        read.map_err(|why| told(&why))
    }))
}

fn read(file: &Path) -> Result<(Found, LoadedAlone), Diagnostic> {
    let found = Found::read(file, "--config FILE")?;
    let loaded = load_alone(&found.text, &found.name).map_err(|refused| found.refused(&refused))?;
    Ok((found, loaded))
}

/// Its routes; what is named relatively lies below its folder.
fn routes(found: &Found, loaded: LoadedAlone) -> Result<Routes, Diagnostic> {
    let mut routes = loaded.routes;
    let listeners = routes.values_mut().flat_map(|route| &mut route.listeners);
    for tls in listeners.filter_map(|listen| listen.tls.as_mut()) {
        for path in tls.paths_mut() {
            *path = found.folder.join(&*path).to_string_lossy().into_owned();
        }
    }
    for (key, path) in loaded.pages {
        let page = page(&found.folder.join(path))?;
        if let Some(route) = routes.get_mut(&key) {
            route.traffic.maintenance.page = Some(page);
        }
    }
    Ok(routes)
}

/// The text of a maintenance page.
fn page(path: &Path) -> Result<String, Diagnostic> {
    let unusable = |why: String| {
        let what = format!("the maintenance page {} can't be used", path.display());
        Diagnostic::new(Exit::Configuration, what)
            .code(PAGE)
            .detail(why)
            .hint("name a file of HTML in `maintenance`, or say a line with `text`")
    };
    let limit = u64::try_from(MAX_PAGE_BYTES).unwrap_or(u64::MAX);
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(limit + 1).read_to_string(&mut text));
    read.map_err(|why| unusable(why.to_string()))?;
    if text.len() > MAX_PAGE_BYTES {
        return Err(unusable(format!(
            "it is longer than {MAX_PAGE_BYTES} bytes"
        )));
    }
    Ok(text)
}

/// What is wrong, as text that travels.
fn told(why: &Diagnostic) -> String {
    match &why.detail {
        Some(detail) => format!("{}\n{detail}", why.summary),
        None => why.summary.clone(),
    }
}
