//! Pauses, maintenance, and their end.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use serde_json::json;
use windlass_control::{
    ObservedRoute, ObservedTable, Passage, Refusal, RouterReply, RouterRequest, UnkeptTable,
};
use windlass_model::{Millis, ServiceKey, count};

use super::change::LOOK;
use super::find;
use super::link::Link;
use super::refusal::{controlled, refused};
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::time::{ends, now_us};
use crate::ui::words::harmless;

/// What to do where a router does not take a word for all of its services.
const OF_ALL: &str =
    "name one service at a time, or bring an older router to this version: windlass router upgrade";

/// Longest time that a person waits to hear whether the disk has taken it.
const KEPT_TIME: Duration = Duration::from_secs(3);

/// Opens or shuts the way to a service, or to every one; for a time, if one is given.
pub(crate) fn pass(
    link: &Link,
    service: Option<&str>,
    (passage, lasts): (Passage, Option<Millis>),
    zone: &TimeZone,
) -> Result<Report, Diagnostic> {
    let table = link.observe()?;
    if !table.alone {
        return Err(controlled());
    }
    let named = match service {
        Some(service) => Some(find::service(&table, service)?.0),
        None => None,
    };
    let request = RouterRequest::Passage {
        epoch: table.epoch,
        service: named.cloned(),
        passage,
        until_us: lasts.map(after),
    };
    match link.call(&request)? {
        RouterReply::Done => {}
        RouterReply::Refused(refusal) => {
            let said = refused(&refusal, &table);
            let is_of_all = named.is_none() && matches!(refusal, Refusal::Invalid(_));
            return Err(if is_of_all { said.hint(OF_ALL) } else { said });
        }
        other => return Err(link.unexpected(&other)),
    }
    let seen = settled(link)?;
    let asked = |key: &ServiceKey| named.is_none_or(|named| named == key);
    let now = seen.services.iter().filter(|(key, _)| asked(key));
    let mut text: String = now
        .clone()
        .map(|(key, now)| {
            [
                key.service.as_str(),
                " ",
                &standing(now, now_us(), zone),
                "\n",
            ]
            .concat()
        })
        .collect();
    // It is in effect all the same: a full disk is no reason to serve what must not be served.
    if let Some(unkept) = &seen.unkept {
        text.push_str(&undone(unkept));
    }
    let json: Vec<_> = now
        .map(|(key, now)| {
            json!({
                "service": key.service,
                "passage": now.passage,
                "until_us": now.until_us,
                "waiting": now.waiting,
                "kept": seen.unkept.is_none(),
            })
        })
        .collect();
    Report::new(text, &json)
}

/// The table once the disk has taken it or has refused it, which may take a moment.
fn settled(link: &Link) -> Result<ObservedTable, Diagnostic> {
    let until = Instant::now() + KEPT_TIME;
    loop {
        let seen = link.observe()?;
        let waits = seen
            .unkept
            .as_ref()
            .is_some_and(|unkept| unkept.why.is_none());
        if !waits || Instant::now() >= until {
            return Ok(seen);
        }
        std::thread::sleep(LOOK);
    }
}

/// What is said of what is in effect and not on disk.
fn undone(unkept: &UnkeptTable) -> String {
    let why = unkept.why.as_deref().map(harmless);
    let why = why.unwrap_or_else(|| "the disk has not answered yet".to_owned());
    format!(
        "not kept on disk: a restart of the router undoes it\n  {why}; make room there, it is tried again each \
         second\n"
    )
}

/// How requests fare, with when that ends and who waits: "is paused until 14:03:20 (25s left), then …".
pub(crate) fn standing(now: &ObservedRoute, now_us: i64, zone: &TimeZone) -> String {
    let end = match now.until_us {
        Some(until_us) => format!(
            "until {}, then requests are let on",
            ends(until_us, now_us, zone)
        ),
        None => "until it is resumed".to_owned(),
    };
    match now.passage {
        Passage::Open => "takes requests".to_owned(),
        Passage::Paused(pause) => {
            let (within, room) = (pause.within, count(pause.waiting.into()));
            let waiting = match now.waiting {
                1 => "1 request waits".to_owned(),
                several => format!("{} requests wait", count(several)),
            };
            format!(
                "is paused {end}\n  {waiting}; one that has waited {within}, or finds {room} waiting, is \
                 answered 503"
            )
        }
        Passage::Maintenance => format!("shows its maintenance page {end}"),
    }
}

/// Calendar time so long from now, in microseconds.
fn after(lasts: Millis) -> i64 {
    let lasts = i64::try_from(lasts.duration().as_micros()).unwrap_or(i64::MAX);
    now_us().saturating_add(lasts)
}
