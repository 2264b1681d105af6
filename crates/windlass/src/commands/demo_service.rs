//! `windlass demo-service`: one service of the demo.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use windlass_api::Exit;

use crate::demo::fault::{Fault, Faulty};
use crate::demo::service;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `demo-service`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Its name in the chain of versions
    #[arg(long)]
    name: String,

    /// The version that it answers with
    #[arg(long)]
    version: String,

    /// Where it listens
    #[arg(long)]
    port: u16,

    /// A service that each answer passes through
    #[arg(long = "upstream", value_name = "URL")]
    upstreams: Vec<String>,

    /// Where it counts its answers
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,

    /// Where it adds a line when it starts
    #[arg(long, value_name = "FILE")]
    starts: Option<PathBuf>,

    /// What is wrong with it
    #[arg(long, value_enum)]
    fault: Option<Fault>,

    /// At which answers that shows: every so many; what happens once does at that one
    #[arg(long, value_name = "COUNT", default_value = "1")]
    fault_every: NonZeroU64,

    /// Requests in a second that are no overload yet
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    fault_load: u64,

    /// How long each answer takes, in milliseconds
    #[arg(long, value_name = "MILLIS", default_value_t = 0)]
    takes: u64,
}

pub(crate) fn run(options: &Options) -> Result<Report, Diagnostic> {
    let service = service::Options {
        name: options.name.clone(),
        version: options.version.clone(),
        port: options.port,
        upstreams: options.upstreams.clone(),
        ledger: options.ledger.clone(),
        starts: options.starts.clone(),
        fault: options.fault.map(|fault| Faulty {
            fault,
            every: options.fault_every,
            load: options.fault_load,
        }),
        takes: Duration::from_millis(options.takes),
    };
    service::run(service)
        .map_err(|why| Diagnostic::new(Exit::Failed, "it ended").detail(why.to_string()))?;
    Ok(Report::silent(Exit::Done))
}
