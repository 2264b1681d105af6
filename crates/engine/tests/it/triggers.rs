//! What takes a rollout back while it is watched, and what only stops its clock.

use windlass_engine::deployment;
use windlass_engine::rollout::{Event, Phase};
use windlass_model::{
    DeploymentState, Fact, Millis, Outcome, Percent, ReturnReason, RolloutPhase, Rule, SlotId,
    Then, Trigger,
};

use crate::asks;
use crate::builders::{App, BAKE, Kind, name};
use crate::walk::{API, Walk, applied, fired, lost, ready, started, unready};
use crate::world::World;

const CRASH: &[Trigger] = &[Trigger::Crash];
const READINESS: &[Trigger] = &[Trigger::ReadinessLost];

fn app(kind: Kind, triggers: &[Trigger]) -> App {
    App::of(API, kind).rollback_on(triggers)
}

fn baking(kind: Kind, triggers: &[Trigger]) -> Walk {
    Walk::app(&app(kind, triggers)).after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        applied(1),
    ])
}

/// The usual rule on errors.
fn rate() -> Rule {
    Trigger::DEFAULTS[2].clone().into()
}

fn triggered(slot: u32) -> Event {
    Event::Triggered {
        slot: SlotId(slot),
        trigger: rate(),
        saw: "12% of 240 answers for 10s".to_owned(),
    }
}

#[test]
fn only_a_loss_among_the_triggers_takes_a_watched_rollout_back() {
    for (triggers, crash, readiness) in [
        (Trigger::DEFAULTS.as_slice(), true, true),
        (CRASH, true, false),
        (READINESS, false, true),
        (&[], false, false),
    ] {
        for (event, back) in [(lost("new0"), crash), (unready("new0"), readiness)] {
            let mut api = baking(Kind::Canary, triggers);
            api.hears(&event);
            let returning = api.phase() == RolloutPhase::Returning;
            assert_eq!(returning, back, "{triggers:?}, {event:?}");
            assert!(matches!(api.facts[0], Fact::InstanceLost { .. }));
        }
    }
}

#[test]
fn while_it_starts_every_loss_takes_it_back() {
    for event in [lost("new0"), unready("new0")] {
        let mut api =
            Walk::app(&app(Kind::Canary, &[])).after(&[Event::NeedsPassed, started("new0")]);
        api.hears(&event);
        assert_eq!(api.phase(), RolloutPhase::Returning);
    }
}

#[test]
fn an_instance_that_may_crash_is_started_again_by_itself() {
    let mut api = Walk::app(&app(Kind::Canary, READINESS));
    asks!(
        api.hears(&Event::NeedsPassed),
        "start new0 v2 #0 at 20000 kept",
        "timer 1 5s",
    );
    let mut api = Walk::app(&app(Kind::Canary, CRASH));
    asks!(
        api.hears(&Event::NeedsPassed),
        "start new0 v2 #0 at 20000",
        "timer 1 5s",
    );
}

#[test]
fn the_bake_stands_still_until_every_instance_is_ready_again() {
    let app = app(Kind::Canary, &[]).instances(2);
    let mut api = Walk::app(&app).after(&[
        Event::NeedsPassed,
        started("new0"),
        started("new1"),
        ready("new0"),
        ready("new1"),
        applied(1),
    ]);
    let timer = api.running_timer().expect("it is watched");
    asks!(api.hears(&unready("new0")));
    asks!(api.hears(&lost("new1")));
    assert_eq!(api.running_timer(), None);
    // What had run of the slice is lost: only what was seen good all through counts.
    asks!(api.hears(&fired(timer)));
    assert_eq!(api.rollout.remaining(), Some(BAKE));
    assert_eq!(api.resumes(), Vec::<String>::new());
    asks!(api.hears(&ready("new1")));
    asks!(api.hears(&ready("new0")), "timer 4 5s");
    api.waits_out();
    assert_eq!(api.phase(), RolloutPhase::Shifting);
}

#[test]
fn losing_an_old_instance_does_not_stop_the_clock() {
    let mut api = baking(Kind::Canary, &[]);
    asks!(api.hears(&unready("old0")));
    assert!(api.running_timer().is_some());
}

