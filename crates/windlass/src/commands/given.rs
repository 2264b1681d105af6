//! A file that somebody has named with `-f` and that can't be read: most often a typo. Whoever looked all the
//! same would be told of another application, or of all of them, and believe that it is the named one.

use super::file::Found;
use crate::arguments::Command;
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// Refuses a named file that is not there, also where the command would only have looked who is meant.
///
/// # Errors
/// The file can't be read.
pub(super) fn settle(command: &Command, context: &Context) -> Result<(), Diagnostic> {
    match &context.global.file {
        Some(given) if wants_it(command) => Found::given(given).map(drop),
        Some(_) | None => Ok(()),
    }
}

/// Whether a file that was named must be there.
fn wants_it(command: &Command) -> bool {
    match command {
        // A deployment that is named says itself whose it is.
        Command::Show(options) => options.which.id.is_none(),
        Command::Events(options) => options.which.id.is_none(),
        Command::Hold(options) => options.which.id.is_none(),
        Command::Resume(options) => options.which.id.is_none(),
        Command::Abort(options) => options.which.id.is_none(),
        Command::Promote(options) => options.which.id.is_none(),
        Command::Repair(options) => options.which.id.is_none(),
        Command::Retry(options) => options.id.is_none(),
        Command::Finalize(options) => options.id.is_none(),
        // It writes the file.
        Command::Init
        // It must stop everything, and no typo may keep it from that.
        | Command::Halt(_)
        // They are about the state directory, whatever application is in it.
        | Command::Token(_)
        | Command::Doctor
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Serve(_)
        | Command::Router(_)
        // They print what is in the program, also about this very mistake.
        | Command::Schema(_)
        | Command::Version
        | Command::Help(_)
        | Command::Explain(_)
        | Command::Docs(_)
        | Command::Completions(_)
        | Command::Man(_)
        // A run's own word about itself, wherever it stands.
        | Command::Report(_)
        // Others start them.
        | Command::Shim(_)
        | Command::DemoService(_) => false,
        Command::Validate
        | Command::Plan(_)
        | Command::Deploy(_)
        | Command::Status(_)
        | Command::List(_)
        | Command::Logs(_)
        | Command::Rollback(_)
        | Command::Remove(_)
        | Command::Down(_)
        | Command::Demo(_)
        | Command::Analyze(_)
        | Command::Score(_) => true,
    }
}
