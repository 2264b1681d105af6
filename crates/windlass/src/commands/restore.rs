//! `windlass restore`: a state directory from a backup. Asks no controller, and wants none.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use windlass_api::Exit;
use windlass_client::{ControllerLock, Holder, StatePaths};

use super::backup::{listed, taken, unfit, with_damage};
use crate::backup::{Contents, unpack};
use crate::beside::{Served, served_elsewhere};
use crate::context::Context;
use crate::damaged::damaged_releases;
use crate::diagnostic::{Diagnostic, TAKEN};
use crate::report::Report;
use crate::ui::quoted;
use crate::ui::time::of_calendar;

/// Options of `restore`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The file that `windlass backup` wrote
    #[arg(value_name = "FILE")]
    from: PathBuf,

    /// Another folder than the state directory
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// What was restored.
#[derive(Debug, Serialize)]
struct Restored<'a> {
    state: String,
    contents: &'a Contents,
    /// Releases in it that are not what was kept.
    damaged: &'a [String],
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let paths = match &options.into {
        Some(folder) => StatePaths::locate(Some(folder))?,
        None => context.paths()?,
    };
    refuse_a_controller(&paths)?;
    let into = &paths.state;
    if !is_free(into) {
        return Err(taken(into));
    }
    let contents = unpack(&options.from, into).await;
    let contents = contents.map_err(|why| unfit(&options.from, &why))?;
    let served = served_elsewhere(&paths).await;
    let text = told(&contents, (into, served.as_ref()), context);
    let state = into.display().to_string();
    let damaged = damaged_releases(&paths).await;
    let restored = Restored {
        state,
        contents: &contents,
        damaged: &damaged,
    };
    let report = Report::new(text, &restored)?;
    Ok(with_damage(report, &damaged, "of the backup"))
}

fn told(
    contents: &Contents,
    (into, served): (&Path, Option<&Served>),
    context: &Context,
) -> String {
    let shown = into.display();
    let style = context.ui.style();
    let made = of_calendar(contents.made_us, &style.zone);
    let here = context.paths().is_ok_and(|paths| paths.state == *into);
    let option = if here {
        String::new()
    } else {
        format!("--state-dir {} ", quoted(&into.to_string_lossy()))
    };
    let open = match contents.journal.open {
        0 => "",
        1 => {
            "the deployment that was open when the backup was made is taken back once a controller starts\n"
        }
        _ => {
            "the deployments that were open when the backup was made are taken back once a controller starts\n"
        }
    };
    format!(
        "restored {shown} as it was at {made}\n{}{open}\
         what was deployed after that is not in it{}",
        listed(contents, into),
        next(&option, served)
    )
}

/// What to do first, and what the next command does.
fn next(option: &str, served: Option<&Served>) -> String {
    const STARTS: &str = "that starts a controller, which starts what was stable then";
    match served {
        Some(served) => format!(
            "\n{}: no controller starts here until that ends\n\
             first: {}\n\
             then:  windlass {option}status\n\
             {STARTS}\n",
            served.saw(),
            served.first()
        ),
        None if option.is_empty() => format!(
            "; if something of it still runs, nothing is changed until:\n\
             \x20 windlass repair --adopt\n\
             next: windlass status\n\
             {STARTS}\n"
        ),
        None => format!(
            "\nnext: windlass {option}status\n\
             {STARTS}: first end whatever serves the same addresses\n"
        ),
    }
}

fn refuse_a_controller(paths: &StatePaths) -> Result<(), Diagnostic> {
    let (who, end) = match ControllerLock::holder(paths) {
        Holder::Nobody => return Ok(()),
        Holder::Somebody(pid) => match pid {
            Some(pid) => (format!("process {pid}"), format!("kill {pid}")),
            None => ("another process".to_owned(), "kill PID".to_owned()),
        },
    };
    let what = format!("{who} is the controller of {}", paths.state.display());
    Err(Diagnostic::new(Exit::Refused, what)
        .code(TAKEN)
        .detail("nothing was restored")
        .hint(format!(
            "look at the backup in another folder: --into DIR; what ends the controller is windlass down for \
             each application in turn (windlass status --all names them), or, while services and router go \
             on: {end}"
        )))
}

/// Whether there is nothing yet.
fn is_free(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(why) => why.kind() == std::io::ErrorKind::NotFound,
    }
}
