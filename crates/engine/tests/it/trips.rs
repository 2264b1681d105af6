//! Tripwires: what is armed with each raise, and what follows when a router takes traffic back.

use windlass_engine::deployment::{Action, Event, resume, step};
use windlass_engine::rollout;
use windlass_model::{
    Fact, Millis, OnFailure, Outcome, Percentile, Rate, ReturnReason, RolloutPhase, Trigger,
};

use crate::builders::{App, KINDS, Kind, name};
use crate::world::{World, by};
use crate::{show, walk};

/// auth <- api <- web.
fn shop(kinds: [Kind; 3]) -> App {
    let [auth, api, web] = kinds;
    App::of("auth", auth)
        .and("api", api, &["auth"])
        .and("web", web, &["api"])
}

/// What is armed once `service` has this share.
fn armed(app: &App, service: &str, share: u8) -> Vec<String> {
    let mut world = World::new(app);
    world.run_to_share(service, share);
    lines(&world)
}

fn lines(world: &World) -> Vec<String> {
    let wires = world.outside.wires.clone().into_iter();
    show::wires(&Action::Arm(
        wires.map(|(s, wire)| (s, Some(wire))).collect(),
    ))
}

/// Something that `api` alone would hear, told of `service`.
fn of(service: &str, event: rollout::Event) -> Event {
    Event::Rollout {
        service: name(service),
        event,
    }
}

fn tripped(service: &str, took_back: &[&str]) -> Event {
    Event::Tripped {
        service: name(service),
        took_back: took_back.iter().map(|s| name(s)).collect(),
        saw: "6 errors in 6 answers".to_owned(),
    }
}

fn withheld(service: &str) -> Event {
    Event::TripWithheld {
        service: name(service),
        saw: "nothing of api is ready".to_owned(),
    }
}

#[test]
fn each_raise_arms_its_own_wire_and_those_whose_way_back_it_changes() {
    let app = shop([Kind::Canary; 3]);
    let auth = "auth 2 > 5%: auth 1=100 2=0";
    assert_eq!(armed(&app, "auth", 5), [auth]);
    assert_eq!(armed(&app, "auth", 100), [auth]);
    assert_eq!(
        armed(&app, "api", 5),
        [
            "api 2 > 5%: api 1=100 2=0",
            "auth 2 > 5%: api 1=100 2=0, auth 1=100 2=0",
        ]
    );
    assert_eq!(
        armed(&app, "web", 25),
        [
            "api 2 > 5%: api 1=100 2=0, web 1=100 2=0",
            "auth 2 > 5%: api 1=100 2=0, auth 1=100 2=0, web 1=100 2=0",
            "web 2 > 5%: web 1=100 2=0",
        ]
    );
}

#[test]
fn the_way_back_leads_through_services_that_have_none_themselves() {
    // api is only scaled, or has no listener, or is stopped first: nothing of it can be swapped back.
    for middle in [Kind::ScaleUp, Kind::Worker, Kind::Recreate] {
        let app = shop([Kind::Canary, middle, Kind::Canary]);
        assert_eq!(
            armed(&app, "web", 5),
            [
                "auth 2 > 5%: auth 1=100 2=0, web 1=100 2=0",
                "web 2 > 5%: web 1=100 2=0",
            ],
            "{middle:?}"
        );
    }
}

#[test]
fn services_that_do_not_need_each_other_do_not_take_each_other_back() {
    let app = App::of("auth", Kind::Canary).and("web", Kind::Canary, &[]);
    let mut world = World::new(&app);
    world.run_to_share("web", 25);
    assert_eq!(
        lines(&world),
        ["auth 2 > 5%: auth 1=100 2=0", "web 2 > 5%: web 1=100 2=0"]
    );
}

#[test]
fn only_where_traffic_can_be_split_is_a_wire_armed() {
    for kind in KINDS {
        let mut world = World::new(&App::of("api", kind));
        assert!(world.run_until(World::is_promoting));
        let splits = matches!(kind, Kind::BlueGreen | Kind::Canary);
        assert_eq!(
            world.deployment.wired().len(),
            usize::from(splits),
            "{kind:?}"
        );
        assert!(
            world.outside.wires.is_empty(),
            "disarmed before the promotion"
        );
    }
}

