//! A controller elsewhere: what says so, what can't be asked of it, and what to do when it can't be
//! reached.

use std::io::ErrorKind as Io;
use std::net::IpAddr;
use std::path::Path;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _};
use windlass_api::Exit;
use windlass_client::{ClientError, Distrust, Remote, RemoteError};

use crate::arguments::{Arguments, Global};
use crate::diagnostic::Diagnostic;

/// The variable that holds the token: among arguments everybody on this machine could read it.
const TOKEN: &str = "WINDLASS_TOKEN";

/// Verbs that are for the controller's own machine only.
pub(crate) const ON_ITS_MACHINE: [&str; 7] = [
    "backup", "doctor", "halt", "restore", "router", "serve", "token",
];

/// Leaves one place for the controller: what was typed counts more than what a variable says, and of
/// two variables that of the server.
///
/// # Errors
/// An empty one was typed, or both were, or certificates for a server that shows none.
pub(crate) fn settle(global: &mut Global, matches: &ArgMatches) -> Result<(), clap::Error> {
    global.server = global.server.take().filter(|url| !url.is_empty());
    global.ca = global.ca.take().filter(|path| !path.as_os_str().is_empty());
    let is_typed = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
    if is_typed("server") && global.server.is_none() {
        // A variable that is not set must not lead to the controller of this machine.
        return Err(Arguments::command().error(
            ErrorKind::InvalidValue,
            "--server is empty: write https://HOST:PORT",
        ));
    }
    match (is_typed("server"), is_typed("state_dir")) {
        (true, true) => {
            return Err(Arguments::command().error(
                ErrorKind::ArgumentConflict,
                "--server is a controller elsewhere, --state-dir one on this machine: give one of them",
            ));
        }
        (false, true) => global.server = None,
        (_, false) => {}
    }
    // A variable may be set for good, and mean another server.
    if is_typed("ca") && global.server.as_deref().is_some_and(is_unencrypted) {
        return Err(Arguments::command().error(
            ErrorKind::ArgumentConflict,
            "--ca says whose certificates are trusted, and http:// shows none: write https://",
        ));
    }
    Ok(())
}

fn is_unencrypted(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
}

/// The controller at `url`, asked with the token of the variable.
pub(crate) fn remote(url: &str, ca: Option<&Path>) -> Result<Remote, Diagnostic> {
    let token = match std::env::var(TOKEN) {
        Ok(token) => Some(token.trim().to_owned()).filter(|token| !token.is_empty()),
        Err(std::env::VarError::NotPresent) => None,
        Err(std::env::VarError::NotUnicode(_)) => return Err(failed(RemoteError::Token)),
    };
    Remote::new(url, token.as_deref(), ca).map_err(failed)
}

fn failed(why: RemoteError) -> Diagnostic {
    Diagnostic::from(ClientError::Remote(why))
}

/// What only the controller's own user may do, where its files are.
pub(crate) fn needs_its_machine(url: &str) -> Diagnostic {
    let (what, url) = (
        "this needs the controller's own machine",
        Remote::shown(url),
    );
    Diagnostic::new(Exit::Refused, what)
        .code("WL0367")
        .detail(format!(
            "the controller is at {url}; nothing was asked of it"
        ))
        .hint("run the command there, without --server and WINDLASS_SERVER")
}

/// Where a controller elsewhere could not be asked.
pub(crate) fn code(met: &RemoteError) -> &'static str {
    match met {
        RemoteError::Address { .. }
        | RemoteError::Token
        | RemoteError::Clear { .. }
        | RemoteError::Setup { .. } => "WL0443",
        RemoteError::NoSuchHost { .. }
        | RemoteError::Unreachable { .. }
        | RemoteError::Silent { .. }
        | RemoteError::NoAnswer { .. } => "WL0444",
        RemoteError::Ca { .. } | RemoteError::Distrusted { .. } | RemoteError::Tls { .. } => {
            "WL0445"
        }
        RemoteError::NotHttp { .. }
        | RemoteError::NotTls { .. }
        | RemoteError::NotWindlass { .. } => "WL0446",
    }
}

