//! Pauses, maintenance, and their end.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use windlass_control::{ObservedRoute, Passage, RouterReply, RouterRequest};
use windlass_model::{Millis, ServiceKey};

use super::find;
use super::link::Link;
use super::refusal::{controlled, refused};
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Opens or shuts the way to a service, or to every one; for a time, if one is given.
pub(crate) fn pass(
    link: &Link,
    service: Option<&str>,
    (passage, lasts): (Passage, Option<Millis>),
) -> Result<Report, Diagnostic> {
    let table = link.observe()?;
    if !table.alone {
        return Err(controlled());
    }
    let all: Vec<&ServiceKey> = match service {
        Some(service) => vec![find::service(&table, service)?.0],
        None => table.services.keys().collect(),
    };
    let until_us = lasts.map(after);
    for key in &all {
        let request = RouterRequest::Passage {
            epoch: table.epoch,
            service: (*key).clone(),
            passage,
            until_us,
        };
        match link.call(&request)? {
            RouterReply::Done => {}
            RouterReply::Refused(refusal) => return Err(refused(&refusal, &table)),
            other => return Err(link.unexpected(&other)),
        }
    }
    let now = link.observe()?;
    let now = all
        .iter()
        .filter_map(|key| Some((*key, now.services.get(*key)?)));
    let text: String = now
        .clone()
        .map(|(key, now)| [key.service.as_str(), " ", &standing(now), "\n"].concat())
        .collect();
    let json: Vec<_> = now
        .map(|(key, now)| {
            json!({ "service": key.service, "passage": now.passage, "until_us": now.until_us })
        })
        .collect();
    Report::new(text, &json)
}

/// How requests fare: "is paused: ...".
pub(crate) fn standing(now: &ObservedRoute) -> String {
    let end = if now.until_us.is_some() {
        "for a time"
    } else {
        "until it is resumed"
    };
    match now.passage {
        Passage::Open => "takes requests".to_owned(),
        Passage::Paused(pause) => format!("is paused {end}: requests wait up to {}", pause.within),
        Passage::Maintenance => format!("shows its maintenance page {end}"),
    }
}

/// Calendar time so long from now, in microseconds.
fn after(lasts: Millis) -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from((now + lasts.duration()).as_micros()).unwrap_or(i64::MAX)
}
