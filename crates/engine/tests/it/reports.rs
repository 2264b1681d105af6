//! What the run of a command says is kept for those who look, and moves nothing.

use windlass_engine::deployment::Event as Said;
use windlass_model::{Fact, Measure, Metric, Outcome, Percent, Report, RolloutPhase};

use crate::builders::{App, Kind, name};
use crate::walk::API;
use crate::world::World;

fn phase(name: &str) -> Report {
    Report::phase(name).expect("a phase")
}

fn progress(percent: u64) -> Report {
    Report::Progress(Percent::new(percent).expect("a share"))
}

fn metric(name: &str, value: f64) -> Report {
    let value = Measure::try_from(value).expect("a measure");
    let name = name.to_owned();
    Report::metric(Metric { name, value }).expect("a metric")
}

/// Version 2 is on its way.
fn running() -> World {
    let mut world = World::new(&App::of(API, Kind::Command));
    assert!(world.run_until(|world| !world.rollout(API).health.started.is_empty()));
    world
}

/// Says it; how much of it was news.
fn says(world: &mut World, service: &str, reports: Vec<Report>) -> usize {
    let before = told(world);
    world.commit(Said::Reported {
        service: name(service),
        reports,
    });
    told(world) - before
}

fn told(world: &World) -> usize {
    let facts = world.facts.iter();
    facts
        .filter(|fact| matches!(fact, Fact::Reported { .. }))
        .count()
}

#[test]
fn a_run_says_how_it_gets_on_and_nothing_follows_from_it() {
    let mut world = running();
    let before = world.rollout(API).clone();
    let reports = vec![phase("build"), progress(40), metric("rows", 3.0)];
    assert_eq!(says(&mut world, API, reports.clone()), 3);
    // The same again is no news; another phase begins at its own beginning.
    assert_eq!(says(&mut world, API, reports), 0);
    assert_eq!(says(&mut world, API, vec![phase("verify")]), 1);
    let rollout = world.rollout(API);
    assert_eq!(rollout.said.phase.as_deref(), Some("verify"));
    assert_eq!(rollout.said.progress, None);
    assert_eq!(rollout.said.metrics.len(), 1);
    assert_eq!(rollout.phase, before.phase);
    assert_eq!(world.replayed().rollouts[&name(API)], *world.rollout(API));
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn only_the_service_of_a_run_is_spoken_of() {
    let app = App::of(API, Kind::Command).and("web", Kind::Worker, &[]);
    let mut world = World::new(&app);
    assert_eq!(says(&mut world, API, vec![phase("early")]), 0);
    assert!(world.run_until(|world| !world.rollout(API).health.started.is_empty()));
    assert_eq!(says(&mut world, "web", vec![phase("x")]), 0);
    assert_eq!(says(&mut world, "nobody", vec![phase("x")]), 0);
}

#[test]
fn what_the_controller_says_of_a_run_takes_no_room_and_no_run_can_say_it() {
    let mut world = running();
    says(&mut world, API, vec![Report::log("more"); 700]);
    let before = world.rollout(API).clone();
    for lost in [Some("the address is taken".to_owned()), None] {
        let service = name(API);
        world.commit(Said::Heard {
            service: service.clone(),
            lost: lost.clone(),
        });
        assert_eq!(world.facts.last(), Some(&Fact::Heard { service, lost }));
    }
    assert_eq!(*world.rollout(API), before);
}

#[test]
fn the_way_back_begins_with_nothing_said() {
    let mut world = running();
    says(&mut world, API, vec![phase("build"), progress(40)]);
    world.says_abort();
    assert_eq!(world.rollout(API).shown(), RolloutPhase::Returning);
    assert_eq!(world.rollout(API).said.phase, None);
    assert_eq!(world.rollout(API).said.progress, None);
}

#[test]
fn what_is_kept_of_one_service_has_an_end() {
    let mut world = running();
    let lines = vec![Report::log("more"); 700];
    assert_eq!(says(&mut world, API, lines), 500);
    let steps = (0..700).map(|step| progress(step % 100)).collect();
    assert_eq!(says(&mut world, API, steps), 500);
    let names = (0..40).map(|number| metric(&format!("m{number}"), 1.0));
    assert_eq!(says(&mut world, API, names.collect()), 32);
    let values = (0..700).map(|value| metric("m0", f64::from(value)));
    assert_eq!(says(&mut world, API, values.collect()), 500 - 32);
    assert!(
        !world
            .rollout(API)
            .said
            .has_room_for(&Report::log("one more"))
    );
}