#[test]
fn neither_the_end_of_a_hold_nor_haste_goes_past_an_instance_that_is_not_ready() {
    for word in [Event::Resumed, Event::Expedited] {
        let mut api = baking(Kind::Canary, &[]).after(&[Event::Held, unready("new0")]);
        asks!(api.hears(&word));
        assert_eq!(api.phase(), RolloutPhase::Baking);
        let asked = api.hears(&ready("new0"));
        if word == Event::Resumed {
            assert_eq!(asked, ["timer 4 5s"]);
        } else {
            assert_eq!(asked[0], "route 2: 8000 1(old0)=0 2(new0)=100");
        }
    }
}

#[test]
fn a_share_confirmed_for_an_instance_lost_meanwhile_is_watched_once_it_is_back() {
    let mut api = Walk::app(&app(Kind::BlueGreen, &[])).after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        unready("new0"),
    ]);
    asks!(api.hears(&applied(1)));
    assert_eq!(api.rollout.weight, Percent::FULL);
    assert_eq!(api.rollout.remaining(), Some(BAKE));
    asks!(api.hears(&ready("new0")), "timer 3 5s");
}

#[test]
fn a_raise_that_was_held_waits_for_an_instance_that_was_lost_since() {
    let mut api = Walk::app(&app(Kind::Canary, &[])).after(&[
        Event::Held,
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
    ]);
    assert_eq!(api.phase(), RolloutPhase::Holding);
    asks!(api.hears(&unready("new0")));
    asks!(api.hears(&Event::Resumed));
    assert_eq!(api.phase(), RolloutPhase::Holding);
    let asked = api.hears(&ready("new0"));
    assert_eq!(asked[0], "route 1: 8000 1(old0)=95 2(new0)=5");
}

#[test]
fn a_crash_after_readiness_was_lost_still_takes_it_back() {
    let mut api = baking(Kind::Canary, CRASH).after(&[unready("new0")]);
    asks!(api.hears(&lost("new0")));
    assert_eq!(api.phase(), RolloutPhase::Returning);
    assert!(matches!(api.facts[0], Fact::InstanceLost { .. }));
}

#[test]
fn nothing_is_promoted_while_an_instance_is_not_ready() {
    let mut world = World::new(&app(Kind::BlueGreen, &[]));
    assert!(world.run_until(|w| w.rollout(API).remaining().is_some_and(|m| m < BAKE)));
    assert!(world.run_until(World::is_promoting));
    let says = |event: Event| deployment::Event::Rollout {
        service: name(API),
        event,
    };
    world.commit(says(unready("new0")));
    assert!(!world.is_promoting());
    // What was asked for before comes too late.
    world.commit(deployment::Event::PromotionConfirmed);
    assert!(!world.is_promoted());
    assert_eq!(world.rollout(API).phase, Phase::Passed);
    world.commit(says(ready("new0")));
    assert!(world.is_promoting());
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
#[expect(
    clippy::useless_vec,
    reason = "an array of them is too large for the stack"
)]
fn a_trigger_on_the_candidates_answers_takes_it_back_with_its_evidence() {
    let shifting =
        || Walk::of(Kind::Canary).after(&[Event::NeedsPassed, started("new0"), ready("new0")]);
    let holding = || {
        Walk::of(Kind::Canary).after(&[
            Event::Held,
            Event::NeedsPassed,
            started("new0"),
            ready("new0"),
        ])
    };
    let passed = || {
        let mut api = baking(Kind::BlueGreen, CRASH);
        api.waits_out();
        api
    };
    for mut api in vec![shifting(), holding(), baking(Kind::Canary, CRASH), passed()] {
        api.ignores(&triggered(1));
        asks!(api.hears(&triggered(2)));
        assert_eq!(api.phase(), RolloutPhase::Returning);
        let saw = "12% of 240 answers for 10s".to_owned();
        let trigger = rate();
        assert_eq!(*api.reason(), ReturnReason::Triggered { trigger, saw });
        assert!(matches!(api.facts[0], Fact::TriggerFired { .. }));
        api.ignores(&triggered(2));
    }
}

