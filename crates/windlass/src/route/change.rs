//! Splits, drains and the way back.

use std::time::{Duration, Instant};

use windlass_api::Exit;
use windlass_control::{ObservedRoute, ObservedTable, RouterReply, RouterRequest, Split};
use windlass_model::{Millis, Percent, Rate, ServiceKey, SlotId, Slower};

use super::find;
use super::link::Link;
use super::refusal::{controlled, refused};
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::Ui;
use crate::ui::words::{counted, harmless};

/// How often a drain looks: as often as a controller does.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// A split as it is typed.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) service: &'a str,
    pub(crate) origin: &'a str,
    pub(crate) share: Percent,
    pub(crate) errors_above: Option<Rate>,
    pub(crate) slower: Option<Slower>,
    pub(crate) again: bool,
}

/// Gives one origin of a service a share, and the other one the rest.
pub(crate) fn split(link: &Link, wanted: &Wanted<'_>, ui: &Ui) -> Result<Report, Diagnostic> {
    let (key, _) = moved(link, wanted)?;
    let table = link.observe()?;
    let now = table.services.get(&key);
    if let Some(back) = now.and_then(|now| way_back(&key, now)) {
        ui.say(&back);
    }
    Report::new(now.map_or_else(String::new, |now| told(&key, now)), &now)
}

/// Takes everything from one origin, waits until it has nothing open, and cuts what is open after
/// that.
pub(crate) fn drain(
    link: &Link,
    wanted: &Wanted<'_>,
    within: Millis,
) -> Result<Report, Diagnostic> {
    let (key, slot) = moved(link, wanted)?;
    let until = Instant::now() + within.duration();
    let origin = wanted.origin;
    loop {
        let table = link.observe()?;
        let now = table
            .services
            .get(&key)
            .and_then(|now| now.slots.get(&slot));
        let open = now.map_or(0, |now| now.in_flight);
        if open == 0 {
            let text = format!("{origin} has nothing open\n");
            return Report::new(text, &serde_json::json!({ "origin": origin, "cut": 0 }));
        }
        if Instant::now() >= until {
            let cut = cut(link, &table, (&key, slot))?;
            let text = format!("cut {} of {origin} after {within}\n", requests(cut));
            return Report::new(text, &serde_json::json!({ "origin": origin, "cut": cut }));
        }
        std::thread::sleep(LOOK);
    }
}

fn cut(
    link: &Link,
    table: &ObservedTable,
    (key, slot): (&ServiceKey, SlotId),
) -> Result<u64, Diagnostic> {
    let request = RouterRequest::Cut {
        epoch: table.epoch,
        service: key.clone(),
        slot,
    };
    match link.call(&request)? {
        RouterReply::Cut(count) => Ok(count),
        RouterReply::Refused(refusal) => Err(refused(&refusal, table)),
        other => Err(link.unexpected(&other)),
    }
}

fn requests(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "request")
}

/// Moves a share; says of which service and slot.
fn moved(link: &Link, wanted: &Wanted<'_>) -> Result<(ServiceKey, SlotId), Diagnostic> {
    let table = link.observe()?;
    if !table.alone {
        return Err(controlled());
    }
    let (key, entry) = find::service(&table, wanted.service)?;
    let slot = find::origin((key, entry), wanted.origin)?.slot;
    let request = RouterRequest::Split(Split {
        service: key.clone(),
        slot,
        share: wanted.share,
        decided_on: entry.generation,
        errors_above: wanted.errors_above,
        slower: wanted.slower,
        again: wanted.again,
    });
    match link.call(&request)? {
        RouterReply::Applied(_) => Ok((key.clone(), slot)),
        RouterReply::Refused(refusal) => Err(refused(&refusal, &table)),
        other => Err(link.unexpected(&other)),
    }
}

/// `web: v1 95 %, v2 5 %`.
fn told(key: &ServiceKey, now: &ObservedRoute) -> String {
    let slots = now.route.slots.iter();
    let slots: Vec<String> = slots
        .map(|slot| format!("{} {}", slot.version.0, slot.weight))
        .collect();
    format!("{}: {}\n", key.service, slots.join(", "))
}

/// Where it goes back to, and when; none where nobody is watched.
fn way_back(key: &ServiceKey, now: &ObservedRoute) -> Option<String> {
    let wire = now.tripwire.as_ref()?;
    let newcomer = now.route.slots.iter().find(|slot| slot.slot == wire.slot)?;
    let back = wire.way_back.get(key)?.slots.iter();
    let back = harmless(&back.max_by_key(|slot| slot.weight)?.version.0);
    let newcomer = harmless(&newcomer.version.0);
    let errors = match wire.errors_above {
        Some(rate) => format!(" or answers over {rate} errors"),
        None => String::new(),
    };
    Some(format!(
        "way back: all to {back}, by itself when {newcomer} is gone{errors}; by hand: windlass router rollback"
    ))
}

/// Goes the armed way back, of one service or of all.
pub(crate) fn rollback(link: &Link, service: Option<&str>) -> Result<Report, Diagnostic> {
    let table = link.observe()?;
    let only = service
        .map(|service| find::service(&table, service))
        .transpose()?;
    let request = RouterRequest::GoBack {
        service: only.map(|(key, _)| key.clone()),
    };
    let went = match link.call(&request)? {
        RouterReply::WentBack(went) => went,
        RouterReply::Refused(refusal) => return Err(refused(&refusal, &table)),
        other => return Err(link.unexpected(&other)),
    };
    if went.is_empty() {
        let nothing = Diagnostic::new(Exit::Refused, "there is no split to go back from");
        let nothing = nothing.code("WL0426");
        return Err(nothing.detail("nothing was changed").hint(if table.alone {
            "look: windlass router status"
        } else {
            "after a promotion it is the controller that goes back: windlass rollback"
        }));
    }
    let now = link.observe()?;
    let took = went.iter().flat_map(|trip| &trip.took_back);
    let lines = took.filter_map(|key| Some(told(key, now.services.get(key)?)));
    let mut text: String = lines.collect();
    if !now.alone {
        text.push_str("the controller takes the deployment back as soon as it hears of it\n");
    }
    Report::new(text, &went)
}
