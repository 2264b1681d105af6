//! What happened outside of the sample's deployments.

use windlass_api::HappeningView;
use windlass_model::{Happened, Happening, InstanceEnd, InstanceOf, ServiceKey};

use super::noun::{app, at, id, instance, production, service};

/// One of each kind and way, newest first.
pub(crate) fn happenings() -> Vec<HappeningView> {
    let numbered = (1_u64..).zip((1..).zip(all().into_iter().chain(by_people())));
    let mut all: Vec<HappeningView> = numbered
        .map(|(sequence, (second, (of, what)))| {
            let mut happening = Happening::once(at(second * 1_000), of, what);
            if happening.of.is_some() {
                happening.count = 3;
                happening.first_us = at(0);
                happening.found_us = Some(at(60_000));
            }
            HappeningView::of(sequence, happening)
        })
        .collect();
    all.reverse();
    all
}

/// The same, oldest first, each with what it is about.
fn all() -> Vec<(Option<InstanceOf>, Happened)> {
    let api = || Some(instance_of_api());
    let why = || "the address 127.0.0.1:20001 is taken".to_owned();
    let killed = InstanceEnd::Killed(9);
    let last_lines = vec!["no connection to the database".to_owned()];
    vec![
        (None, Happened::ControllerEnded),
        (
            None,
            Happened::ControllerStarted {
                after_death: true,
                last_seen_us: Some(at(0)),
            },
        ),
        (None, Happened::RouterReplaced),
        (None, Happened::RouterNotStarted { why: why() }),
        (api(), Happened::InstanceNotStarted { why: why() }),
        (
            api(),
            Happened::InstanceEnded {
                end: InstanceEnd::Exited(1),
                last_lines,
            },
        ),
        (
            api(),
            Happened::InstanceUnready {
                saw: "no answer in 2s".to_owned(),
            },
        ),
        (
            api(),
            Happened::InstanceReadyAgain {
                since_us: at(1_000),
            },
        ),
        (None, Happened::RouterRestarted { end: killed }),
        (
            None,
            Happened::ControllerStarted {
                after_death: false,
                last_seen_us: None,
            },
        ),
    ]
}

/// What people did, oldest first.
fn by_people() -> Vec<(Option<InstanceOf>, Happened)> {
    let halted = Happened::Halted {
        by: "jo".to_owned(),
        why: None,
    };
    let lifted = Happened::HaltLifted {
        by: "mira".to_owned(),
        why: None,
    };
    vec![
        (
            None,
            Happened::TakenDown {
                app: app(),
                environment: production(),
                services: vec![service("api")],
                stuck: None,
                by: "jo".to_owned(),
                why: Some("moves house".to_owned()),
            },
        ),
        (None, halted),
        (None, lifted),
        (
            None,
            Happened::Finalized {
                deployment: id("dep_01k0a"),
                app: app(),
                environment: production(),
                services: vec![service("api")],
                by: "mira".to_owned(),
                why: Some("frees memory".to_owned()),
            },
        ),
        (
            None,
            Happened::GivenUp {
                deployment: id("dep_01k0a"),
                by: "mira".to_owned(),
                why: None,
            },
        ),
        (
            None,
            Happened::Adopted {
                by: "jo".to_owned(),
                why: Some("restored a backup".to_owned()),
            },
        ),
    ]
}

fn instance_of_api() -> InstanceOf {
    InstanceOf {
        service: ServiceKey {
            app: app(),
            environment: production(),
            service: service("api"),
        },
        instance: instance("2a"),
    }
}
