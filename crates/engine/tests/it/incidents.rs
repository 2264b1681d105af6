//! What others were hurt by: rows of the catalogue of incidents that the engine alone can show. Each
//! names its row.

use windlass_engine::deployment::{Event, step};
use windlass_engine::rollout;
use windlass_model::{
    DeploymentState, Fact, Outcome, Percent, ReturnReason, RolloutPhase, SlotId, Trigger,
};

use crate::builders::{App, BAKE, Kind, instance_id, name};
use crate::world::{World, by};

fn canary() -> App {
    App::of("api", Kind::Canary)
}

/// Every fact but those of single instances, as one word each.
fn trail(world: &World) -> Vec<String> {
    let word = |fact: &Fact| match fact {
        Fact::PhaseEntered { phase, .. } => Some(format!("{phase:?}")),
        Fact::TrafficShifted { slot, to, .. } => Some(format!("{slot}={}", to.get())),
        Fact::Held { .. } => Some("held".to_owned()),
        Fact::AbortRequested { .. } => Some("abort".to_owned()),
        Fact::Proved { .. } => Some("proved".to_owned()),
        Fact::Ended { outcome } => Some(format!("ended {outcome:?}")),
        _ => None,
    };
    world.facts.iter().filter_map(word).collect()
}

fn says(world: &mut World, event: rollout::Event) {
    let service = name("api");
    world.commit(Event::Rollout { service, event });
}

fn triggered() -> rollout::Event {
    rollout::Event::Triggered {
        slot: SlotId(2),
        trigger: Trigger::DEFAULTS[2].clone().into(),
        saw: "9% of 800 answers for 10s".to_owned(),
    }
}

/// K1.
#[test]
fn an_aborted_canary_is_back_at_stable_and_a_new_attempt_begins_at_its_first_step() {
    let mut world = World::new(&canary());
    world.run_to_share("api", 25);
    world.says_hold();
    world.says_abort();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert_eq!(
        trail(&world),
        [
            "Starting",
            "Shifting",
            "2=5",
            "Baking",
            "Shifting",
            "2=25",
            "Baking",
            "held",
            "abort",
            "Returning",
            "1=100",
            "Returned",
            "proved",
            "ended RolledBack",
        ]
    );
    let mut again = World::new(&canary());
    assert_eq!(again.rollout("api").step, 0);
    again.run_to_share("api", 5);
    assert_eq!(again.run_to_end(), Outcome::Promoted);
}

/// K2.
#[test]
fn promote_ends_a_wait_and_after_an_abort_it_is_refused() {
    let mut waiting = World::new(&canary());
    waiting.run_to_share("api", 5);
    waiting.says_hold();
    waiting.says_promote();
    assert_eq!(waiting.run_to_end(), Outcome::Promoted);
    let mut aborted = World::new(&canary());
    aborted.run_to_share("api", 5);
    aborted.says_abort();
    let rows = aborted.journal.len();
    aborted.says_promote();
    assert_eq!(aborted.journal.len(), rows);
    assert_eq!(aborted.run_to_end(), Outcome::RolledBack);
}

