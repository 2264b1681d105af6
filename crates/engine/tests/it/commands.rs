//! What a person may say, and when.

use windlass_engine::deployment::{Accepted, Command, Deployment, Event, resume, step};
use windlass_model::{DeploymentState, OnFailure, Outcome, Repair, RolloutPhase};

use crate::builders::{App, Kind, instance_id, name};
use crate::rollback::{Back, rollback};
use crate::world::{World, by};

const COMMANDS: [Command; 8] = [
    Command::Hold,
    Command::Resume,
    Command::Abort,
    Command::Promote,
    Command::Supersede,
    Command::Repair(Repair::Retry),
    Command::Repair(Repair::Done),
    Command::Repair(Repair::Abandon),
];

fn said(command: Command) -> Event {
    let by = by();
    match command {
        Command::Hold => Event::HoldRequested { by },
        Command::Resume => Event::ResumeRequested { by },
        Command::Abort => Event::AbortRequested { by },
        Command::Promote => Event::PromoteRequested { by },
        Command::Supersede => Event::SupersedeRequested { by },
        Command::Repair(how) => Event::RepairRequested { by, how },
    }
}

fn canary() -> World {
    World::new(&App::of("api", Kind::Canary))
}

fn running() -> World {
    let mut world = canary();
    world.run_to_share("api", 25);
    world
}

fn promoting() -> World {
    let mut world = canary();
    assert!(world.run_until(World::is_promoting));
    world
}

fn held() -> World {
    let mut world = running();
    world.says_hold();
    world
}

fn returning() -> World {
    let mut world = running();
    world.says_abort();
    world
}

fn settling() -> World {
    let mut world = canary();
    assert!(world.run_until(World::is_promoted));
    world
}

fn stuck() -> World {
    let mut world = returning();
    world.script.router_silent.insert(name("api"));
    let there = world.run_until(|w| w.deployment.state() == DeploymentState::Stuck);
    assert!(there);
    world
}

