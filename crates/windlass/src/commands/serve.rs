//! `windlass serve`: the controller. Other commands start it when they need it.

use std::time::Duration;

use clap::Args;
use windlass_api::Exit;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::wire::Place;

/// Longest wait for the end of the controller that is replaced: it ends after the step under way.
const END_WITHIN: Duration = Duration::from_mins(1);

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Make a session of its own first: whoever started it may end
    #[arg(long, hide = true)]
    detached: bool,

    /// Take the place of the controller that runs; services and router go on, and so does what is
    /// being deployed. With --install: write over a unit that says something else
    #[arg(long)]
    replace: bool,

    /// Write a systemd unit that keeps the controller running, also after a reboot, and end
    #[arg(long, conflicts_with = "detached")]
    install: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    if options.install {
        return super::install::run(context, options.replace);
    }
    if options.detached
        && let Err(why) = rustix::process::setsid()
    {
        // It leads a group already: its starter's terminal can still reach it, nothing worse.
        context.ui.say(&format!("no session of its own: {why}"));
    }
    let place = if options.replace {
        Place::Anothers { within: END_WITHIN }
    } else {
        Place::Free
    };
    crate::wire::serve(&context.paths()?, place)?;
    Ok(Report::silent(Exit::Done))
}