/// What to do next.
pub(crate) fn next(met: &RemoteError) -> String {
    match met {
        RemoteError::Address { .. } => {
            "write --server https://HOST:PORT; the token belongs in WINDLASS_TOKEN".to_owned()
        }
        RemoteError::Token => format!(
            "{TOKEN} is the one word that this printed on the controller's machine: windlass token create"
        ),
        RemoteError::Clear { .. } => "write https://, or go through a tunnel: \
             ssh -N -L 7070:127.0.0.1:7070 HOST, then --server http://127.0.0.1:7070"
            .to_owned(),
        RemoteError::Ca { .. } => {
            "name a PEM file with --ca FILE or WINDLASS_CA; look at it: openssl x509 -in FILE -noout -text"
                .to_owned()
        }
        RemoteError::Setup { .. } => "this is a bug in Windlass".to_owned(),
        RemoteError::NoSuchHost { host, .. } => {
            format!("look at the name in --server or WINDLASS_SERVER: getent hosts {host}")
        }
        RemoteError::Unreachable { url, source } if source.kind() == Io::ConnectionRefused => {
            format!(
                "nobody listens there; on that machine: windlass serve --replace --listen {}",
                port(url)
            )
        }
        RemoteError::Unreachable { url, .. }
        | RemoteError::Tls { url, .. }
        | RemoteError::Silent { url, .. } => see(url),
        RemoteError::NoAnswer { url, .. } => match encrypted(url) {
            Some(secure) => format!("if it speaks TLS: --server {secure}"),
            None => see(url),
        },
        RemoteError::NotHttp { url } => match encrypted(url) {
            Some(secure) => format!("http:// was asked; it seems to speak TLS: --server {secure}"),
            None => see(url),
        },
        RemoteError::NotTls { url } => plain(url),
        RemoteError::Distrusted { url, why } => distrusted(url, why),
        RemoteError::NotWindlass { url, .. } if met.is_gateway() => {
            format!("a proxy says that it is away; see when it is back: curl -i {url}/v1/version")
        }
        RemoteError::NotWindlass { url, .. } => {
            format!("look at the address, and at what answers there: curl -i {url}/v1/version")
        }
    }
}

fn distrusted(url: &str, why: &Distrust) -> String {
    let look = format!("look at it: openssl s_client -connect {}", authority(url));
    match why {
        Distrust::Unknown => {
            "if it is your own, trust it: --ca FILE or WINDLASS_CA=FILE, with its PEM".to_owned()
        }
        Distrust::Name => format!("write the name that is in it; {look}"),
        Distrust::Authority => {
            "make one for a server: windlass docs reach-a-controller has the command".to_owned()
        }
        Distrust::Time | Distrust::Other(_) => look,
    }
}

/// Another program's look at the same place.
fn see(url: &str) -> String {
    format!("see what another program meets: curl -v {url}/healthz")
}

fn encrypted(url: &str) -> Option<String> {
    let rest = url.strip_prefix("http://")?;
    Some(format!("https://{rest}"))
}

/// What listens there may be a controller without TLS. Another machine's is not advised as it is: a
/// token would pass in the clear.
fn plain(url: &str) -> String {
    let (port, authority) = (port(url), authority(url));
    let host = authority.strip_suffix(port).unwrap_or(authority);
    let host = host.trim_end_matches(':').trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let secure = format!(
        "give it a certificate there: windlass serve --replace --listen {port} --tls-cert FILE --tls-key FILE"
    );
    if here {
        format!(
            "https:// was asked; if it is a controller without TLS: --server http://{authority}; or {secure}"
        )
    } else {
        format!("https:// was asked; {secure}")
    }
}

fn authority(url: &str) -> &str {
    url.split_once("://")
        .map_or(url, |(_, authority)| authority)
}

fn port(url: &str) -> &str {
    match authority(url).rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port,
        Some(_) | None => "PORT",
    }
}
