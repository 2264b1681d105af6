//! Rules that rest on what instances say of themselves, and on what they hold in memory.

use windlass_model::{
    DeploymentId, Fact, InstanceId, Millis, Outcome, Probe, Rate, ReturnReason, Rule, Speaks,
    Trigger,
};
use windlass_testkit::{App, Ending, Lab, run};

use crate::fixture::{begun, facts, failed, promoted, put, shop, until_baking, web};

const MEBIBYTE: u64 = 1024 * 1024;

/// Watched by this trigger; it tells of its parts every two seconds, and may hold 100 MiB.
fn watched(trigger: Trigger) -> App {
    shop([web().bake(Millis::from_secs(30)).with(|spec| {
        spec.rollback_on = vec![Rule::from(trigger)];
        spec.process.memory = Some(100 * MEBIBYTE);
        spec.detailed = Some(Probe {
            every: Millis::from_secs(2),
            ..Probe::detailed("/health/detailed".to_owned(), Speaks::Http1)
        });
    })])
}

fn failing(probe: &str) -> Trigger {
    Trigger::ProbeFailing {
        probe: probe.to_owned(),
        lasting: Millis::from_secs(6),
    }
}

fn memory() -> Trigger {
    Trigger::Memory {
        above: Rate::from_parts(9_500).expect("95 %"),
        lasting: Millis::from_secs(5),
    }
}

/// The second version bakes; its only instance.
async fn second(lab: &mut Lab, app: &App) -> (DeploymentId, InstanceId) {
    put(lab, &["web"], "one");
    promoted(lab, app).await;
    put(lab, &["web"], "two");
    let id = begun(lab, app).await;
    until_baking(lab, &id, "web", 100).await;
    let old = crate::fixture::state(lab, "web").stable.expect("it serves");
    let mut alive = lab.world.host.alive().into_keys();
    let candidate = alive.find(|instance| *instance != old.instances[0].id);
    (id, candidate.expect("it runs"))
}

/// Which trigger took it back, and what was seen.
fn why(lab: &Lab, id: &DeploymentId) -> (String, String) {
    let failed = failed(lab, id);
    let [(_, ReturnReason::Triggered { trigger, saw })] = &failed[..] else {
        unreachable!("{failed:?}");
    };
    (trigger.to_string(), saw.clone())
}

#[test]
fn a_part_that_fails_for_long_enough_takes_the_release_back() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(failing("database"));
        let (id, candidate) = second(&mut lab, &app).await;
        let told = &lab.world.host.told;
        told.says(&candidate, &[("database", true), ("cache", false)]);
        lab.pass(Millis::from_secs(10)).await;
        assert_eq!(lab.ending(&id), None, "the cache is none of its business");
        let told = &lab.world.host.told;
        told.says(&candidate, &[("database", false)]);
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let (trigger, saw) = why(&lab, &id);
        assert_eq!(trigger, "probe database failing for 6s");
        assert!(saw.starts_with("database of version "), "{saw}");
        assert!(saw.contains(" failed 4 times in a row over 6"), "{saw}");
        assert!(saw.ends_with(": it says `down`"), "{saw}");
    });
}

#[test]
fn a_part_that_was_never_told_of_is_not_watched_and_holds_up_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(failing("database"));
        let (id, _) = second(&mut lab, &app).await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn a_part_that_was_told_of_and_is_not_any_more_stops_the_bake() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(failing("database"));
        let (id, candidate) = second(&mut lab, &app).await;
        lab.world.host.told.says(&candidate, &[("database", true)]);
        lab.pass(Millis::from_secs(5)).await;
        lab.world.host.told.says(&candidate, &[]);
        lab.pass(Millis::from_secs(600)).await;
        assert_eq!(lab.ending(&id), None);
        lab.world.host.told.says(&candidate, &[("database", true)]);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn memory_near_its_limit_takes_the_release_back_and_below_it_does_not() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(memory());
        let (id, candidate) = second(&mut lab, &app).await;
        let told = &lab.world.host.told;
        told.holds(&candidate, Some(90 * MEBIBYTE));
        lab.pass(Millis::from_secs(15)).await;
        assert_eq!(lab.ending(&id), None);
        lab.world.host.told.holds(&candidate, Some(97 * MEBIBYTE));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let (trigger, saw) = why(&lab, &id);
        assert_eq!(trigger, "memory > 95% for 5s");
        assert!(
            saw.contains(" held at least 97.0 % of its memory limit in each of "),
            "{saw}"
        );
    });
}

#[test]
fn what_was_read_before_a_controller_died_and_is_gone_stops_the_bake_of_the_next_one() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(memory());
        let (id, candidate) = second(&mut lab, &app).await;
        lab.world.host.told.holds(&candidate, Some(50 * MEBIBYTE));
        lab.pass(Millis::from_secs(3)).await;
        lab.world.host.told.holds(&candidate, None);
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(600)).await;
        assert_eq!(lab.ending(&id), None, "its loss is no less a loss");
        let sights = facts(&lab, &id).into_iter();
        let lost = sights.filter(|fact| matches!(fact, Fact::Sight { sees: false, .. }));
        assert_eq!(lost.count(), 1);
        lab.world.host.told.holds(&candidate, Some(50 * MEBIBYTE));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}