fn stuck_after_promotion() -> World {
    let mut world = World::new(&App::of("api", Kind::Worker)).with(|script| {
        script.stop_fails.insert(instance_id("api", "old0"), 200);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    world
}

/// A rollback that got so far.
fn rolling_back(phase: RolloutPhase) -> World {
    let mut world = rollback(&App::of("api", Kind::Canary), Back::Cold);
    let there = world.run_until(|w| w.rollout("api").shown() == phase);
    assert!(there);
    world
}

/// Its route was refused.
fn stuck_rollback() -> World {
    let mut world = rollback(&App::of("api", Kind::Canary), Back::Cold).with(|script| {
        script.route_refused.insert(name("api"), 1);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    world
}

/// The release that it goes to is never ready.
fn stuck_before_it_moved() -> World {
    let mut world = rollback(&App::of("api", Kind::Canary), Back::Cold).with(|script| {
        script.never_ready.insert(instance_id("api", "new0"));
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    world
}

/// One service alone goes back, and finds nothing there; the other may still be stopped.
fn stuck_beside_what_goes_on() -> World {
    let app = App::of("api", Kind::Canary)
        .and("web", Kind::Canary, &[])
        .on_failure(OnFailure::Dependents);
    let mut world = World::new(&app);
    world.run_to_share("api", 25);
    world.script.router_silent.insert(name("api"));
    world.ends("api", "new0");
    let there = world.run_until(|w| w.deployment.state() == DeploymentState::Stuck);
    assert!(there);
    world
}

fn ended(outcome: Outcome) -> World {
    let failing = |app: App| {
        World::new(&app).with(|script| {
            script.never_ready.insert(instance_id("api", "new0"));
        })
    };
    let mut world = match outcome {
        Outcome::Promoted => canary(),
        Outcome::RolledBack => failing(App::of("api", Kind::Canary)),
        Outcome::Failed => failing(App::of("api", Kind::First)),
        Outcome::Abandoned => {
            let mut world = stuck();
            world.says_repair(Repair::Abandon);
            return world;
        }
        Outcome::PartlyPromoted => failing(
            App::of("api", Kind::Canary)
                .and("web", Kind::Canary, &[])
                .on_failure(OnFailure::Dependents),
        ),
    };
    assert_eq!(world.run_to_end(), outcome);
    world
}

/// A state, what stands there, and a cell for each command.
type Row = (DeploymentState, Deployment, [Accepted; 8]);

/// What stays where it is has to be repaired; what still goes on may be stopped too.
fn stuck_rows() -> Vec<Row> {
    use Accepted::{No, Yes};
    let stays = No("it is stuck until a person repairs it");
    let undone = No("what the rollback goes to does not run yet: retry once it can, or abandon it");
    let turned = [stays, stays, Yes, stays, Yes, Yes, Yes, Yes];
    let mended = [stays, stays, stays, stays, stays, Yes, Yes, Yes];
    let failed = [stays, stays, stays, stays, stays, Yes, undone, Yes];
    let rows = [
        (stuck(), mended),
        (stuck_after_promotion(), mended),
        (stuck_rollback(), failed),
        (stuck_before_it_moved(), failed),
        (stuck_beside_what_goes_on(), turned),
    ];
    rows.map(|(world, cells)| (DeploymentState::Stuck, world.deployment, cells))
        .into()
}

/// One row per state, or more where it depends.
fn table() -> Vec<Row> {
    use Accepted::{No, NoChange, Yes};
    let back = No("it is going back already");
    let promoted = No("it is promoted already");
    let well = No("it is not stuck: there is nothing to repair");
    let moved = No("it is a rollback that has moved traffic: it does not go back");
    let runs = [Yes, NoChange, Yes, Yes, Yes, well, well, well];
    let rows = [
        (DeploymentState::Running, running(), runs),
        (DeploymentState::Running, promoting(), runs),
        (
            DeploymentState::Held,
            held(),
            [NoChange, Yes, Yes, Yes, Yes, well, well, well],
        ),
        (
            DeploymentState::Returning,
            returning(),
            [back, back, NoChange, back, NoChange, well, well, well],
        ),
        (
            DeploymentState::Settling,
            settling(),
            [
                promoted, promoted, promoted, promoted, promoted, well, well, well,
            ],
        ),
        (
            DeploymentState::Running,
            rolling_back(RolloutPhase::Starting),
            runs,
        ),
        (
            DeploymentState::Running,
            rolling_back(RolloutPhase::Shifting),
            [Yes, NoChange, moved, Yes, moved, well, well, well],
        ),
    ];
    let over = [
        (Outcome::Promoted, "it has ended: promoted"),
        (Outcome::PartlyPromoted, "it has ended: partly promoted"),
        (Outcome::RolledBack, "it has ended: rolled back"),
        (Outcome::Failed, "it has ended: failed"),
        (Outcome::Abandoned, "it has ended: abandoned"),
    ]
    .map(|(outcome, why)| {
        (
            DeploymentState::Ended(outcome),
            ended(outcome),
            [No(why); 8],
        )
    });
    let all = rows.into_iter().chain(over);
    all.map(|(state, world, cells)| (state, world.deployment, cells))
        .chain(stuck_rows())
        .collect()
}

#[test]
fn every_cell_of_states_and_commands_is_decided() {
    for (state, deployment, cells) in table() {
        assert_eq!(deployment.state(), state);
        for (command, cell) in COMMANDS.into_iter().zip(cells) {
            assert_eq!(deployment.accepts(command), cell, "{state:?}, {command:?}");
        }
    }
}

#[test]
fn a_command_that_is_accepted_changes_something_and_any_other_changes_nothing() {
    for (state, deployment, cells) in table() {
        for (command, cell) in COMMANDS.into_iter().zip(cells) {
            let stepped = step(deployment.clone(), &said(command));
            if cell == Accepted::Yes {
                assert_ne!(stepped.deployment, deployment, "{state:?}, {command:?}");
                assert!(!stepped.facts.is_empty(), "{state:?}, {command:?}");
            } else {
                assert_eq!(stepped.deployment, deployment, "{state:?}, {command:?}");
                assert_eq!(stepped.actions, [], "{state:?}, {command:?}");
                assert_eq!(stepped.facts, [], "{state:?}, {command:?}");
            }
        }
    }
}

#[test]
fn what_only_the_deployment_may_say_means_nothing_from_outside() {
    use windlass_engine::rollout::Event as Said;
    let why = windlass_model::ReturnReason::Aborted { by: by() };
    for word in [
        Said::NeedsPassed,
        Said::Held,
        Said::Resumed,
        Said::Expedited,
        Said::ReturnRequested { why },
        Said::ReturnTurn,
        Said::Retried,
        Said::DoneByHand {
            by: "mira".to_owned(),
        },
        Said::Promoted,
    ] {
        for world in [running(), returning(), settling(), stuck()] {
            let event = Event::Rollout {
                service: name("api"),
                event: word.clone(),
            };
            let stepped = step(world.deployment.clone(), &event);
            assert_eq!(stepped.deployment, world.deployment, "{word:?}");
            assert_eq!((stepped.actions.len(), stepped.facts.len()), (0, 0));
        }
    }
}

#[test]
fn only_what_is_stuck_ends_by_being_taken_down() {
    let event = Event::TakenDown { by: by() };
    for (state, deployment, _) in table() {
        let stepped = step(deployment.clone(), &event);
        if state == DeploymentState::Stuck {
            assert!(stepped.deployment.is_ended(), "{state:?}");
            assert_eq!(stepped.actions, []);
            assert_eq!(resume(&stepped.deployment), []);
        } else {
            assert_eq!(stepped.deployment, deployment, "{state:?}");
        }
    }
}

#[test]
fn news_of_a_service_that_does_not_change_means_nothing() {
    let world = running();
    let event = Event::Rollout {
        service: name("other"),
        event: windlass_engine::rollout::Event::RouteApplied { attempt: 1 },
    };
    let stepped = step(world.deployment.clone(), &event);
    assert_eq!(stepped.deployment, world.deployment);
}
