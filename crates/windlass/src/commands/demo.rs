//! `windlass demo`: the story of three services, told while it happens.

use std::net::SocketAddr;

use clap::Args;

use crate::context::Context;
use crate::demo::DemoOptions;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where web is served, so that you can add load of your own; a free port of 127.0.0.1 by default
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,

    /// Leave it running at the end
    #[arg(long)]
    keep: bool,

    /// Draws the same accidents as the run that printed it
    #[arg(long, value_name = "NUMBER", hide = true)]
    seed: Option<u64>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_no_address| "write ADDRESS:PORT, such as 127.0.0.1:8080".to_owned())
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let options = DemoOptions {
        listen: options.listen,
        keep: options.keep,
        seed: options.seed,
    };
    crate::demo::run(context, &options).await
}
