//! `windlass man`: the pages for `man`. Asks no controller.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use crate::diagnostic::Diagnostic;
use crate::pages;
use crate::report::Report;
use crate::ui::words::counted;

/// Options of `man`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder that gets one page per command; without it the first page is printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<Report, Diagnostic> {
    let mut whole = pages::command();
    whole.build();
    if let Some(folder) = &options.out {
        return written(&whole, folder);
    }
    let text = page(whole).map_err(|why| Diagnostic::bug(&why))?;
    let value = serde_json::json!({ "page": text });
    Report::new(text, &value)
}

/// One page as roff.
fn page(command: Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command).render(&mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

fn written(whole: &Command, folder: &Path) -> Result<Report, Diagnostic> {
    let shown = folder.display();
    let failed = |why: io::Error| Diagnostic::io(format!("{shown} can't be written"), &why);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut files = Vec::new();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    for command in std::iter::once(whole).chain(verbs) {
        // Built, a command's name is `windlass-deploy`.
        let name = command.get_display_name().unwrap_or("windlass");
        let file = folder.join(format!("{name}.1"));
        let text = page(command.clone()).map_err(failed)?;
        fs::write(&file, text).map_err(failed)?;
        files.push(file.display().to_string());
    }
    let text = format!("{} in {shown}\n", counted(files.len(), "page"));
    Report::new(text, &serde_json::json!({ "files": files }))
}
