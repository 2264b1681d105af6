//! `windlass backup`: the journal and the releases as one file, checked. Asks no controller.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use windlass_api::Exit;

use super::version::VERSION;
use crate::backup::{Contents, ReadError, WriteError, pack, verify};
use crate::context::Context;
use crate::damaged::damaged_releases;
use crate::diagnostic::{Diagnostic, TAKEN};
use crate::report::Report;
use crate::ui::words::counted;

/// The journal, or the copy, is not whole.
const DAMAGED: &str = "WL0438";

/// A kept release is not what was kept.
const RELEASES: &str = "WL0492";

/// Options of `backup`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The new file, or a folder for it
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Wrote<'a> {
    file: String,
    contents: &'a Contents,
    /// Releases in it that are not what was kept.
    damaged: &'a [String],
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let paths = context.paths()?;
    let state = &paths.state;
    if !state.join("windlass.db").is_file() {
        let nothing = format!("there is no journal in {}", state.display());
        return Err(Diagnostic::new(Exit::Usage, nothing)
            .code("WL0439")
            .hint("name the state directory with --state-dir DIR"));
    }
    let now = Timestamp::now();
    let to = if options.to.is_dir() {
        options
            .to
            .join(now.strftime("windlass-%Y%m%dT%H%M%SZ.tar").to_string())
    } else {
        options.to.clone()
    };
    let packed = pack(state, &to, VERSION, now.as_microsecond()).await;
    let packed = packed.map_err(|why| not_written(state, &why))?;
    let contents = verify(&to).await.map_err(|why| unfit(&to, &why))?;
    if contents != packed {
        return Err(unfit(
            &to,
            &ReadError::Damaged("it is not what was written".to_owned()),
        ));
    }
    let file = to.display().to_string();
    let damaged = damaged_releases(&paths).await;
    let how = if damaged.is_empty() {
        "it is whole"
    } else {
        "it is what the state directory has, and that is damaged"
    };
    let text = format!(
        "wrote {file}, and read it again: {how}\n{}keep it as you keep secrets: the values of the releases are in it\n",
        listed(&contents, state)
    );
    let wrote = Wrote {
        file,
        contents: &contents,
        damaged: &damaged,
    };
    let report = Report::new(text, &wrote)?;
    Ok(with_damage(report, &damaged, "in the backup"))
}

/// The same report; where releases are damaged it ends as what did not end well, and says which they are.
pub(super) fn with_damage(mut report: Report, damaged: &[String], place: &str) -> Report {
    if !damaged.is_empty() {
        let count = counted(damaged.len(), "release");
        report.exit = Exit::Stuck;
        report.failure = Some(
            Diagnostic::new(report.exit, format!("{count} {place} can't be started again"))
                .code(RELEASES)
                .detail(damaged.join("\n"))
                .hint(
                    "deploy it again from its folder, which keeps it anew where the same bytes are there: \
                     windlass deploy; then make a new backup",
                ),
        );
    }
    report
}

/// What is in a backup, line by line.
pub(super) fn listed(contents: &Contents, state: &Path) -> String {
    let count =
        |number: u64, noun: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), noun);
    let journal = &contents.journal;
    format!(
        "  journal   {}, {} open, {}, epoch {}\n  releases  {}, with their values\n  files     {}, {} bytes\n  of        {}\n",
        count(journal.deployments, "deployment"),
        journal.open,
        count(journal.rows, "row"),
        journal.epoch,
        contents.releases,
        contents.files,
        contents.bytes,
        state.display(),
    )
}

fn not_written(state: &Path, error: &WriteError) -> Diagnostic {
    match error {
        WriteError::Exists(path) => Diagnostic::new(
            Exit::Refused,
            format!("{} is there already", path.display()),
        )
        .code(TAKEN)
        .detail("nothing was written")
        .hint("name another file, or a folder: windlass backup PATH"),
        WriteError::Journal(why) => Diagnostic::new(Exit::Stuck, "the journal can't be copied")
            .code(DAMAGED)
            .detail(why.chain())
            .hint("look at the state directory: windlass doctor"),
        WriteError::Damaged(damage) => {
            let what = format!(
                "the journal of {} is damaged; there is no backup",
                state.display()
            );
            Diagnostic::new(Exit::Stuck, what)
                .code(DAMAGED)
                .detail(damage.join("\n"))
                .hint("keep the older backups; what is damaged: windlass doctor")
        }
        WriteError::Io(path, why) => {
            let what = format!("there is no backup: {} can't be used", path.display());
            Diagnostic::io(what, why).hint(match why.kind() {
                ErrorKind::NotFound => {
                    "make the folder first, or name a file in another one: windlass backup FILE"
                }
                ErrorKind::PermissionDenied => {
                    "name a file where you may write: windlass backup FILE"
                }
                _ => "make room, or name a file on another disk: windlass backup FILE",
            })
        }
    }
}

/// What to do about a file that is no backup.
const OLDER: &str =
    "take an older one (windlass restore FILE); an unfinished or a changed file can't be mended";

/// Why a file can't be used as a backup.
pub(super) fn unfit(file: &Path, error: &ReadError) -> Diagnostic {
    let shown = file.display();
    match error {
        ReadError::Damaged(why) => {
            Diagnostic::new(Exit::Stuck, format!("{shown} is no whole backup"))
                .code(DAMAGED)
                .detail(why.clone())
                .hint(OLDER)
        }
        ReadError::Journal(why) => {
            Diagnostic::new(Exit::Stuck, format!("the journal in {shown} can't be read"))
                .code(DAMAGED)
                .detail(why.chain())
                .hint(OLDER)
        }
        ReadError::Io(path, why) => {
            let what = format!("{} can't be used", path.display());
            Diagnostic::io(what, why).hint(format!(
                "look whether it is there, and whether you may use it: ls -l {}",
                path.display()
            ))
        }
        ReadError::Taken(path) => taken(path),
    }
}

/// There is something where a state directory should appear.
pub(super) fn taken(path: &Path) -> Diagnostic {
    Diagnostic::new(Exit::Refused, format!("{} is not empty", path.display()))
        .code(TAKEN)
        .detail("nothing was restored")
        .hint("move it away first, or name another folder with --into DIR")
}
