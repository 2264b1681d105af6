//! A state directory that somebody has named and that is not there: most often a typo. Who only looks is
//! told, and nothing is made; who begins something is told that it is made.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use windlass_api::Exit;

use crate::arguments::{Command, Global};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::ui::words::meant;

/// The state directory that was named is not there.
const NOT_THERE: &str = "WL0460";

/// Folders beside it among which one that was meant is looked for.
const LOOKED_AT: usize = 1_000;

/// What a command wants of the state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// It has none, or says itself what it met.
    Nothing,
    /// It looks at what is there, or turns it.
    There,
    /// It begins something, and makes what is missing.
    Made,
    /// The same, but nothing beside a folder that is called alike: who mistyped it would believe that it
    /// holds there.
    Meant,
    /// It ends what is there: where there is nothing, it has nothing to do.
    Gone,
}

/// Says what is to be said of a state directory that was named and is not there. The usual one is not there
/// before the first deployment, and nobody has named it.
///
/// # Errors
/// The command wants one that is there.
pub(super) fn settle(command: &Command, context: &Context) -> Result<(), Diagnostic> {
    let wants = wants(command);
    let Global {
        state_dir, server, ..
    } = &context.global;
    if wants == Wants::Nothing || state_dir.is_none() || server.is_some() {
        return Ok(());
    }
    let state = context.paths()?.state;
    let why = match fs::metadata(&state) {
        Ok(there) if there.is_dir() => return Ok(()),
        Ok(_) => ErrorKind::NotADirectory.into(),
        Err(why) => why,
    };
    match (wants, why.kind()) {
        (Wants::Meant, ErrorKind::NotFound) if near(&state).is_some() => {
            return Err(not_there(&state));
        }
        (Wants::Made | Wants::Meant, ErrorKind::NotFound) => {
            context.ui.say(&said(&state, "is new"));
        }
        (Wants::Gone, ErrorKind::NotFound) => context.ui.say(&said(&state, "does not exist")),
        (Wants::There, ErrorKind::NotFound) => return Err(not_there(&state)),
        // Whoever makes it says what keeps it from that.
        (Wants::Nothing | Wants::Made | Wants::Meant, _) => {}
        (Wants::There | Wants::Gone, kind) => {
            let exit = match kind {
                ErrorKind::PermissionDenied => Exit::Refused,
                _ => Exit::Configuration,
            };
            let what = format!("{} can't be read", state.display());
            return Err(Diagnostic::state(exit, what, &why));
        }
    }
    Ok(())
}

fn said(state: &Path, how: &str) -> String {
    let near = near(state).map(|near| format!("; beside it is {}", near.display()));
    let near = near.unwrap_or_default();
    format!("the state directory {} {how}{near}", state.display())
}

fn not_there(state: &Path) -> Diagnostic {
    let what = format!("the state directory {} does not exist", state.display());
    let named = "--state-dir DIR or WINDLASS_STATE_DIR names it";
    Diagnostic::new(Exit::Usage, what)
        .code(NOT_THERE)
        .detail("nothing was made")
        .hint(match near(state) {
            Some(near) => format!("did you mean {}? {named}", near.display()),
            None => format!("{named}; a first deployment makes it: windlass deploy"),
        })
}

/// What tells a state directory from any other folder: one of these is in it.
const MARKS: [&str; 5] = ["windlass.db", "releases", "router", "halted", "tokens.json"];

/// What a missing path may have meant: the same path with the first folder that is missing called like one
/// that is there.
fn near(missing: &Path) -> Option<PathBuf> {
    let there = missing.ancestors().find(|folder| folder.is_dir())?;
    let mut rest = missing.strip_prefix(there).ok()?.components();
    let typed = rest.next()?.as_os_str().to_str()?;
    let entries = fs::read_dir(there).ok()?.take(LOOKED_AT).flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names: Vec<String> = folders
        .filter_map(|entry| entry.file_name().to_str().map(str::to_owned))
        .collect();
    let name = meant(typed, names.iter().map(String::as_str))?;
    let below: PathBuf = there.join(name).components().chain(rest).collect();
    let is_one = MARKS.iter().any(|mark| below.join(mark).exists());
    is_one.then_some(below)
}

fn wants(command: &Command) -> Wants {
    match command {
        Command::Status(_)
        | Command::List(_)
        | Command::Show(_)
        | Command::Events(_)
        | Command::Logs(_)
        | Command::Hold(_)
        | Command::Resume(_)
        | Command::Abort(_)
        | Command::Promote(_)
        | Command::Retry(_)
        | Command::Rollback(_)
        | Command::Finalize(_)
        | Command::Remove(_)
        | Command::Doctor
        | Command::Backup(_) => Wants::There,
        Command::Plan(_) | Command::Deploy(_) | Command::Score(_) => Wants::Made,
        Command::Down(_) => Wants::Gone,
        Command::Repair(options) => options.wants(),
        Command::Halt(options) => options.wants(),
        Command::Token(options) => options.wants(),
        Command::Serve(options) => options.wants(),
        Command::Router(options) => options.wants(),
        Command::Init
        | Command::Validate
        | Command::Schema(_)
        | Command::Version
        | Command::Report(_)
        | Command::Demo(_)
        | Command::Restore(_)
        | Command::Analyze(_)
        | Command::Help(_)
        | Command::Explain(_)
        | Command::Docs(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Shim(_)
        | Command::DemoService(_) => Wants::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found_wherever_the_typo_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |below: &str| folder.path().join(below);
        fs::create_dir_all(at("srv/windlass/releases")).unwrap();
        fs::write(at("srv/windlas"), "").unwrap();
        let meant = Some(at("srv/windlass"));
        assert_eq!(near(&at("srv/windlss")), meant);
        assert_eq!(near(&at("src/windlass")), meant);
        assert_eq!(near(&at("src/windlas")), None, "two typos");
        assert_eq!(near(&at("elsewhere")), None);
        assert_eq!(near(&at("srv/windlass/below")), None);
    }
}
