//! What happens in a deployment, event by event.

use windlass_api::Event;
use windlass_model::{
    Fact, Follow, InstanceEnd, Millis, Outcome, Percent, Proof, Repair, ReturnReason, RolloutPhase,
    SlotId, StuckReason, Trigger, Verdict,
};

use super::noun::{at, id, instance, percent, plan_id, service, version};
use super::plan::plan_view;
use super::view::deployment;
use crate::follow::Progress;

fn event(number: u64, ms: i64, facts: Vec<Fact>) -> Event {
    Event {
        sequence: 10 + number,
        deployment: id("dep_01k0a"),
        number,
        at_us: at(ms),
        facts,
    }
}

fn phase(name: &str, phase: RolloutPhase) -> Fact {
    Fact::PhaseEntered {
        service: service(name),
        phase,
    }
}

fn shifted(name: &str, to: u64, text: &str) -> Fact {
    Fact::TrafficShifted {
        service: service(name),
        slot: SlotId(2),
        version: version(text),
        to: percent(to),
    }
}

fn started(name: &str, tail: &str, port: u16) -> Fact {
    Fact::InstanceStarted {
        service: service(name),
        instance: instance(tail),
        address: ([127, 0, 0, 1], port).into(),
    }
}

fn ready(name: &str, tail: &str) -> Fact {
    Fact::InstanceReady {
        service: service(name),
        instance: instance(tail),
    }
}

fn began() -> Vec<Event> {
    vec![
        event(
            0,
            0,
            vec![Fact::DeploymentStarted {
                plan: plan_id(),
                services: vec![service("auth"), service("api")],
                programs: None,
            }],
        ),
        event(
            1,
            20,
            vec![
                phase("auth", RolloutPhase::Starting),
                started("auth", "1a", 20001),
                started("auth", "1b", 20002),
            ],
        ),
        event(2, 2_000, vec![ready("auth", "1a")]),
        event(
            3,
            2_100,
            vec![ready("auth", "1b"), phase("auth", RolloutPhase::Shifting)],
        ),
        event(
            4,
            2_150,
            vec![
                shifted("auth", 25, "1.4.2"),
                phase("auth", RolloutPhase::Baking),
            ],
        ),
        event(
            5,
            2_150,
            vec![Fact::BakeStarted {
                service: service("auth"),
                within: Millis::from_secs(30),
            }],
        ),
        event(6, 32_200, vec![shifted("auth", 100, "1.4.2")]),
        event(
            7,
            33_000,
            vec![Fact::RolloutPassed {
                service: service("auth"),
            }],
        ),
        event(
            8,
            33_010,
            vec![
                phase("api", RolloutPhase::Starting),
                started("api", "2a", 20003),
            ],
        ),
    ]
}

/// A deployment that is promoted.
pub(crate) fn good_story() -> Vec<Event> {
    let mut story = began();
    story.extend([
        event(
            9,
            35_000,
            vec![ready("api", "2a"), phase("api", RolloutPhase::Shifting)],
        ),
        event(10, 35_100, vec![shifted("api", 100, "1.4.2")]),
        event(
            11,
            38_000,
            vec![Fact::RolloutPassed {
                service: service("api"),
            }],
        ),
        event(
            12,
            38_010,
            vec![Fact::Promoted {
                services: vec![service("api"), service("auth")],
            }],
        ),
        event(
            13,
            41_000,
            vec![Fact::SlotDrained {
                service: service("auth"),
                slot: SlotId(1),
                cut: 0,
            }],
        ),
        event(
            14,
            41_260,
            vec![Fact::Ended {
                outcome: Outcome::Promoted,
            }],
        ),
    ]);
    story
}

/// A deployment whose `api` is never ready.
pub(crate) fn bad_story() -> Vec<Event> {
    let mut story = began();
    let end = InstanceEnd::NeverReady("HTTP 503".to_owned());
    story.extend([
        event(
            9,
            40_000,
            vec![
                Fact::InstanceLost {
                    service: service("api"),
                    instance: instance("2a"),
                    end: end.clone(),
                    last_lines: Vec::new(),
                },
                Fact::RolloutFailed {
                    service: service("api"),
                    why: ReturnReason::InstanceLost {
                        instance: instance("2a"),
                        end,
                    },
                },
                Fact::RolloutFailed {
                    service: service("auth"),
                    why: ReturnReason::OtherFailed(service("api")),
                },
                phase("auth", RolloutPhase::Returning),
                phase("api", RolloutPhase::Returning),
            ],
        ),
        event(10, 40_100, vec![shifted("auth", 0, "1.4.2")]),
        event(
            11,
            41_000,
            vec![
                Fact::RolloutReturned {
                    service: service("auth"),
                },
                Fact::RolloutReturned {
                    service: service("api"),
                },
            ],
        ),
        event(
            12,
            41_260,
            vec![Fact::Ended {
                outcome: Outcome::RolledBack,
            }],
        ),
    ]);
    story
}

