//! `windlass router`: the data plane under a controller or alone, and what a person asks of one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use windlass_api::Exit;
use windlass_control::{ObservedTable, Passage};
use windlass_model::{Millis, Percent, Rate, Slower};

use super::alone;
use super::wants::Wants;
use crate::arguments::duration;
use crate::certificates::{Shown, shown};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, TYPED};
use crate::report::Report;
use crate::route::{self, Link, Wanted};
use crate::ui::router::router_text;

/// How much longer than a pause for a time a request may wait: it takes a moment to end.
const GRACE: Millis = Millis::from_secs(5);

/// Options of `router`.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Options {
    /// Run alone, as a reverse proxy, by this file; without it the controller decides
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    verb: Option<Verb>,
}

impl Options {
    /// What it wants of the state directory.
    pub(super) fn wants(&self) -> Wants {
        match (&self.verb, &self.config) {
            (Some(_), _) => Wants::There,
            (None, Some(_)) => Wants::Made,
            // The controller's, which has made it.
            (None, None) => Wants::Nothing,
        }
    }
}

/// What is asked of a router that runs.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what it serves, and who gets how much
    Status,
    /// Give one origin of a service a share, and the other one the rest
    Split(SplitOptions),
    /// Take everything from an origin, and wait until it has nothing open
    Drain(Drain),
    /// Let requests wait, or show a maintenance page, until it is resumed
    Pause(Pause),
    /// Let requests through again
    Resume {
        /// The service; every one by default
        #[arg(value_name = "SERVICE")]
        service: Option<String>,
    },
    /// Read the file again: all that it says, or nothing of it
    Reload,
    /// Have this version of Windlass take the router's place; no request fails
    Upgrade {
        /// How long what is open at the one before may take; then it is cut
        #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
        within: Millis,
    },
    /// Go back from the split, at once
    Rollback {
        /// The service; every split by default
        #[arg(value_name = "SERVICE")]
        service: Option<String>,
    },
}

/// What every split needs to know.
#[derive(Debug, Args)]
struct Watch {
    /// Errors among the answers of the newcomer that take it back
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = rate)]
    errors_above: Rate,

    /// Take it back too when more than one answer in twenty takes longer, like 500ms; without it times
    /// are not judged
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    slower_than: Option<Millis>,

    /// Although the last split went back by itself
    #[arg(long)]
    again: bool,
}

/// Options of `router split`.
#[derive(Debug, Args)]
struct SplitOptions {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,

    /// An origin and its share, like v2=5%
    #[arg(value_name = "ORIGIN=SHARE", value_parser = shared)]
    to: (String, Percent),

    #[command(flatten)]
    watch: Watch,
}

/// Options of `router drain`.
#[derive(Debug, Args)]
struct Drain {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,

    /// The origin
    #[arg(value_name = "ORIGIN")]
    origin: String,

    /// How long open requests may take; then they are cut
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    within: Millis,

    #[command(flatten)]
    watch: Watch,
}

/// Options of `router pause`.
#[derive(Debug, Args)]
struct Pause {
    /// The service; every one by default
    #[arg(value_name = "SERVICE")]
    service: Option<String>,

    /// Resume by itself after that, like 10m; without it, once somebody resumes it
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    lasts: Option<Millis>,

    /// How long a request may wait; then it is answered 503 [default: 30s, or longer than --for says]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    within: Option<Millis>,

    /// How many may wait at once; those beyond it are answered 503
    #[arg(long, value_name = "COUNT", default_value = "5000")]
    waiting: u32,

    /// Let none wait: answer with the maintenance page
    #[arg(long, conflicts_with_all = ["within", "waiting"])]
    maintenance: bool,
}

/// What `router status` shows.
#[derive(Debug, Serialize)]
struct Status {
    #[serde(flatten)]
    table: ObservedTable,
    certificates: Vec<Shown>,
}

impl Pause {
    fn passage(&self) -> Passage {
        if self.maintenance {
            return Passage::Maintenance;
        }
        let usual = windlass_control::Pause::default().within;
        // Who comes as it begins is to see its end.
        let lasts = self.lasts.map(|lasts| lasts.plus(GRACE));
        let usual = lasts.map_or(usual, |lasts| lasts.max(usual));
        Passage::Paused(windlass_control::Pause {
            waiting: self.waiting,
            within: self.within.unwrap_or(usual),
        })
    }
}

