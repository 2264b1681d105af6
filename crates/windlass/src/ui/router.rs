//! What a router serves, for people.

use windlass_control::{
    DamagedTable, ObservedRoute, ObservedTable, RouterProgram, Trip, TripRule, UnkeptTable,
};
use windlass_model::{RouteMode, RouteSlot, ServiceKey, Slower};

use super::Style;
use super::grid::{Ease, Grid};
use super::program::router_line;
use super::time::{now_us, of_calendar};
use super::words::{counted, harmless, listed};
use crate::certificates::Shown;
use crate::route::{name, standing};

/// What is said where a router runs without a controller: what it serves, and where more is said.
pub(crate) fn alone_text(observed: &ObservedTable) -> String {
    let head =
        "a router runs here alone, by its file: no controller decides, and nothing is deployed";
    let mut lines = vec![head.to_owned()];
    let services = observed.services.iter().take(TOLD);
    lines.extend(services.map(|(key, entry)| {
        let (listens, slots) = (listed(&entry.route.listeners), entry.route.slots.iter());
        let shares = slots.map(|slot| format!("{} {}", harmless(&slot.version.0), slot.weight));
        let shares: Vec<String> = shares.collect();
        let name = name(observed, key);
        format!("it serves {name} on {listens}: {}", listed(&shares))
    }));
    let more = observed.services.len().saturating_sub(TOLD);
    if more > 0 {
        lines.push(format!("and {}", counted(more, "more service")));
    }
    lines.push("next: windlass router status\n".to_owned());
    lines.join("\n")
}

/// What became of a table that could not be used.
fn damaged_line(damaged: &DamagedTable) -> String {
    let why = harmless(&damaged.why);
    let instead = if damaged.second_taken {
        "a second of it was taken up, nothing is missing"
    } else {
        "the router began with nothing, until a controller or its file told it what to serve"
    };
    let kept = damaged.aside.as_ref().map(|aside| harmless(aside));
    let kept = kept.map_or_else(String::new, |aside| format!("; it is kept in {aside}"));
    format!("the table on disk could not be used when it began: {why}; {instead}{kept}\n")
}

/// What of the table the disk has not taken. One that is tried for the first time is not worth a word.
fn unkept_line(unkept: &UnkeptTable) -> String {
    let why = unkept.why.as_ref().map(|why| harmless(why));
    why.map_or_else(String::new, |why| {
        format!(
            "what it serves can't be kept on disk, and a restart begins with what was kept before: {why}; make room \
             there, it is tried again each second\n"
        )
    })
}

/// Services that are told of a router that runs alone; its own command tells all.
const TOLD: usize = 20;

/// What gives way where the table of origins is too wide.
const EASES: [Ease; 7] = [
    Ease::Wrap("GOES BACK"),
    Ease::List("LISTENS ON"),
    Ease::Drop("OPEN"),
    Ease::Shorten("ORIGIN", 12),
    Ease::Drop("GOES BACK"),
    Ease::Drop("READY"),
    Ease::Shorten("SERVICE", 16),
];

/// The same of certificates: what is wrong with one is in the column without a head.
const CERTIFICATE_EASES: [Ease; 3] = [
    Ease::Wrap(""),
    Ease::Drop("ISSUER"),
    Ease::Wrap("CERTIFICATE OF"),
];

