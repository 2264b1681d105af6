//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use windlass_model::{Millis, REASON_LONGEST, ServiceName, is_reason};

use crate::commands::{
    abort, analyze, backup, completions, demo, demo_service, deploy, docs, down, events, explain,
    finalize, halt, help, hold, list, logs, man, plan, promote, remove, repair, report, restore,
    resume, retry, rollback, router, schema, score, serve, shim, show, status, token,
};

/// Brings new releases of a multi-service application to production safely
#[derive(Debug, Parser)]
#[command(
    name = "windlass",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The file; windlass.yaml here or in a folder above by default
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Where releases, journal and logs are kept; by default where WINDLASS_STATE_DIR says, else in
    /// $XDG_STATE_HOME/windlass
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "WINDLASS_STATE_DIR",
        hide_env = true
    )]
    pub(crate) state_dir: Option<PathBuf>,

    /// A controller elsewhere, https://HOST:PORT; else WINDLASS_SERVER says it. WINDLASS_TOKEN holds
    /// the token
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "WINDLASS_SERVER",
        hide_env = true
    )]
    pub(crate) server: Option<String>,

    /// The certificates that are trusted there, a PEM file; else WINDLASS_CA says it, else this
    /// machine does
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "WINDLASS_CA",
        hide_env = true
    )]
    pub(crate) ca: Option<PathBuf>,

    /// The environment; needed when the file has several
    #[arg(short, long, global = true, value_name = "ENV", value_parser = named)]
    pub(crate) environment: Option<String>,

    /// How results are printed: text, which is the default, json or ndjson
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) output: Output,

    /// Print results only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Print more of what happens
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// No colours; NO_COLOR does the same
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON value
    Json,
    /// One JSON object a line
    Ndjson,
}

/// One verb each, with its own file below `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first windlass.yaml from what is in this folder
    Init,
    /// Check the file and list what it needs
    Validate,
    /// Print the JSON Schema of the file
    Schema(schema::Options),
    /// Print the version
    Version,
    /// Show what a deployment would do
    Plan(plan::Options),
    /// Deploy what the file says and follow it
    Deploy(deploy::Options),
    /// Show what runs where
    Status(status::Options),
    /// List deployments, newest first
    List(list::Options),
    /// Show one deployment
    Show(show::Options),
    /// Print what happened in a deployment
    Events(events::Options),
    /// Print what a service's instances printed
    Logs(logs::Options),
    /// Make a deployment wait
    Hold(hold::Options),
    /// End the wait of a deployment
    Resume(resume::Options),
    /// Stop a deployment and go back
    Abort(abort::Options),
    /// Skip the remaining bakes and steps of a deployment
    Promote(promote::Options),
    /// Carry out the plan of an ended deployment once more
    Retry(retry::Options),
    /// Go back to the last good release, at once
    Rollback(rollback::Options),
    /// Drop what a deployment has left running
    Finalize(finalize::Options),
    /// Drain and remove a service that is no longer in the file
    Remove(remove::Options),
    /// Mend a deployment that is stuck, or a lost journal
    Repair(repair::Options),
    /// Let no candidate have more traffic until it is lifted
    Halt(halt::Options),
    /// End this application's services
    Down(down::Options),
    /// Say how a wrapped script gets on, from within it
    Report(report::Options),
    /// Make, list and end tokens for the network
    Token(token::Options),
    /// Show Windlass at work on three small services
    Demo(demo::Options),
    /// Find what is not as it should be, and say what mends it
    Doctor,
    /// Write journal and releases into one file, and check it
    Backup(backup::Options),
    /// Make a state directory from a backup
    Restore(restore::Options),
    /// Judge recorded counts and show what would be decided
    Analyze(analyze::Options),
    /// Measure the health score, and say what each lost point takes
    Score(score::Options),
    /// Print the help of a command
    Help(help::Options),
    /// Say what an error code means and what to do
    Explain(explain::Options),
    /// Print a page of the documentation
    Docs(docs::Options),
    /// Print the completions of a shell
    Completions(completions::Options),
    /// Print the manual page
    Man(man::Options),
    /// Run the controller (other commands start it)
    Serve(serve::Options),
    /// Run the router alone, or look at one and split what it serves
    Router(router::Options),
    /// Keep one instance (the controller starts it)
    #[command(hide = true)]
    Shim(shim::Options),
    /// One service of the demo
    #[command(hide = true)]
    DemoService(demo_service::Options),
}

impl Command {
    /// The versions of services that were given with it.
    pub(crate) fn versions(&self) -> &[(String, String)] {
        match self {
            Self::Plan(options) => &options.set,
            Self::Deploy(options) => &options.set,
            _ => &[],
        }
    }
}

/// A deployment that may be left out.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// The deployment, or the beginning of its id; the one that runs by default
    #[arg(value_name = "ID", value_parser = named)]
    pub(crate) id: Option<String>,
}

/// Why a person says something.
#[derive(Clone, Debug, Args)]
pub(crate) struct Because {
    /// Why, in a line: it is kept with what you say, and shown to whoever follows or looks
    #[arg(short, long, value_name = "TEXT", value_parser = reason)]
    pub(crate) message: Option<String>,
}

fn reason(text: &str) -> Result<String, String> {
    if is_reason(&named(text)?) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "write one line of at most {REASON_LONGEST} characters, without control characters"
    ))
}

/// A deployment to look at, that may be left out: looking at one that has ended does no harm.
#[derive(Clone, Debug, Args)]
pub(crate) struct Look {
    /// The deployment, or the beginning of its id; by default the one that runs, else the last one
    #[arg(value_name = "ID", value_parser = named)]
    pub(crate) id: Option<String>,
}

/// `SERVICE=VERSION`.
pub(crate) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((service, version)) if !service.is_empty() && !version.is_empty() => {
            Ok((service.to_owned(), version.to_owned()))
        }
        Some(_) | None => Err("write SERVICE=VERSION".to_owned()),
    }
}

/// Anything but nothing: what a script leaves of a variable that is not set names nothing, and must not
/// be taken for what is meant by default.
pub(crate) fn named(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(text.to_owned())
}

/// The name of a service.
pub(crate) fn service(text: &str) -> Result<String, String> {
    let name = ServiceName::new(&named(text)?).map_err(|why| why.to_string())?;
    Ok(name.to_string())
}

/// A version.
pub(crate) fn version(text: &str) -> Result<String, String> {
    let text = named(text)?;
    if text.chars().all(|c| c.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err("a version has visible ASCII characters and no blanks".to_owned())
    }
}

/// A duration with its unit.
pub(crate) fn duration(text: &str) -> Result<Millis, String> {
    Millis::try_from(text.to_owned()).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_is_empty_names_nothing() {
        for empty in ["", " ", "\t"] {
            assert!(named(empty).is_err(), "{empty:?}");
            assert!(service(empty).is_err(), "{empty:?}");
            assert!(version(empty).is_err(), "{empty:?}");
        }
        assert_eq!(service("web"), Ok("web".to_owned()));
        assert!(service("we b").is_err());
        assert_eq!(version("1.4.2+2"), Ok("1.4.2+2".to_owned()));
        assert!(version("1 4").is_err());
    }

    #[test]
    fn an_assignment_has_both_sides() {
        assert_eq!(
            assignment("api=1.4.2"),
            Ok(("api".to_owned(), "1.4.2".to_owned()))
        );
        for bad in ["api", "api=", "=1", ""] {
            assert!(assignment(bad).is_err(), "{bad}");
        }
    }
}