/// `v2=5%`.
fn shared(text: &str) -> Result<(String, Percent), String> {
    let wrong = || "write ORIGIN=SHARE, like v2=5%".to_owned();
    let (origin, share) = text.rsplit_once('=').ok_or_else(wrong)?;
    let share = share.strip_suffix('%').unwrap_or(share);
    let share: u64 = share.parse().map_err(|_not_whole| wrong())?;
    let share = Percent::new(share).map_err(|why| why.to_string())?;
    Ok((origin.to_owned(), share))
}

/// `5%` or `0.5%`.
fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "write a share, like 5% or 0.5%".to_owned();
    let number = text.strip_suffix('%').ok_or_else(wrong)?;
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    let digits = rest.len() <= 2 && [whole, rest].concat().bytes().all(|b| b.is_ascii_digit());
    let parts: u16 = format!("{whole}{rest:0<2}")
        .parse()
        .map_err(|_no_number| wrong())?;
    let rate = Rate::from_parts(parts).filter(|_| digits && !whole.is_empty());
    rate.ok_or_else(wrong)
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let paths = context.paths()?;
    let verb = match (&options.verb, &options.config) {
        (None, None) => {
            crate::wire::router(&paths)?;
            return Ok(Report::silent(Exit::Done));
        }
        (None, Some(file)) => {
            crate::wire::router_alone(&paths, alone::of(context, file)?)?;
            return Ok(Report::silent(Exit::Done));
        }
        (Some(_), Some(_)) => {
            let both = "--config starts a router; the other one asks a router that runs";
            return Err(Diagnostic::new(Exit::Usage, both)
                .code(TYPED)
                .hint("what it takes: windlass router --help"));
        }
        (Some(verb), None) => verb,
    };
    let link = Link::reach(&paths)?;
    match verb {
        Verb::Status => {
            let table = link.observe()?;
            let routes = table.services.values().map(|entry| &entry.route);
            let listeners = routes.flat_map(|route| &route.listeners);
            let certificates = shown(listeners, &crate::wire::router_state(&paths));
            let text = router_text(
                &table,
                &certificates,
                (context.ui.columns(), &context.ui.style()),
            );
            Report::new(
                text,
                &Status {
                    table,
                    certificates,
                },
            )
        }
        Verb::Split(options) => {
            let (origin, share) = (options.to.0.as_str(), options.to.1);
            route::split(
                &link,
                &wanted(&options.service, origin, share, &options.watch),
                &context.ui,
            )
        }
        Verb::Drain(options) => {
            let nothing = Percent::ZERO;
            let wanted = wanted(&options.service, &options.origin, nothing, &options.watch);
            route::drain(&link, &wanted, options.within)
        }
        Verb::Pause(pause) => {
            let service = pause.service.as_deref();
            let wanted = (pause.passage(), pause.lasts);
            route::pass(&link, service, wanted, &context.ui.style().zone)
        }
        Verb::Resume { service } => {
            let wanted = (Passage::Open, None);
            route::pass(&link, service.as_deref(), wanted, &context.ui.style().zone)
        }
        Verb::Reload => route::reload(&link),
        Verb::Upgrade { within } => route::upgrade(&link, *within),
        Verb::Rollback { service } => route::rollback(&link, service.as_deref()),
    }
}

fn wanted<'a>(service: &'a str, origin: &'a str, share: Percent, watch: &Watch) -> Wanted<'a> {
    Wanted {
        service,
        origin,
        share,
        errors_above: Some(watch.errors_above),
        slower: watch.slower_than.map(|than| Slower {
            than,
            above: Rate::from_parts(500).expect("below the whole"),
            lasting: Millis::default(),
        }),
        again: watch.again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_rates_are_read_as_they_are_written_elsewhere() {
        let share = |text| shared(text).map(|(origin, share)| (origin, share.get()));
        assert_eq!(share("v2=5%"), Ok(("v2".to_owned(), 5)));
        assert_eq!(share("a=b=0"), Ok(("a=b".to_owned(), 0)));
        for bad in ["v2", "v2=", "v2=101", "v2=-1", "v2=5.5%"] {
            assert!(shared(bad).is_err(), "{bad}");
        }
        let parts = |text| rate(text).map(Rate::parts);
        assert_eq!(parts("5%"), Ok(500));
        assert_eq!(parts("0.5%"), Ok(50));
        assert_eq!(parts("0.05%"), Ok(5));
        for bad in ["5", "101%", "%", ".5%", "0.005%", "-1%"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