#[test]
fn the_lowest_error_rate_among_the_triggers_is_the_wires() {
    let rate = |parts, secs| Trigger::ErrorRate {
        above: Rate::from_parts(parts).expect("a rate"),
        lasting: Millis::from_secs(secs),
    };
    let app = |triggers: &[Trigger]| App::of("api", Kind::Canary).rollback_on(triggers);
    let lowest = app(&[rate(1_000, 5), Trigger::Crash, rate(250, 60)]);
    assert_eq!(
        armed(&lowest, "api", 5),
        ["api 2 > 2.50%: api 1=100 2=0".replace(".50", ".5")]
    );
    let none = app(&[Trigger::Crash]);
    assert_eq!(armed(&none, "api", 5), ["api 2: api 1=100 2=0"]);
}

#[test]
fn a_wire_names_the_attempt_of_the_raise_it_is_armed_with() {
    let mut world = World::new(&shop([Kind::Canary; 3]));
    world.run_to_share("api", 25);
    let attempt = |service: &str| world.outside.wires[&name(service)].attempt;
    assert_eq!((attempt("auth"), attempt("api")), (3, 2));
}

#[test]
fn what_goes_back_is_disarmed_and_no_way_back_leads_over_it() {
    let app = App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .and("web", Kind::Canary, &["auth"])
        .on_failure(OnFailure::Dependents);
    let mut world = World::new(&app);
    world.run_to_share("web", 5);
    world.ends("api", "new0");
    world.run_until(|w| w.rollout("api").shown() == RolloutPhase::Returned);
    assert!(!world.outside.wires.contains_key(&name("api")));
    world.run_to_share("web", 25);
    let auth = &world.outside.wires[&name("auth")].way_back;
    assert!(!auth.contains_key(&name("api")) && auth.contains_key(&name("web")));
    assert_eq!(world.run_to_end(), Outcome::PartlyPromoted);
}

#[test]
fn a_trip_takes_the_whole_deployment_back_consumers_first() {
    for crashes in [vec![], (1..120).collect::<Vec<usize>>()] {
        let mut world = World::new(&shop([Kind::Canary; 3]));
        world.run_to_share("web", 5);
        world.script.crashes.extend(crashes);
        world.trips("auth");
        assert_eq!(world.run_to_end(), Outcome::RolledBack);
        let fired = world.facts.iter().find_map(|fact| match fact {
            Fact::TripwireFired { took_back, .. } => Some(took_back.len()),
            _ => None,
        });
        assert_eq!(fired, Some(3));
        let why = world.rollout("auth").returned_because.clone();
        assert!(matches!(why, Some(ReturnReason::Tripped { .. })), "{why:?}");
        let at = |service: &str| {
            let told = world.told.iter();
            let asked = |line: &String| line.starts_with(&format!("{service}: back "));
            told.clone().position(asked).expect("it goes back")
        };
        assert!(at("web") < at("api") && at("api") < at("auth"));
    }
}

#[test]
fn a_trip_before_the_promotion_is_confirmed_wins() {
    let mut world = World::new(&shop([Kind::Canary; 3]));
    assert!(world.run_until(World::is_promoting));
    world.commit(tripped("api", &["api", "web"]));
    world.commit(Event::PromotionConfirmed);
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    world.never("keep");
}

#[test]
fn with_dependents_a_trip_during_the_promotion_leaves_the_rest_to_be_promoted() {
    let app = shop([Kind::Canary; 3]).on_failure(OnFailure::Dependents);
    let mut world = World::new(&app);
    assert!(world.run_until(World::is_promoting));
    world.commit(tripped("api", &["api", "web"]));
    assert_eq!(world.run_to_end(), Outcome::PartlyPromoted);
    assert_eq!(world.rollout("auth").shown(), RolloutPhase::Done);
    assert_eq!(world.rollout("web").shown(), RolloutPhase::Returned);
}

