//! What a person may say, and when.

use windlass_engine::deployment::{Accepted, Command, Deployment, Event, accepts, resume, step};
use windlass_model::{DeploymentState, OnFailure, Outcome};

use crate::builders::{App, Kind, instance_id, name};
use crate::world::{World, by};

const COMMANDS: [Command; 4] = [
    Command::Hold,
    Command::Resume,
    Command::Abort,
    Command::Promote,
];

fn said(command: Command) -> Event {
    let by = by();
    match command {
        Command::Hold => Event::HoldRequested { by },
        Command::Resume => Event::ResumeRequested { by },
        Command::Abort => Event::AbortRequested { by },
        Command::Promote => Event::PromoteRequested { by },
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
        Outcome::PartlyPromoted => failing(
            App::of("api", Kind::Canary)
                .and("web", Kind::Canary, &[])
                .on_failure(OnFailure::Dependents),
        ),
    };
    assert_eq!(world.run_to_end(), outcome);
    world
}

/// One row per state: the state, what stands there, and the four cells.
fn table() -> Vec<(DeploymentState, Deployment, [Accepted; 4])> {
    use Accepted::{No, NoChange, Yes};
    let back = No("it is going back already");
    let promoted = No("it is promoted already");
    let stays = No("it is stuck: abort tries again");
    let rows = [
        (
            DeploymentState::Running,
            running(),
            [Yes, NoChange, Yes, Yes],
        ),
        (
            DeploymentState::Running,
            promoting(),
            [Yes, NoChange, Yes, Yes],
        ),
        (DeploymentState::Held, held(), [NoChange, Yes, Yes, Yes]),
        (
            DeploymentState::Returning,
            returning(),
            [back, back, NoChange, back],
        ),
        (DeploymentState::Settling, settling(), [promoted; 4]),
        (DeploymentState::Stuck, stuck(), [stays, stays, Yes, stays]),
        (
            DeploymentState::Stuck,
            stuck_after_promotion(),
            [stays, stays, Yes, stays],
        ),
    ];
    let over = [
        (Outcome::Promoted, "it has ended: promoted"),
        (Outcome::PartlyPromoted, "it has ended: partly promoted"),
        (Outcome::RolledBack, "it has ended: rolled back"),
        (Outcome::Failed, "it has ended: failed"),
    ]
    .map(|(outcome, why)| {
        (
            DeploymentState::Ended(outcome),
            ended(outcome),
            [No(why); 4],
        )
    });
    let all = rows.into_iter().chain(over);
    all.map(|(state, world, cells)| (state, world.deployment, cells))
        .collect()
}

#[test]
fn every_cell_of_states_and_commands_is_decided() {
    for (state, deployment, cells) in table() {
        assert_eq!(deployment.state(), state);
        for (command, cell) in COMMANDS.into_iter().zip(cells) {
            assert_eq!(accepts(state, command), cell, "{state:?}, {command:?}");
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
