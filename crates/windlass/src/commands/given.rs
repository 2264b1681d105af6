//! A file that somebody has named with `-f` and that can't be read: most often a typo. Whoever looked all the
//! same would be told of another application, or of all of them, and believe that it is the named one.

use super::file::Found;
use crate::arguments::Command;
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// Refuses a named file that is not there, whatever the command would have done with it.
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
        // It writes the file.
        Command::Init
        // It must stop everything, and no typo may keep it from that.
        | Command::Halt(_)
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
        | Command::Repair(_)
        | Command::Down(_)
        | Command::Token(_)
        | Command::Demo(_)
        | Command::Doctor
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Analyze(_)
        | Command::Score(_)
        | Command::Serve(_)
        | Command::Router(_) => true,
    }
}
