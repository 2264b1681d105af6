//! Services that have another name now.

use std::collections::BTreeMap;

use windlass_engine::deployment::{Accepted, Command, Event, ScoreWish};
use windlass_engine::environment::{locked, renamed};
use windlass_engine::plan::{Input, PlanProblem, compile, is_nothing, settle_versions};
use windlass_model::{
    Before, CategoryName, CategorySpec, Change, DeploymentState, Environment, Fact, Outcome, Plan,
    Repair, ScoreStage, ServiceName, Spec, TaskKind,
};

use crate::builders::{App, Kind, name};
use crate::score_gates::summary;
use crate::world::World;

/// `api` was `old-api`, which runs; and `web` needs it.
fn shop(kind: Kind) -> (App, Spec, Environment) {
    let app = App::of("api", kind).and("web", Kind::Canary, &["api"]);
    let mut spec = app.spec();
    let api = spec.services.get_mut(&name("api")).expect("api");
    api.was = Some(name("old-api"));
    let mut environment = app.environment();
    let state = environment.services.remove(&name("api")).expect("api");
    environment.services.insert(name("old-api"), state);
    (app, spec, environment)
}

fn compiled(
    app: &App,
    (spec, environment): (&Spec, &Environment),
) -> Result<Plan, Vec<PlanProblem>> {
    let mut releases = app.releases();
    assert_eq!(settle_versions(spec, environment, &mut releases), []);
    compile(Input {
        spec,
        environment,
        releases: &releases,
    })
}

fn world(kind: Kind) -> World {
    let (app, spec, environment) = shop(kind);
    let plan = compiled(&app, (&spec, &environment)).expect("a plan");
    World::of(environment, app.opened(plan))
}

fn names(environment: &Environment) -> Vec<&str> {
    environment
        .services
        .keys()
        .map(ServiceName::as_str)
        .collect()
}

#[test]
fn a_service_under_a_new_name_goes_on_from_what_runs_under_the_old_one() {
    let mut world = world(Kind::Canary);
    let change = &world.rollout("api").plan.change;
    assert!(matches!(change, Change::Beside { .. }), "{change:?}");
    assert_eq!(world.run_to_end(), Outcome::Promoted);
    assert_eq!(world.told[0], "rename old-api to api");
    assert!(
        world.told[1].starts_with("api: start new0"),
        "{:?}",
        world.told
    );
    let renamed = |fact: &Fact| match fact {
        Fact::Renamed { service, from } => Some((service.clone(), from.clone())),
        _ => None,
    };
    let renamed: Vec<_> = world.facts.iter().filter_map(renamed).collect();
    assert_eq!(renamed, [(name("api"), name("old-api"))]);
    let after = world.environment();
    assert_eq!(names(&after), ["api", "web"]);
    assert_eq!(after.revision, world.base.revision + 1);
}

#[test]
fn nothing_begins_before_the_router_knows_the_new_names() {
    let mut world = world(Kind::Canary);
    world.commit(Event::Began);
    assert_eq!(world.told, ["rename old-api to api"]);
    world.crash();
    assert_eq!(world.told, ["rename old-api to api"; 2]);
    // Not even an end: the router may have taken them already.
    world.says_abort();
    assert!(!world.deployment.is_ended());
    world.crash();
    assert_eq!(
        world.told.last(),
        world.told.first(),
        "it is asked for again"
    );
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    // The name is new all the same.
    assert_eq!(names(&world.environment()), ["api", "web"]);
    assert_eq!(world.environment().revision, world.base.revision + 1);
}

/// The same, below a gate.
fn gated() -> World {
    let (app, spec, environment) = shop(Kind::Canary);
    let mut plan = compiled(&app, (&spec, &environment)).expect("a plan");
    let quality = CategorySpec {
        weight: 1,
        checks: BTreeMap::new(),
    };
    let named = CategoryName::new("quality").expect("a name");
    plan.score.categories = BTreeMap::from([(named, quality)]);
    plan.before = vec![Before::Score(85)];
    World::of(environment, app.opened(plan))
}

fn scored(score: f64) -> Event {
    Event::Scored {
        of: ScoreWish {
            stage: ScoreStage::Before,
            steps: BTreeMap::new(),
        },
        score: Box::new(summary(score, score)),
    }
}

#[test]
fn below_a_gate_no_name_is_asked_for_either() {
    for says_on in [true, false] {
        let mut world = gated();
        world.commit(Event::Began);
        world.commit(scored(80.0));
        world.crash();
        assert_eq!(world.told, Vec::<String>::new());
        if says_on {
            world.says_resume();
        } else {
            world.commit(scored(93.0));
        }
        assert_eq!(world.told, ["rename old-api to api"]);
        world.crash();
        assert_eq!(world.told, ["rename old-api to api"; 2], "asked for again");
    }
}

#[test]
fn one_that_is_called_off_at_its_gate_takes_its_names_as_any_other_does() {
    let mut world = gated();
    world.commit(Event::Began);
    world.commit(scored(80.0));
    world.says_abort();
    let first = world.told.first().map(String::as_str);
    assert_eq!(first, Some("rename old-api to api"));
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    assert_eq!(names(&world.environment()), ["api", "web"]);
}

