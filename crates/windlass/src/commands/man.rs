//! `windlass man`: the pages for `man`. Asks no controller.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use windlass_api::Exit;

use super::version::VERSION;
use crate::diagnostic::Diagnostic;
use crate::pages::{self, FILES, Row, VARIABLES};
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

/// One page as roff, with the variables and files that the command has to do with; the first one tells all of them,
/// and the exit codes too.
fn page(command: Command) -> io::Result<String> {
    let is_first = command.get_name() == "windlass";
    let surroundings = surroundings(&command);
    let mut text = Vec::new();
    Man::new(command)
        .source(format!("Windlass {VERSION}"))
        .manual("Windlass manual")
        .render(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    let codes = if is_first {
        exit_status()
    } else {
        String::new()
    };
    let before = [codes, surroundings].concat();
    let examples = text.replace(
        ".SH EXTRA\nExamples:\n",
        &[&before, ".SH EXAMPLES\n"].concat(),
    );
    let whole = examples.replace(".SH EXTRA\n", &[&before, ".SH NOTES\n"].concat());
    // One that has neither examples nor notes.
    Ok(if whole.contains(".SH ENVIRONMENT\n") {
        whole
    } else {
        [whole, before].concat()
    })
}

fn surroundings(command: &Command) -> String {
    // Built, `report phase` is called `windlass-report-phase`.
    let name = command.get_display_name().unwrap_or_default();
    let verb = name.split('-').nth(1);
    let sections = [("ENVIRONMENT", VARIABLES), ("FILES", FILES)];
    let sections = sections.map(|(heading, rows)| {
        let rows = pages::of(rows, verb).into_iter().map(entry);
        std::iter::once(format!(".SH {heading}\n"))
            .chain(rows)
            .collect::<String>()
    });
    sections.concat()
}

fn entry(row: &Row) -> String {
    let name = roff(row.name).replace(", ", "\\fR, \\fB");
    format!(".TP\n\\fB{name}\\fR\n{}\n", roff(row.means))
}

/// A text as roff takes it.
fn roff(text: &str) -> String {
    let text = text.replace('`', "").replace('\\', "\\e");
    text.replace('-', "\\-")
}

fn exit_status() -> String {
    let codes = Exit::ALL.iter().map(|exit| {
        let meaning = roff(exit.meaning());
        format!(".TP\n\\fB{}\\fR\n{meaning}\n", exit.code())
    });
    [".SH \"EXIT STATUS\"\n".to_owned()]
        .into_iter()
        .chain(codes)
        .collect()
}

/// The command and all below it that are for people.
fn with_verbs(command: &Command) -> Vec<&Command> {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    [command]
        .into_iter()
        .chain(verbs.flat_map(with_verbs))
        .collect()
}

fn written(whole: &Command, folder: &Path) -> Result<Report, Diagnostic> {
    let shown = folder.display();
    let failed = |why: io::Error| {
        Diagnostic::io(format!("{shown} can't be written"), &why)
            .hint("name a folder where you may write with --out DIR")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut files = Vec::new();
    for command in with_verbs(whole) {
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