/// What is armed, as lines.
fn told(actions: &[Action]) -> Vec<Vec<String>> {
    let arms = actions.iter().filter(|a| matches!(a, Action::Arm(_)));
    arms.map(show::wires).collect()
}

#[test]
fn a_promotion_that_is_called_off_leaves_all_that_stays_armed() {
    type CallsOff = fn() -> Event;
    let held: CallsOff = || Event::HoldRequested { by: by() };
    let unsteady: CallsOff = || of("api", walk::lost("new0"));
    for (calls_off, triggers) in [(held, Trigger::DEFAULTS.to_vec()), (unsteady, Vec::new())] {
        let app = App::of("auth", Kind::Canary)
            .and("api", Kind::BlueGreen, &["auth"])
            .rollback_on(&triggers)
            .and("mail", Kind::Recreate, &[]);
        let mut world = World::new(&app);
        world.run_to_share("api", 100);
        let armed = world.outside.wires.clone();
        assert_eq!(armed.len(), 2);
        assert!(world.run_until(World::is_promoting));
        assert!(world.outside.wires.is_empty());
        let called_off = step(world.deployment.clone(), &calls_off());
        assert_eq!(told(&called_off.actions).len(), 1, "{:?}", calls_off());
        world.commit(calls_off());
        assert_eq!(world.outside.wires, armed, "as the raises had armed them");
        // The row is written, but the controller dies before it acts.
        world.outside.wires.clear();
        world.crash();
        assert_eq!(world.outside.wires, armed);
        // The confirmation that was on its way comes too late; the next one disarms them again.
        world.commit(Event::PromotionConfirmed);
        assert!(!world.is_promoted());
        world.commit(Event::ResumeRequested { by: by() });
        world.commit(of("api", walk::ready("new0")));
        assert_eq!(world.run_to_end(), Outcome::Promoted);
    }
}

#[test]
fn with_dependents_only_what_stays_is_armed_again() {
    let app = App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .and("mail", Kind::Canary, &[])
        .on_failure(OnFailure::Dependents);
    let mut world = World::new(&app);
    assert!(world.run_until(World::is_promoting));
    let called_off = step(world.deployment.clone(), &of("api", walk::lost("new0")));
    assert_eq!(
        told(&called_off.actions),
        [["auth 2 > 5%: auth 1=100 2=0", "mail 2 > 5%: mail 1=100 2=0"]]
    );
    world.commit(of("api", walk::lost("new0")));
    assert_eq!(world.run_to_end(), Outcome::PartlyPromoted);
}

#[test]
fn nothing_is_armed_again_where_all_goes_back_or_nothing_can() {
    let mut all = World::new(&shop([Kind::Canary; 3]));
    assert!(all.run_until(World::is_promoting));
    let back = step(all.deployment.clone(), &of("api", walk::lost("new0")));
    assert_eq!(told(&back.actions), [[""; 0]; 0]);
    let mut alone = World::new(&App::of("api", Kind::Recreate));
    assert!(alone.run_until(World::is_promoting));
    alone.says_hold();
    assert_eq!(told(&resume(&alone.deployment)), [[""; 0]; 0]);
    // Nor on the way forward, before anything has passed.
    let mut early = World::new(&App::of("api", Kind::Canary));
    early.run_to_share("api", 25);
    assert_eq!(told(&resume(&early.deployment)), [[""; 0]; 0]);
}

#[test]
fn a_trip_that_is_told_again_is_no_news() {
    let mut world = World::new(&shop([Kind::Canary; 3]));
    world.run_to_share("api", 25);
    let event = tripped("auth", &["api", "auth"]);
    world.commit(event.clone());
    let again = step(world.deployment.clone(), &event);
    assert_eq!((again.facts.len(), again.actions.len()), (0, 0));
    assert_eq!(again.deployment, world.deployment);
    // Of a service that doesn't change it never is.
    let other = step(world.deployment.clone(), &tripped("mail", &[]));
    assert_eq!(other.deployment, world.deployment);
}