/// K2: capacity is still checked before 100 %.
#[test]
fn promote_waits_for_an_instance_that_is_not_ready() {
    let mut world = World::new(&canary().rollback_on(&[]));
    world.run_to_share("api", 5);
    world.ends("api", "new0");
    world.run_until(|w| !w.rollout("api").is_steady());
    world.says_promote();
    assert_eq!(world.rollout("api").weight.get(), 5);
    world.never("1(old0)=0 2(new0)=100");
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

/// K6, K29: traffic is at a slot with capacity at every instant, and the candidate drains only after
/// its weight of 0 is confirmed; what was seen of it says nothing about the next one.
#[test]
fn a_superseded_canary_gives_its_traffic_back_before_it_drains() {
    let mut world = World::new(&canary());
    world.run_to_share("api", 25);
    world.commit(Event::SupersedeRequested { by: by() });
    assert!(
        world
            .facts
            .iter()
            .any(|f| matches!(f, Fact::Superseded { .. }))
    );
    let why = world.rollout("api").returned_because.clone();
    assert_eq!(why, Some(ReturnReason::Superseded { by: by() }));
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let back = world.at("api: back 3: 8000 1(old0)=100 2(new0)=0");
    let drain = world.at("api: drain 2 within 30s");
    assert!(back < drain && drain < world.at("api: stop new0"));
    // The next one is in a slot of its own: evidence about slot 2 is not about it.
    let mut next = World::new(&canary());
    next.run_to_share("api", 5);
    let before = next.deployment.clone();
    let old = rollout::Event::Triggered {
        slot: SlotId(1),
        trigger: Trigger::Crash.into(),
        saw: String::new(),
    };
    let service = name("api");
    let late = Event::Rollout {
        service,
        event: old,
    };
    assert_eq!(step(before.clone(), &late).deployment, before);
}

/// K17.
#[test]
fn a_full_switch_that_a_trigger_takes_back_finds_the_old_one_whole_and_a_good_one_deploys_after() {
    let app = App::of("api", Kind::BlueGreen).instances(3);
    let mut world = World::new(&app);
    world.run_to_share("api", 100);
    let before = world.now();
    says(&mut world, triggered());
    assert!(world.run_until(|w| w.rollout("api").weight == Percent::ZERO));
    assert!(world.now() - before < 100, "{}", world.now() - before);
    world.at("api: back 2: 8000 1(old0 old1 old2)=100 2(new0 new1 new2)=0");
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    world.never("stop old");
    assert_eq!(World::new(&app).run_to_end(), Outcome::Promoted);
}

/// K21.
#[test]
fn when_every_instance_of_a_canary_vanishes_its_weight_goes_first() {
    let mut world = World::new(&canary().instances(2));
    world.run_to_share("api", 25);
    let rows = world.told.len();
    world.ends("api", "new0");
    world.ends("api", "new1");
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let routes = world.told[rows..].iter().filter(|t| !t.contains("timer"));
    let first = routes.clone().next().expect("something is done");
    assert_eq!(first, "api: back 3: 8000 1(old0 old1)=100 2(new0 new1)=0");
}

/// D1.
#[test]
fn a_newcomer_that_never_answers_changes_no_route_and_says_what_was_seen() {
    let mut world = World::new(&canary()).with(|script| {
        script.never_ready.insert(instance_id("api", "new0"));
    });
    let before = world.outside.routes.clone();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert_eq!(world.outside.routes, before);
    world.never("route");
    world.never("prove");
    let why = world.rollout("api").returned_because.clone();
    assert!(matches!(why, Some(ReturnReason::InstanceLost { .. })));
}

/// D24: the way back has a clock of its own, ends in a state of its own, and nothing cancels it.
#[test]
fn a_way_back_is_bounded_and_no_command_cancels_it() {
    let mut world = World::new(&canary());
    world.run_to_share("api", 25);
    world.script.router_silent.insert(name("api"));
    world.says_abort();
    for word in [
        World::says_hold,
        World::says_resume,
        World::says_promote,
        World::says_abort,
    ] {
        let rows = world.journal.len();
        word(&mut world);
        assert_eq!(world.journal.len(), rows);
    }
    let before = world.now();
    assert_eq!(world.run(), DeploymentState::Stuck);
    assert_eq!(world.now() - before, 120_000);
    assert_eq!(world.rollout("api").shown(), RolloutPhase::Stuck);
}

#[test]
fn a_return_of_moved_traffic_is_proved_before_the_end_and_again_after_a_crash() {
    let mut world = World::new(&canary());
    world.run_to_share("api", 5);
    world.says_abort();
    assert!(world.run_until(|w| w.deployment.proving));
    assert_eq!(world.deployment.state(), DeploymentState::Returning);
    assert!(world.environment().lock.is_some());
    world.crash();
    let asked = world.told.iter().filter(|t| *t == "prove api at 1 not 2");
    assert_eq!(asked.count(), 2);
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let proved = |fact: &Fact| match fact {
        Fact::Proved { proof, .. } => Some(proof.holds()),
        _ => None,
    };
    let proved: Vec<bool> = world.facts.iter().filter_map(proved).collect();
    assert_eq!(proved, [true]);
}

#[test]
fn nothing_is_proved_where_nothing_had_moved_or_all_was_promoted() {
    let mut promoted = World::new(&canary());
    promoted.run_to_end();
    promoted.never("prove");
    let mut early = World::new(&canary());
    early.run_until(|w| w.rollout("api").shown() == RolloutPhase::Starting);
    early.says_abort();
    early.run_to_end();
    early.never("prove");
    let mut adjusted = World::new(&App::of("api", Kind::ScaleUp));
    adjusted.run_to_share("api", 100);
    adjusted.says_abort();
    adjusted.run_to_end();
    adjusted.never("prove");
}

#[test]
fn an_in_place_return_is_proved_by_what_was_started_again() {
    let mut world = World::new(&App::of("api", Kind::Recreate));
    world.run_to_share("api", 100);
    says(&mut world, triggered());
    assert!(world.run_until(|w| w.deployment.proving));
    let asked = windlass_engine::deployment::resume(&world.deployment);
    let [windlass_engine::deployment::Action::Prove(looks)] = &asked[..] else {
        panic!("{asked:?}");
    };
    let look = &looks[&name("api")];
    assert_eq!(look.at.instances[0].id, instance_id("api", "back0"));
    assert_eq!(look.left.id, SlotId(2));
    assert_eq!(BAKE.as_millis(), 10_000);
}
