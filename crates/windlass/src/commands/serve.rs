//! `windlass serve`: the controller. Other commands start it when they need it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use windlass_api::Exit;

use super::wants::Wants;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, TYPED};
use crate::door::Door;
use crate::listen::{self, Listen, TlsFiles, Wanted};
use crate::report::Report;
use crate::wire::{Life, Place};

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

    /// Serve the API on the network too, for whoever has a token: PORT of 127.0.0.1, or ADDRESS:PORT.
    /// The next controller does so too, until `none` is said or everything is down
    #[arg(long, value_name = "ADDRESS", value_parser = listen::wanted)]
    listen: Option<Wanted>,

    /// The certificate for TLS, a PEM file; without it only a loopback address is taken
    #[arg(long, value_name = "FILE", requires = "listen", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Options {
    /// What it wants of the state directory.
    pub(super) fn wants(&self) -> Wants {
        if self.detached {
            // Whoever starts it has said it.
            Wants::Nothing
        } else {
            Wants::Made
        }
    }

    fn door(&self) -> Result<Door, Diagnostic> {
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        let tls = files.map(|(cert, key)| TlsFiles { cert, key });
        match (self.listen, tls) {
            (None, _) => Ok(Door::AsBefore),
            (Some(Wanted::At(address)), tls) => Listen::new(address, tls)?.absolute().map(Door::At),
            (Some(Wanted::Nowhere), None) => Ok(Door::None),
            (Some(Wanted::Nowhere), Some(_)) => Err(Diagnostic::new(
                Exit::Usage,
                "--listen none shows a certificate to nobody",
            )
            .code(TYPED)
            .hint("leave --tls-cert and --tls-key out")),
        }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let door = options.door()?;
    if options.install {
        return super::install::run(context, &door, options.replace);
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
    let life = if options.detached {
        Life::WhileNeeded
    } else {
        Life::Stays
    };
    crate::wire::serve(&context.paths()?, place, life, &door)?;
    Ok(Report::silent(Exit::Done))
}