fn fitting(
    header: &[&'static str],
    rows: Vec<Vec<String>>,
    fits: Option<usize>,
    eases: &[Ease],
) -> String {
    Grid::new(header, rows).fit(fits, eases).text(fits)
}

/// Who decides, one row for each origin, and what went back by itself.
pub(crate) fn router_text(
    observed: &ObservedTable,
    certificates: &[Shown],
    (fits, style): (Option<usize>, &Style),
) -> String {
    let program = router_line(&observed.program, ("this program", &RouterProgram::own()));
    let who = if observed.alone {
        "runs alone, by its file".to_owned()
    } else {
        format!("a controller decides, epoch {}", observed.epoch)
    };
    let mut text = [&program, "\n", &who, "\n"].concat();
    if let Some(damaged) = &observed.damaged {
        text.push_str(&damaged_line(damaged));
    }
    if let Some(unkept) = &observed.unkept {
        text.push_str(&unkept_line(unkept));
    }
    if observed.services.is_empty() {
        text.push_str("serves nothing\n");
    } else {
        let header = [
            "SERVICE",
            "LISTENS ON",
            "ORIGIN",
            "SHARE",
            "OPEN",
            "READY",
            "GOES BACK",
        ];
        let services = observed.services.iter();
        let rows = services.flat_map(|(key, entry)| rows(observed, key, entry));
        text.push('\n');
        text.push_str(&fitting(&header, rows.collect(), fits, &EASES));
    }
    if !certificates.is_empty() {
        let rows = certificates.iter().map(|one| certificate(one, style));
        let header = ["CERTIFICATE OF", "ISSUER", "EXPIRES", ""];
        text.push('\n');
        text.push_str(&fitting(&header, rows.collect(), fits, &CERTIFICATE_EASES));
    }
    let connected = observed.connections;
    if connected.beyond_total + connected.beyond_address > 0 {
        let (total, each) = (connected.beyond_total, connected.beyond_address);
        let closed = format!(
            "\nclosed at once: {total} connections beyond a listener's total, {each} beyond a client's share\n"
        );
        text.push_str(&closed);
    }
    for (key, entry) in &observed.services {
        if !entry.passage.is_open() {
            let (name, standing) = (name(observed, key), standing(entry, now_us(), &style.zone));
            text.push_str(&["\n", &name, " ", &standing, "\n"].concat());
        }
    }
    for trip in &observed.trips {
        let when = of_calendar(trip.at_us, &style.zone);
        text.push_str(&["\n", &when, "  ", &trip_text(observed, trip), "\n"].concat());
    }
    text
}

fn rows(observed: &ObservedTable, key: &ServiceKey, entry: &ObservedRoute) -> Vec<Vec<String>> {
    let listens: Vec<String> = entry
        .route
        .listeners
        .iter()
        .map(ToString::to_string)
        .collect();
    let (name, listens) = (name(observed, key), listens.join(", "));
    let mut rows: Vec<_> = entry
        .route
        .slots
        .iter()
        .map(|slot| row(entry, slot))
        .collect();
    if rows.is_empty() {
        let nobody = match entry.route.mode {
            RouteMode::Recreating => "being replaced",
            RouteMode::Serve => "nobody",
        };
        rows.push(vec![nobody.to_owned()]);
    }
    let rows = rows.into_iter().enumerate();
    rows.map(|(at, row)| {
        let first = if at == 0 {
            [name.clone(), listens.clone()]
        } else {
            [String::new(), String::new()]
        };
        first.into_iter().chain(row).collect()
    })
    .collect()
}

fn certificate(one: &Shown, style: &Style) -> Vec<String> {
    vec![
        one.whose(),
        one.issuer.clone().unwrap_or_default(),
        one.expires(&style.zone),
        one.standing(&style.zone),
    ]
}

fn row(entry: &ObservedRoute, slot: &RouteSlot) -> Vec<String> {
    let now = entry.slots.get(&slot.slot).cloned().unwrap_or_default();
    let armed = entry
        .tripwire
        .as_ref()
        .filter(|wire| wire.slot == slot.slot);
    let others = entry.route.slots.iter();
    let other = others.rev().find(|other| other.slot != slot.slot);
    let to = other.map_or_else(String::new, |it| {
        format!("to {}: ", harmless(&it.version.0))
    });
    let back = armed.map(|wire| match (wire.errors_above, wire.slower) {
        (Some(rate), None) => format!("{to}over {rate} errors"),
        (Some(rate), Some(Slower { than, above, .. })) => {
            format!("{to}over {rate} errors, or {above} slower than {than}")
        }
        (None, Some(Slower { than, above, .. })) => format!("{to}over {above} slower than {than}"),
        (None, None) => format!("{to}if it is gone"),
    });
    vec![
        harmless(&slot.version.0),
        slot.weight.to_string(),
        now.in_flight.to_string(),
        format!("{} of {}", now.ready.len(), slot.instances.len()),
        back.unwrap_or_default(),
    ]
}

/// What went back, and why.
pub(crate) fn trip_text(observed: &ObservedTable, trip: &Trip) -> String {
    let entry = observed.services.get(&trip.service);
    let slot = entry.and_then(|entry| entry.route.slots.iter().find(|s| s.slot == trip.slot));
    let what = match slot {
        Some(slot) => harmless(&slot.version.0),
        None => format!("slot {}", trip.slot),
    };
    let service = name(observed, &trip.service);
    let saw = match trip.rule {
        TripRule::Errors => {
            let (errors, answers) = (trip.errors, trip.answers);
            format!("{errors} of {answers} answers of {what} were errors")
        }
        TripRule::Slow => {
            let (slow, answers) = (trip.slow, trip.answers);
            format!("{slow} of {answers} answers of {what} took too long")
        }
        TripRule::Silent => {
            let waited = trip.slow;
            format!("{what} answers nothing any more: {waited} requests waited for it in vain")
        }
        TripRule::ConnectFailures => format!("{what} could not be connected to"),
        TripRule::InstancesGone => format!("no instance of {what} is ready any more"),
        TripRule::Asked => "somebody asked for it".to_owned(),
    };
    match &trip.withheld {
        Some(_) => format!("{service} could not go back: nothing there is ready; {saw}"),
        None => format!("{service} went back by itself: {saw}"),
    }
}