/// A deployment whose `api` answers with errors: the router takes it back.
pub(crate) fn tripped_story() -> Vec<Event> {
    let saw = || "6 of 9 answers of 1.4.2 were errors".to_owned();
    let tripped = |name: &str| Fact::RolloutFailed {
        service: service(name),
        why: ReturnReason::Tripped {
            service: service("api"),
            saw: saw(),
        },
    };
    let proved = |name: &str, copies: u16| Fact::Proved {
        service: service(name),
        proof: Proof {
            version: version("1.4.1"),
            share: Some(Percent::FULL),
            ready: copies,
            instances: copies,
            left: version("1.4.2"),
            stray: Some(0),
            watched: Millis::from_secs(5),
        },
    };
    let mut story = began();
    story.extend([
        event(9, 35_000, vec![ready("api", "2a")]),
        event(10, 35_100, vec![shifted("api", 100, "1.4.2")]),
        event(
            11,
            35_200,
            vec![
                Fact::TripwireFired {
                    service: service("api"),
                    took_back: vec![service("api")],
                    saw: saw(),
                },
                tripped("api"),
            ],
        ),
        event(12, 40_300, vec![proved("api", 1), proved("auth", 2)]),
        event(
            13,
            41_260,
            vec![Fact::Ended {
                outcome: Outcome::RolledBack,
            }],
        ),
    ]);
    story
}

/// A step that waits for evidence.
pub(crate) fn awaited(name: &str) -> Fact {
    Fact::EvidenceAwaited {
        service: service(name),
        verdict: Verdict::Inconclusive,
        more_requests: Some(1_200),
        within: Millis::from_secs(1_770),
    }
}

/// What seldom happens, one fact each.
pub(crate) fn rare_facts() -> Vec<Event> {
    let by = || "mira".to_owned();
    let facts = vec![
        Fact::TriggerFired {
            service: service("api"),
            trigger: Trigger::DEFAULTS[2].clone().into(),
            saw: "31 of 200 answers were errors".to_owned(),
        },
        Fact::Sight {
            service: service("api"),
            sees: false,
            why: Some("metric logins: no answer in 15s".to_owned()),
        },
        awaited("auth"),
        Fact::EvidenceMissing {
            service: service("auth"),
            verdict: Verdict::NoData,
            then: Follow::Hold,
            saw: "nothing came".to_owned(),
        },
        Fact::TripwireWithheld {
            service: service("auth"),
            saw: "5 connections in a row failed".to_owned(),
        },
        Fact::Superseded { by: by() },
        Fact::Repaired {
            by: by(),
            how: Repair::Done,
        },
        Fact::WentPast {
            service: service("auth"),
            past: super::past(),
        },
        Fact::Removed {
            service: service("api"),
        },
        Fact::Renamed {
            service: service("api"),
            from: service("old"),
        },
        Fact::RenameFailed {
            service: service("api"),
            from: service("old"),
            saw: "the router is not there".to_owned(),
        },
        Fact::Stuck {
            service: service("auth"),
            why: StuckReason::RollbackFailed(ReturnReason::InstanceLost {
                instance: instance("1a"),
                end: InstanceEnd::Exited(7),
            }),
        },
        Fact::Ended {
            outcome: Outcome::Abandoned,
        },
    ];
    vec![event(1, 1_000, facts)]
}

/// A deployment that a person stopped.
pub(crate) fn aborted_story() -> Vec<Event> {
    let mut story = began();
    let by = || "mira".to_owned();
    story.extend([
        event(9, 34_000, vec![Fact::AbortRequested { by: by() }]),
        event(
            10,
            34_000,
            vec![Fact::RolloutFailed {
                service: service("auth"),
                why: ReturnReason::Aborted { by: by() },
            }],
        ),
        event(
            11,
            35_000,
            vec![Fact::Ended {
                outcome: Outcome::RolledBack,
            }],
        ),
    ]);
    story
}

/// One event in which an instance gives this answer.
pub(crate) fn bad_answer(text: &str) -> Vec<Event> {
    let fact = Fact::InstanceLost {
        service: service("api"),
        instance: instance("2a"),
        end: InstanceEnd::Unready(text.to_owned()),
        last_lines: vec![text.to_owned()],
    };
    vec![event(1, 0, vec![fact])]
}

pub(crate) fn held() -> Event {
    event(
        1,
        1_000,
        vec![Fact::Held {
            by: "mira".to_owned(),
        }],
    )
}

/// The picture before the first event, with its plan.
pub(crate) fn untold() -> Progress {
    Progress::begin(&deployment("dep_01k0a"), Some(&plan_view().plan))
}

/// The picture after a story.
pub(crate) fn told(story: &[Event]) -> Progress {
    let mut picture = untold();
    for event in story {
        picture.apply(event);
    }
    picture
}