/// `old-api` has the new name `api`, and nothing else changes.
fn name_alone() -> World {
    let (app, mut spec, environment) = shop(Kind::Canary);
    let app = App {
        parts: app.parts[..1].to_vec(),
        ..app
    };
    spec.services.remove(&name("web"));
    let known = &environment.services[&name("old-api")];
    let stable = known.stable.as_ref().expect("it runs").release.clone();
    let plan = compile(Input {
        spec: &spec,
        environment: &environment,
        releases: &[(name("api"), stable)].into(),
    });
    World::of(environment, app.opened(plan.expect("a plan")))
}

#[test]
fn a_new_name_alone_is_something_to_do() {
    let mut world = name_alone();
    let plan = &world.deployment.plan;
    assert!(plan.rollouts.is_empty() && !is_nothing(plan));
    assert!(plan.unchanged.contains(&name("api")));
    assert!(!plan.unmanaged.contains(&name("old-api")));
    let kinds: Vec<&TaskKind> = plan.tasks.iter().map(|task| &task.kind).collect();
    let from = name("old-api");
    assert_eq!(kinds, [&TaskKind::Rename { from }]);
    assert_eq!(world.run_to_end(), Outcome::Promoted);
}

#[test]
fn a_new_name_that_was_called_off_is_not_promoted() {
    let mut world = name_alone();
    world.commit(Event::Began);
    world.says_abort();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
    let names = names(&world.environment()).join(" ");
    assert_eq!(names, "api web", "the name is new all the same");
}

#[test]
fn names_that_the_router_does_not_take_are_stuck_until_a_person_repairs_them() {
    for aborted in [false, true] {
        for mut world in [world(Kind::Canary), name_alone()] {
            world = world.with(|script| script.renames_fail = 2);
            world.commit(Event::Began);
            if aborted {
                world.says_abort();
            }
            assert_eq!(world.run(), DeploymentState::Stuck);
            world.crash();
            assert_eq!(world.run(), DeploymentState::Stuck, "nobody asks unasked");
            let done = world.deployment.accepts(Command::Repair(Repair::Done));
            assert!(matches!(done, Accepted::No(_)), "{done:?}");
            world.says_repair(Repair::Retry);
            assert_eq!(world.run(), DeploymentState::Stuck);
            world.says_repair(Repair::Retry);
            let outcome = if aborted {
                Outcome::RolledBack
            } else {
                Outcome::Promoted
            };
            assert_eq!(world.run_to_end(), outcome);
            assert!(names(&world.environment()).contains(&"api"));
        }
    }
}

#[test]
fn an_abort_of_names_that_are_stuck_asks_for_them_once_more() {
    let mut world = name_alone().with(|script| script.renames_fail = 1);
    assert_eq!(world.run(), DeploymentState::Stuck);
    world.says_abort();
    assert_eq!(world.run_to_end(), Outcome::RolledBack);
}

#[test]
fn names_that_are_given_up_are_the_old_ones() {
    for mut world in [world(Kind::Canary), name_alone()] {
        world = world.with(|script| script.renames_fail = 1);
        assert_eq!(world.run(), DeploymentState::Stuck);
        world.says_repair(Repair::Abandon);
        assert_eq!(world.run_to_end(), Outcome::Abandoned);
        assert_eq!(world.environment(), world.base);
    }
}

#[test]
fn once_it_is_done_the_old_name_means_nothing_any_more() {
    let (app, spec, environment) = shop(Kind::Canary);
    let plan = compiled(&app, (&spec, &environment)).expect("a plan");
    assert_eq!(plan.renames.len(), 1);
    let after = renamed(&environment, &plan.renames);
    assert_eq!(renamed(&after, &plan.renames), after);
    let deployment = app.opened(plan);
    let begun = locked(&environment, &deployment);
    assert_eq!(locked(&begun, &deployment), begun);
    let again = compiled(&app, (&spec, &after)).expect("a plan");
    assert_eq!(again.renames.len(), 0);
}

#[test]
fn names_that_contradict_each_other_are_refused() {
    let (app, spec, environment) = shop(Kind::Canary);
    let mut both = environment.clone();
    let state = both.services[&name("old-api")].clone();
    both.services.insert(name("api"), state);
    assert_eq!(
        compiled(&app, (&spec, &both)),
        Err(vec![PlanProblem::BothRun {
            service: name("api"),
            was: name("old-api")
        }])
    );
    let mut twice = spec.clone();
    let mut heirless = environment.clone();
    heirless.services.remove(&name("web"));
    let web = twice.services.get_mut(&name("web")).expect("web");
    web.was = Some(name("old-api"));
    assert_eq!(
        compiled(&app, (&twice, &heirless)),
        Err(vec![PlanProblem::WasTwice {
            service: name("web"),
            other: name("api"),
            was: name("old-api")
        }])
    );
    let mut wanted = spec.clone();
    let api = wanted.services[&name("api")].clone();
    wanted.services.insert(name("old-api"), api);
    assert_eq!(
        compiled(&app, (&wanted, &environment)),
        Err(vec![PlanProblem::OldNameWanted {
            service: name("api"),
            was: name("old-api")
        }])
    );
}
