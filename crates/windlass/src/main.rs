//! Windlass: brings new releases of a multi-service application to production safely.
//!
//! `main` reads the command line, runs one of `commands/`, lets `ui/` print what came of it, and
//! ends with one of the exit codes of [`windlass_api::Exit`].

mod arguments;
mod backup;
mod beside;
mod certificates;
mod commands;
mod context;
#[cfg(feature = "crash-points")]
mod crash;
mod damaged;
mod demo;
mod diagnostic;
mod doctor;
mod door;
mod elsewhere;
mod findable;
mod follow;
mod halt;
mod init;
mod listen;
mod log;
mod misused;
mod pages;
mod person;
mod reception;
mod report;
mod route;
mod ui;
mod wire;

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::FromArgMatches as _;
use windlass_api::Exit;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::ui::Ui;

/// A request through the router takes some fifteen pieces of memory, and large ones for its body; the
/// system's allocator hands the large ones back to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    panic::set_hook(Box::new(ui::say_panic));
    let typed: Vec<OsString> = std::env::args_os().collect();
    let matches = pages::command().try_get_matches_from(&typed);
    let parsed = matches.and_then(|matches| {
        let mut arguments = Arguments::from_arg_matches(&matches)?;
        elsewhere::settle(&mut arguments.global, &matches)?;
        commands::help::settle(&arguments.command)?;
        Ok(arguments)
    });
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(refused) => return misused::told(refused, &typed),
    };
    let ran = panic::catch_unwind(AssertUnwindSafe(|| {
        let ui = Ui::new(&arguments.global).repeating(arguments.command.versions());
        let context = Context::new(arguments.global, ui);
        let result = commands::run(&arguments.command, &context);
        context.ui.finish(result)
    }));
    // What was wrong is on stderr already: the hook printed it.
    ExitCode::from(ran.unwrap_or(Exit::Bug).code())
}
