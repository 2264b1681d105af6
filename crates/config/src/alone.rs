//! The file of a router that runs alone, into the routes that it serves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use windlass_model::{
    EnvironmentName, Instance, InstanceId, Label, Listen, Percent, Probe, ProbeKind, Route,
    RouteMode, RouteSlot, ServiceKey, ServiceName, SlotId, Speaks, Traffic, Version,
};

use crate::assemble;
use crate::check::{check_addresses, check_metrics, check_ordered};
use crate::decode::{
    AloneFile, AloneServiceDraft, Entries, MaintenanceDraft, OriginDraft, ServiceDraft,
    TimeoutsDraft,
};
use crate::environment::View;
use crate::field::{At, Keys, Shape};
use crate::format::Format;
use crate::load::{Refused, RefusedKind, in_order, misread, refused};
use crate::parse::parse;
use crate::problem::{ADDRESS_TAKEN, MISSING_KEY, Problem, SHARE};
use crate::reader::Reader;

/// Where the copies of an origin run, as far as the router knows.
const PLACE: &str = "elsewhere";

/// What came out of the file of a router that runs alone.
#[derive(Clone, Debug)]
pub struct LoadedAlone {
    /// Per service. Paths of certificates are as they are written.
    pub routes: BTreeMap<ServiceKey, Route>,
    /// Files of maintenance pages, as they are written.
    pub pages: BTreeMap<ServiceKey, String>,
    /// What may not be meant as it is written, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Reads the file of a router that runs alone; the ending of its `name` says the [`Format`].
///
/// # Errors
/// Every problem at once; one that makes the rest unreadable, such as a syntax error, alone.
pub fn load_alone(text: &str, name: &str) -> Result<LoadedAlone, Refused> {
    let format = Format::of(name);
    let parsed = parse(text, format)
        .map_err(|problem| refused(RefusedKind::Configuration, vec![problem]))?;
    let mut reader = Reader::new(text, format);
    reader.problems = parsed.problems;
    reader.warnings = parsed.warnings;
    let file = Keys::<AloneFile>::decode(&parsed.root, &mut reader).unwrap_or_default();
    let services = file.services.good().map(Vec::as_slice).unwrap_or_default();
    let metrics = file.router.good().and_then(|draft| draft.metrics.at());
    let view = view(services);
    check_addresses(&view, &mut reader);
    check_metrics(metrics, &view, &mut reader);
    check_ordered(&view, &mut reader);
    let routes = services.iter().filter_map(|(name, draft)| {
        let mut route = route(name, &draft.value, &mut reader)?;
        for listen in &mut route.listeners {
            listen.metrics = metrics.map(|at| at.value);
        }
        Some((ServiceKey::alone(name.value.clone()), route))
    });
    let routes = routes.collect();
    let pages = services.iter().filter_map(|(name, draft)| {
        let page = draft.value.maintenance.good()?.page.good()?;
        Some((ServiceKey::alone(name.value.clone()), page.clone()))
    });
    let pages = pages.collect();
    if !reader.problems.is_empty() {
        return Err(misread(text, format, reader.problems));
    }
    Ok(LoadedAlone {
        routes,
        pages,
        warnings: in_order(reader.warnings),
    })
}

/// Its services as far as the rules about addresses look at them.
fn view(services: &[(At<ServiceName>, At<AloneServiceDraft>)]) -> View {
    let service = |draft: &AloneServiceDraft| {
        let mut service = ServiceDraft::default();
        service.listen = draft.listen.clone();
        Rc::new(service)
    };
    let all = services.iter();
    View {
        name: EnvironmentName::default_environment(),
        services: all
            .map(|(name, draft)| (name.value.clone(), service(&draft.value)))
            .collect(),
    }
}

fn route(
    name: &At<ServiceName>,
    draft: &AloneServiceDraft,
    reader: &mut Reader<'_>,
) -> Option<Route> {
    let origins = draft.origins.good()?;
    let mut named: Vec<_> = origins.iter().zip(shares(name, origins, reader)?).collect();
    // So that a slot is the same one wherever its origin stands in the file.
    named.sort_by(|((one, _), _), ((other, _), _)| one.value.cmp(&other.value));
    let labels = [Label::Blue, Label::Green];
    let slots = (1..).zip(labels).zip(named);
    let slots = slots.map(|((number, label), ((origin, at), weight))| {
        Some(RouteSlot {
            slot: SlotId(number),
            label,
            version: Version(origin.value.clone()),
            weight,
            instances: instances(number, &at.value)?,
            probe: probe(draft),
            speaks: speaks(draft),
        })
    });
    let listen = assemble::listen(draft.listen.good()?)?;
    refuse_loop(name, origins, &listen, reader);
    Some(Route {
        listeners: vec![listen],
        mode: RouteMode::Serve,
        slots: slots.collect::<Option<_>>()?,
        traffic: Box::new(Traffic {
            timeouts: draft
                .timeouts
                .good()
                .map(TimeoutsDraft::timeouts)
                .unwrap_or_default(),
            maintenance: draft
                .maintenance
                .good()
                .map(MaintenanceDraft::maintenance)
                .unwrap_or_default(),
            ..Traffic::default()
        }),
        thresholds: Vec::new(),
    })
}

/// The share of each origin; none if a problem was reported.
fn shares(
    name: &At<ServiceName>,
    origins: &Entries<String, OriginDraft>,
    reader: &mut Reader<'_>,
) -> Option<Vec<Percent>> {
    if origins
        .iter()
        .any(|(_, origin)| origin.value.share.is_broken())
    {
        return None;
    }
    let said = |(_, origin): &(At<String>, At<OriginDraft>)| origin.value.share.good().copied();
    let said: Vec<Option<Percent>> = origins.iter().map(said).collect();
    let shares = match said[..] {
        [None] => vec![Percent::FULL],
        [Some(share)] => vec![share],
        [Some(share), None] => vec![share, share.rest()],
        [None, Some(share)] => vec![share.rest(), share],
        [Some(one), Some(other)] => vec![one, other],
        [None, None] => {
            let message = format!("none of the origins of `{}` says its share", name.value);
            let hint = "add `share: 100%` to the one that serves; the other has the rest";
            reader.refuse_for(MISSING_KEY, name.span, message, hint);
            return None;
        }
        // Their number was told.
        _ => return None,
    };
    let sum: u32 = shares.iter().map(|share| u32::from(share.get())).sum();
    if sum == 100 {
        return Some(shares);
    }
    let at = origins
        .iter()
        .filter_map(|(_, origin)| origin.value.share.at());
    let message = format!("the shares of `{}` come to {sum}%, not to 100%", name.value);
    let hint = if origins.len() == 1 {
        "one origin has everything: leave its share out"
    } else {
        "say the share of one; the other has the rest"
    };
    let span = at.map(|share| share.span).max().unwrap_or(name.span);
    reader.refuse_for(SHARE, span, message, hint);
    None
}

/// Refuses an origin that is the router itself: each request would come back to it, until nothing is left to
/// take one.
fn refuse_loop(
    name: &At<ServiceName>,
    origins: &Entries<String, OriginDraft>,
    listen: &Listen,
    reader: &mut Reader<'_>,
) {
    let own = listen.address;
    let is_own = |at: SocketAddr| {
        let everywhere =
            own.ip().is_unspecified() && (at.ip().is_loopback() || at.ip().is_unspecified());
        at.port() == own.port() && (at.ip() == own.ip() || everywhere)
    };
    for (origin, draft) in origins {
        let all = draft.value.at.good().into_iter().flatten();
        for at in all.filter(|at| is_own(at.value)) {
            let message = format!(
                "the origin `{}` is at {}, where the router itself serves `{}`",
                origin.value, at.value, name.value
            );
            let hint =
                "name the address of the server behind it: a request would go round in a circle";
            reader.refuse_for(ADDRESS_TAKEN, at.span, message, hint);
        }
    }
}

fn instances(slot: u32, origin: &OriginDraft) -> Option<Vec<Instance>> {
    let instance = |(number, at): (usize, &At<SocketAddr>)| {
        Some(Instance {
            id: InstanceId::from_tail(&format!("{slot}x{number}")).ok()?,
            place: PLACE.to_owned(),
            address: at.value,
        })
    };
    let all = origin.at.good()?.iter().enumerate();
    all.map(instance).collect()
}

fn speaks(draft: &AloneServiceDraft) -> Speaks {
    draft.speaks.good().copied().unwrap_or_default()
}

fn probe(draft: &AloneServiceDraft) -> Probe {
    let (path, speaks) = (draft.ready.good().cloned(), speaks(draft));
    Probe {
        kind: path.map_or(ProbeKind::Tcp, |path| ProbeKind::Http { path, speaks }),
        ..Probe::default()
    }
}