#[test]
fn a_trigger_before_any_traffic_or_after_the_promotion_is_no_news() {
    Walk::of(Kind::Canary).ignores(&triggered(2));
    Walk::of(Kind::Canary)
        .after(&[Event::NeedsPassed])
        .ignores(&triggered(2));
    let mut api = baking(Kind::BlueGreen, CRASH);
    api.waits_out();
    api.hears(&Event::Promoted);
    api.ignores(&triggered(2));
}

#[test]
fn of_what_a_trigger_saw_only_the_beginning_is_kept() {
    let mut api = baking(Kind::Canary, CRASH);
    api.hears(&Event::Triggered {
        slot: SlotId(2),
        trigger: Trigger::Crash.into(),
        saw: "x".repeat(10_000),
    });
    let ReturnReason::Triggered { saw, .. } = api.reason() else {
        panic!("another reason");
    };
    assert_eq!(saw.len(), 300);
}

#[test]
fn the_deadline_of_a_way_back_is_the_services_own() {
    let mut app = App::of(API, Kind::Canary).deployment();
    let mut rollout = app.rollouts.pop_first().expect("api").1;
    rollout.plan.spec.rollback_within = Millis::from_secs(7);
    let mut api = Walk::with(rollout).after(&[
        Event::NeedsPassed,
        started("new0"),
        ready("new0"),
        applied(1),
        lost("new0"),
        Event::ReturnTurn,
    ]);
    assert_eq!(api.rollout.remaining(), Some(Millis::from_secs(7)));
    api.waits_out();
    assert_eq!(api.phase(), RolloutPhase::Stuck);
}

fn then(trigger: Trigger, then: Then) -> Rule {
    Rule {
        then,
        ..Rule::from(trigger)
    }
}

fn fires(trigger: Rule) -> Event {
    Event::Triggered {
        slot: SlotId(2),
        trigger,
        saw: "12% of 240 answers for 10s".to_owned(),
    }
}

#[test]
fn a_trigger_that_only_tells_changes_nothing_and_tells_once() {
    let told = then(Trigger::DEFAULTS[2].clone(), Then::Notify);
    let mut api = baking(Kind::Canary, &[]);
    asks!(api.hears(&fires(told.clone())));
    assert_eq!(api.phase(), RolloutPhase::Baking);
    let [Fact::TriggerFired { trigger, .. }] = &api.facts[..] else {
        unreachable!("{:?}", api.facts);
    };
    assert_eq!(*trigger, told);
    asks!(api.hears(&fires(told)));
    assert_eq!(api.facts, []);
}

#[test]
fn a_trigger_may_hold_the_deployment_until_a_person_goes_on() {
    let held = then(Trigger::Crash, Then::Hold);
    let rate = then(Trigger::DEFAULTS[2].clone(), Then::Hold);
    for (event, rule) in [(lost("new0"), held.clone()), (fires(rate.clone()), rate)] {
        let mut world = World::new(&App::of(API, Kind::Canary).rules(vec![held.clone()]));
        world.run_to_share("api", 5);
        let service = name("api");
        world.commit(deployment::Event::Rollout { service, event });
        assert_eq!(world.deployment.state(), DeploymentState::Held);
        let told = format!("the trigger `{rule}`");
        let by = world.facts.iter().find_map(|fact| match fact {
            Fact::Held { by } => Some(by.clone()),
            _ => None,
        });
        assert_eq!(by, Some(told));
    }
}

#[test]
fn a_bake_stands_still_while_answers_cannot_be_seen_and_nothing_goes_back_for_it() {
    let mut api = baking(Kind::Canary, &[]);
    let timer = api.running_timer().expect("it is watched");
    asks!(api.hears(&Event::SightLost));
    assert_eq!(api.facts.len(), 1, "told: {:?}", api.facts);
    assert_eq!(api.running_timer(), None);
    asks!(api.hears(&fired(timer)));
    assert_eq!(api.rollout.remaining(), Some(BAKE));
    asks!(api.hears(&Event::SightLost));
    assert_eq!(api.facts, []);
    asks!(api.hears(&Event::SightBack), "timer 4 5s");
    assert_eq!(api.phase(), RolloutPhase::Baking);
}
