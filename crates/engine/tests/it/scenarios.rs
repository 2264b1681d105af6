//! Whole deployments, from the first event to the last.

use windlass_engine::deployment::Event;
use windlass_engine::rollout::Phase;
use windlass_model::{
    DeploymentState, Fact, OnFailure, Outcome, Repair, ReturnReason, RolloutPhase, SlotId,
    StuckReason,
};

use crate::builders::{App, KINDS, Kind, instance_id, name};
use crate::world::World;

/// auth <- api <- web, all as canaries.
fn shop() -> App {
    App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .and("web", Kind::Canary, &["api"])
}

fn phases(world: &World, service: &str) -> Vec<RolloutPhase> {
    let of = |fact: &Fact| match fact {
        Fact::PhaseEntered { service: of, phase } if of.as_str() == service => Some(*phase),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

#[test]
fn every_kind_of_change_alone_is_promoted_and_leaves_nothing_behind() {
    for kind in KINDS {
        for instances in [2, 3] {
            let app = App::of("api", kind).instances(instances).with_standby();
            let mut world = World::new(&app);
            assert_eq!(world.run_to_end(), Outcome::Promoted, "{kind:?}");
        }
    }
}

#[test]
fn three_services_go_live_providers_before_consumers_and_are_promoted_together() {
    let mut world = World::new(&shop());
    world.begins_locked();
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    let full = |service: &str| {
        world.at(&format!(
            "{service}: route 3: {} 1(old0)=0 2(new0)=100",
            port(service)
        ))
    };
    let begins = |service: &str| {
        let at = ["auth", "api", "web"]
            .iter()
            .position(|s| *s == service)
            .expect("one of them");
        world.at(&format!(
            "{service}: start new0 v2 #0 at {}",
            20_000 + at * 100
        ))
    };
    assert!(full("auth") < begins("api") && full("api") < begins("web"));
    let promotion = world.at("confirm promotion");
    assert!(full("web") < promotion);
    for service in ["auth", "api", "web"] {
        assert!(promotion < world.at(&format!("{service}: keep new0")));
        assert!(promotion < world.at(&format!("{service}: drain 1 within 30s")));
    }
    // Old slots stand by.
    world.never("stop");
    let promoted = world
        .facts
        .iter()
        .filter(|f| matches!(f, Fact::Promoted { .. }));
    assert_eq!(promoted.count(), 1);
    // 9 bakes of 10 s, and little more.
    assert!((90_000..95_000).contains(&world.now()), "{}", world.now());
}

fn port(service: &str) -> u16 {
    match service {
        "auth" => 8_000,
        "api" => 8_001,
        _ => 8_002,
    }
}

#[test]
fn independent_services_run_in_parallel() {
    let app = App::of("auth", Kind::Canary).and("web", Kind::Canary, &[]);
    let mut world = World::new(&app);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert!(world.now() < 35_000, "{}", world.now());
}

/// K36, D12.
#[test]
fn a_failure_at_25_percent_takes_everything_back_and_the_next_never_starts() {
    let mut world = World::new(&shop());
    world.run_to_share("api", 25);
    world.ends("api", "new0");
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    world.never("web: start");
    world.never("confirm promotion");
    // auth had passed: its traffic goes back after that of api, which needs it.
    let api = world.at("api: back 3: 8001 1(old0)=100 2(new0)=0");
    let auth = world.at("auth: back 4: 8000 1(old0)=100 2(new0)=0");
    assert!(api < auth);
    let why = |service: &str| world.rollout(service).returned_because.clone();
    let other = Some(ReturnReason::OtherFailed(name("api")));
    assert_eq!((why("auth"), why("web")), (other.clone(), other));
    assert_eq!(
        phases(&world, "web"),
        [RolloutPhase::Returning, RolloutPhase::Returned]
    );
}

#[test]
fn a_provider_that_fails_late_goes_back_after_its_consumers() {
    let mut world = World::new(&shop());
    world.run_to_share("web", 25);
    world.ends("auth", "new0");
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let web = world.at("web: back 3: 8002 1(old0)=100 2(new0)=0");
    let api = world.at("api: back 4: 8001 1(old0)=100 2(new0)=0");
    let auth = world.at("auth: back 4: 8000 1(old0)=100 2(new0)=0");
    assert!(web < api && api < auth);
}

/// D13.
#[test]
fn a_failure_beside_one_in_flight_takes_that_back_too_and_what_needs_both_never_starts() {
    for on_failure in [OnFailure::All, OnFailure::Dependents] {
        let app = App::of("auth", Kind::Canary)
            .and("api", Kind::Canary, &["auth"])
            .and("mail", Kind::Canary, &["auth"])
            .and("web", Kind::Canary, &["api", "mail"])
            .on_failure(on_failure);
        let mut world = World::new(&app);
        world.run_to_share("mail", 5);
        world.ends("mail", "new0");
        let outcome = world.run_to_end();
        world.never("web: start");
        let api = world.rollout("api").phase.clone();
        // By declared policy: what neither failed nor needs what failed goes on, or not.
        let expected = match on_failure {
            OnFailure::All => (Outcome::RolledBack, Phase::Returned),
            OnFailure::Dependents => (Outcome::PartlyPromoted, Phase::Done),
        };
        assert_eq!((outcome, api), expected);
    }
}

/// K16, D2.
#[test]
fn one_of_three_instances_that_is_never_ready_moves_no_traffic() {
    let app = App::of("api", Kind::BlueGreen).instances(3);
    let mut world = World::new(&app).with(|script| {
        script.never_ready.insert(instance_id("api", "new1"));
    });
    let before = world.outside.clone();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    // Exactly as if it had never been.
    assert_eq!(world.outside, before);
    world.never("route");
    world.never("back");
}

/// D21.
#[test]
fn an_instance_that_cannot_start_fails_at_once_not_at_the_deadline() {
    let mut world = World::new(&App::of("api", Kind::Canary)).with(|script| {
        script.start_fails.insert(instance_id("api", "new0"), 1);
    });
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert!(world.now() < 1_000, "{}", world.now());
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing_and_is_not_called_a_rollback() {
    let app = App::of("auth", Kind::First).and("api", Kind::First, &["auth"]);
    let mut world = World::new(&app);
    let there = world.run_until(|w| {
        w.rollout("api").phase == Phase::Passed || w.rollout("api").weight.get() == 100
    });
    assert!(there);
    world.ends("api", "new0");
    assert_eq!(world.run_to_end(), Outcome::Failed);
    assert!(world.outside.routes.is_empty() && world.outside.running.is_empty());
    assert!(world.at("api: back 2: nothing") < world.at("auth: back 2: nothing"));
}

#[test]
fn a_failure_beside_a_first_service_is_a_rollback() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::First, &["auth"]);
    let mut world = World::new(&app).with(|script| {
        script.never_ready.insert(instance_id("api", "new0"));
    });
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
}

#[test]
fn with_dependents_only_what_needs_the_failed_one_goes_back() {
    let app = App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .and("mail", Kind::Canary, &["auth"])
        .and("web", Kind::Canary, &["api"])
        .on_failure(OnFailure::Dependents);
    let mut world = World::new(&app).with(|script| {
        script.never_ready.insert(instance_id("api", "new0"));
    });
    assert_eq!(world.run_to_end(), Outcome::PartlyPromoted);
    world.never("web: start");
    assert_eq!(
        world.rollout("web").returned_because,
        Some(ReturnReason::NeedFailed(name("api")))
    );
    let promoted = world.facts.iter().find_map(|fact| match fact {
        Fact::Promoted { services } => Some(services.clone()),
        _ => None,
    });
    // One promotion covers the rest.
    assert_eq!(promoted, Some(vec![name("auth"), name("mail")]));
    let environment = world.environment();
    let version = |service: &str| {
        environment.services[&name(service)]
            .stable
            .as_ref()
            .expect("stable")
            .release
            .version
            .0
            .clone()
    };
    assert_eq!(
        ["auth", "api", "mail", "web"].map(version),
        ["2", "1", "2", "1"]
    );
    assert_eq!(environment.revision, 8);
}

#[test]
fn with_dependents_a_root_that_fails_takes_all_back() {
    let mut world = World::new(&shop().on_failure(OnFailure::Dependents)).with(|script| {
        script.never_ready.insert(instance_id("auth", "new0"));
    });
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
}

#[test]
fn with_dependents_a_failure_during_the_promotion_calls_it_off_until_the_rest_is_back() {
    let app = App::of("auth", Kind::Canary)
        .and("mail", Kind::Canary, &[])
        .on_failure(OnFailure::Dependents);
    let mut world = World::new(&app);
    assert!(world.run_until(World::is_promoting));
    // The loss comes first; the confirmation that is on its way must not promote what goes back.
    world.commit(lost("auth", "new0"));
    world.commit(Event::PromotionConfirmed);
    assert!(!world.is_promoted());
    assert_eq!(world.run_to_end(), Outcome::PartlyPromoted);
    let asked = world
        .told
        .iter()
        .filter(|line| *line == "confirm promotion");
    assert_eq!(asked.count(), 2);
}

fn lost(service: &str, instance: &str) -> Event {
    Event::Rollout {
        service: name(service),
        event: windlass_engine::rollout::Event::InstanceLost {
            instance: instance_id(service, instance),
            end: windlass_model::InstanceEnd::Exited(1),
            last_lines: Vec::new(),
        },
    }
}

#[test]
fn a_candidate_lost_after_it_passed_takes_the_deployment_back() {
    let mut world = World::new(&shop());
    assert!(world.run_until(|w| w.rollout("auth").phase == Phase::Passed));
    world.ends("auth", "new0");
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
}

#[test]
fn an_abort_ends_rolled_back_whenever_it_comes() {
    for kind in KINDS {
        let app = App::of("auth", kind)
            .with_standby()
            .and("api", Kind::Canary, &["auth"]);
        let length = {
            let mut whole = World::new(&app);
            whole.run_to_end();
            whole.journal.len()
        };
        for at in 1..length {
            let mut world = World::new(&app);
            world.run_until(|w| w.journal.len() >= at);
            let too_late = world.is_promoted();
            world.says_abort();
            let outcome = world.run_to_end();
            if too_late {
                assert_eq!(outcome, Outcome::Promoted, "{kind:?} at {at}");
            } else {
                assert_eq!(outcome, Outcome::RolledBack, "{kind:?} at {at}");
                world.never("keep new");
            }
        }
    }
}

#[test]
fn an_abort_wins_over_a_promotion_that_is_being_confirmed() {
    let mut world = World::new(&shop());
    assert!(world.run_until(World::is_promoting));
    world.says_abort();
    world.commit(Event::PromotionConfirmed);
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    world.never("keep");
}

/// K3.
#[test]
fn an_abort_after_promote_on_a_candidate_that_is_never_ready_wins() {
    let mut world = World::new(&App::of("api", Kind::Canary)).with(|script| {
        script.never_ready.insert(instance_id("api", "new0"));
    });
    assert!(world.run_until(|w| matches!(w.rollout("api").phase, Phase::Starting { .. })));
    world.says_promote();
    world.says_abort();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert!(world.now() < 1_000, "{}", world.now());
}

#[test]
fn a_second_abort_changes_nothing() {
    let mut world = World::new(&shop());
    world.run_to_share("auth", 25);
    world.says_abort();
    let (rows, before) = (world.journal.len(), world.deployment.clone());
    world.says_abort();
    assert_eq!((world.journal.len(), &world.deployment), (rows, &before));
}

#[test]
fn a_hold_stops_the_whole_deployment_and_its_end_goes_on() {
    let mut world = World::new(&shop());
    world.run_to_share("auth", 25);
    world.says_hold();
    assert_eq!(world.run(), DeploymentState::Held);
    assert_eq!(world.rollout("auth").weight.get(), 25);
    world.says_resume();
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_held_deployment_begins_nothing_new() {
    let mut world = World::new(&shop());
    world.run_to_share("auth", 100);
    world.says_hold();
    world.run();
    world.never("api: start");
    // Also not after a crash.
    world.crash();
    assert_eq!(world.run(), DeploymentState::Held);
    world.never("api: start");
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn what_passes_during_a_hold_lets_nobody_begin_before_its_end() {
    let mut world = World::new(&shop());
    world.run_to_share("auth", 5);
    // Nothing is watched any more, so that the confirmation alone makes it pass.
    world.says_promote();
    world.says_hold();
    assert_eq!(world.run(), DeploymentState::Held);
    assert_eq!(world.rollout("auth").phase, Phase::Passed);
    world.never("api: start");
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_failure_during_a_hold_goes_back_without_waiting_for_its_end() {
    let mut world = World::new(&shop());
    world.run_to_share("auth", 25);
    world.says_hold();
    world.ends("auth", "new0");
    assert_eq!(world.run(), DeploymentState::Ended(Outcome::RolledBack));
    assert!(!world.deployment.held);
    world.is_tidy();
}

#[test]
fn a_candidate_that_ends_while_it_is_promoted_runs_again() {
    let mut world = World::new(&App::of("api", Kind::Canary));
    assert!(world.run_until(World::is_promoting));
    // Nobody has heard of it when the promotion is confirmed.
    world.outside.running.remove(&instance_id("api", "new0"));
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_hold_holds_a_promotion_that_is_being_confirmed() {
    let mut world = World::new(&shop());
    assert!(world.run_until(World::is_promoting));
    world.says_hold();
    assert_eq!(world.run(), DeploymentState::Held);
    assert!(!world.is_promoted());
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn promote_skips_bakes_and_steps_of_every_rollout_but_not_readiness_or_order() {
    let mut world = World::new(&shop());
    world.run_to_share("auth", 5);
    let before = world.now();
    world.says_promote();
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert!(world.now() - before < 2_000, "{}", world.now());
    world.at("auth: route 2: 8000 1(old0)=0 2(new0)=100");
    world.at("api: route 1: 8001 1(old0)=0 2(new0)=100");
    world.at("web: route 1: 8002 1(old0)=0 2(new0)=100");
    // A provider first, even in a hurry.
    assert!(
        world.at("auth: route 2: 8000 1(old0)=0 2(new0)=100")
            < world.at("api: start new0 v2 #0 at 20100")
    );
}

#[test]
fn promote_does_not_get_past_a_candidate_that_is_never_ready() {
    let mut world = World::new(&App::of("api", Kind::Canary)).with(|script| {
        script.never_ready.insert(instance_id("api", "new0"));
    });
    assert!(world.run_until(|w| matches!(w.rollout("api").phase, Phase::Starting { .. })));
    world.says_promote();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    world.never("route");
}

#[test]
fn a_refused_share_goes_back_and_nothing_old_was_touched() {
    let mut world = World::new(&App::of("api", Kind::Canary)).with(|script| {
        script.route_refused.insert(name("api"), 1);
    });
    let before = world.outside.clone();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert_eq!(world.outside, before);
}

/// K22.
#[test]
fn a_router_that_never_answers_leaves_the_old_slot_alone_and_calls_a_person() {
    let mut world = World::new(&App::of("api", Kind::Canary)).with(|script| {
        script.router_silent.insert(name("api"));
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    world.never("stop");
    // 30 s for the share, 120 s for the way back, and little more.
    assert!((150_000..156_000).contains(&world.now()), "{}", world.now());
    // Nothing is tried again before the person has mended the router and says so.
    let rows = world.journal.len();
    world.says_abort();
    assert_eq!(world.journal.len(), rows);
    assert!(world.environment().lock.is_some());
    world.script.router_silent.clear();
    world.says_repair(Repair::Retry);
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
}

#[test]
fn a_consumer_that_is_stuck_holds_its_provider_until_it_is_back() {
    let mut world = World::new(&shop());
    world.run_to_share("api", 5);
    world.script.router_silent.insert(name("api"));
    world.says_abort();
    assert_eq!(world.run(), DeploymentState::Stuck);
    world.never("auth: back");
    assert!(
        matches!(world.rollout("auth").phase, Phase::Returning(_)),
        "not stuck itself"
    );
    world.script.router_silent.clear();
    world.says_repair(Repair::Retry);
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
}

#[test]
fn an_old_instance_that_comes_back_takes_the_traffic_again() {
    let mut world = World::new(&App::of("api", Kind::Canary));
    world.run_to_share("api", 25);
    world.ends("api", "old0");
    world.ends("api", "new0");
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
}

#[test]
fn past_the_promotion_what_is_stuck_is_tried_again_by_a_repair_alone() {
    let mut world = World::new(&App::of("api", Kind::Worker)).with(|script| {
        script.stop_fails.insert(instance_id("api", "old0"), 130);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    let why = StuckReason::SettleFailed("it stays".to_owned());
    assert_eq!(world.rollout("api").phase, Phase::Stuck(why));
    assert!(world.is_promoted());
    let rows = world.journal.len();
    world.says_abort();
    assert_eq!(world.journal.len(), rows);
    world.says_repair(Repair::Retry);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_second_stuck_service_does_not_keep_the_promoted_ones_from_settling() {
    let app = App::of("api", Kind::Worker).and("web", Kind::Canary, &[]);
    let mut world = World::new(&app).with(|script| {
        script.stop_fails.insert(instance_id("api", "old0"), 130);
    });
    assert_eq!(world.run(), DeploymentState::Stuck);
    assert_eq!(world.rollout("web").phase, Phase::Done);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_recreated_service_that_fails_runs_again_under_new_instances() {
    let mut world = World::new(&App::of("api", Kind::Recreate).instances(2)).with(|script| {
        script.never_ready.insert(instance_id("api", "new1"));
        script.address_taken.insert(instance_id("api", "back0"), 2);
    });
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let environment = world.environment();
    let stable = environment.services[&name("api")]
        .stable
        .clone()
        .expect("stable");
    let ids: Vec<&str> = stable.instances.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids, ["ins_apiback0", "ins_apiback1"]);
    assert_eq!(stable.instances[0].address.port(), 50_002);
    assert_eq!(stable.release.version.0, "1");
    assert_eq!(environment.revision, 7);
}

#[test]
fn what_an_in_place_provider_needs_to_come_back_its_own_provider_waits_for() {
    let app = App::of("auth", Kind::Canary).and("api", Kind::WorkerInPlace, &["auth"]);
    let mut world = World::new(&app).with(|script| {
        script
            .ends_after_ready
            .insert(instance_id("api", "new0"), 100);
    });
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let told = |wanted: &dyn Fn(&Fact) -> bool| world.facts.iter().position(wanted);
    let api = told(&|f| matches!(f, Fact::RolloutReturned { service } if *service == name("api")));
    let auth = told(&|f| {
        matches!(f, Fact::TrafficShifted { service, slot, .. }
            if *service == name("auth") && *slot == SlotId(1))
    });
    assert!(api.is_some() && api < auth);
}

#[test]
fn after_a_deployment_has_ended_nothing_changes_it() {
    let mut world = World::new(&App::of("api", Kind::Canary));
    world.run_to_end();
    let before = world.deployment.clone();
    for event in [Event::Began, Event::PromotionConfirmed, lost("api", "new0")] {
        world.commit(event);
    }
    world.says_abort();
    world.says_hold();
    world.says_promote();
    assert_eq!(world.deployment, before);
    assert_eq!(
        world.facts.last(),
        Some(&Fact::Ended {
            outcome: Outcome::Promoted
        })
    );
}