#[test]
fn a_trip_on_the_way_back_or_after_the_promotion_is_only_noted() {
    let mut back = World::new(&shop([Kind::Canary; 3]));
    back.run_to_share("api", 25);
    back.says_abort();
    let mut promoted = World::new(&shop([Kind::Canary; 3]));
    promoted.run_until(World::is_promoted);
    for (mut world, outcome) in [(back, Outcome::RolledBack), (promoted, Outcome::Promoted)] {
        let before = world.deployment.rollouts.clone();
        let rows = world.facts.len();
        world.commit(tripped("auth", &["auth"]));
        assert_eq!(world.deployment.rollouts, before);
        assert!(matches!(world.facts[rows], Fact::TripwireFired { .. }));
        assert_eq!(world.run_to_end(), outcome);
    }
}

#[test]
fn a_withheld_trip_is_told_once_until_readiness_changes() {
    let mut world = World::new(&shop([Kind::Canary; 3]));
    world.run_to_share("api", 25);
    let told = |world: &World| {
        let facts = world.facts.iter();
        let withheld = |fact: &&Fact| matches!(fact, Fact::TripwireWithheld { .. });
        facts.filter(withheld).count()
    };
    for _ in 0..3 {
        world.commit(withheld("api"));
    }
    world.commit(withheld("mail"));
    assert_eq!(told(&world), 1);
    assert_eq!(
        world.deployment.state(),
        windlass_model::DeploymentState::Running
    );
    world.ends("api", "old0");
    world.run_until(|w| w.deployment.withheld.is_empty());
    world.commit(withheld("api"));
    assert_eq!(told(&world), 2);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn after_a_crash_every_raise_that_is_open_arms_what_stands_now() {
    let app = App::of("auth", Kind::Canary)
        .and("api", Kind::Canary, &["auth"])
        .and("web", Kind::Canary, &["auth"]);
    let mut world = World::new(&app);
    let shifting = |w: &World, s: &str| w.rollout(s).shown() == RolloutPhase::Shifting;
    assert!(world.run_until(|w| shifting(w, "api") && shifting(w, "web")));
    let asked = resume(&world.deployment);
    let wires: Vec<Vec<String>> = asked.iter().map(show::wires).collect();
    let auth = "auth 2 > 5%: api 1=100 2=0, auth 1=100 2=0, web 1=100 2=0";
    let arming = wires.iter().filter(|wires| !wires.is_empty());
    assert_eq!(arming.clone().count(), 2, "{wires:?}");
    assert!(arming.flatten().any(|line| line == auth), "{wires:?}");
    for of in wires.iter().filter(|wires| !wires.is_empty()) {
        assert!(of.iter().any(|line| line == auth), "{of:?}");
    }
}

#[test]
fn the_strictest_trigger_about_time_that_takes_back_alone_is_part_of_the_wire() {
    let slow = |percentile: u16, millis: u64| Trigger::Slow {
        percentile: Percentile(Rate::from_parts(percentile).expect("a share")),
        above: Millis::from_millis(millis),
        lasting: Millis::from_secs(60),
    };
    let app = shop([Kind::Canary; 3]).rollback_on(&[slow(9_900, 800), slow(9_500, 500)]);
    let armed = armed(&app, "web", 25);
    assert_eq!(
        armed.last().map(String::as_str),
        Some("web 2, 5% over 500ms for 1m: web 1=100 2=0")
    );
}

#[test]
fn times_that_no_histogram_tells_are_counted_while_a_candidate_is_judged_by_them() {
    let slow = |millis: u64| Trigger::Slow {
        percentile: Percentile::USUAL,
        above: Millis::from_millis(millis),
        lasting: Millis::from_secs(60),
    };
    let app = shop([Kind::Canary; 3]).rollback_on(&[slow(700), slow(320), slow(510)]);
    let mut world = World::new(&app);
    world.run_to_share("web", 25);
    let counted = |world: &World| world.outside.routes[&name("web")].thresholds.clone();
    assert_eq!(counted(&world), [320, 510].map(Millis::from_millis));
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert_eq!(counted(&world), [], "nobody is judged any more");
}
