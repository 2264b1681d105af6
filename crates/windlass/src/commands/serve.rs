//! `windlass serve`: the controller. Other commands start it when they need it.

use clap::Args;
use windlass_api::Exit;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Make a session of its own first: whoever started it may end
    #[arg(long, hide = true)]
    detached: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    if options.detached
        && let Err(why) = rustix::process::setsid()
    {
        // It leads a group already: its starter's terminal can still reach it, nothing worse.
        context.ui.say(&format!("no session of its own: {why}"));
    }
    crate::wire::serve(&context.paths()?)?;
    Ok(Report::silent(Exit::Done))
}
