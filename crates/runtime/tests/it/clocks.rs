//! Clocks that step, machines that sleep, and a controller that stood still: they pass and fail
//! nothing.

use std::time::Duration;

use tokio::time::{Instant, interval_at};
use windlass_api::Command;
use windlass_model::{DeploymentId, Millis, Outcome, Rule, SlotId, Trigger};
use windlass_testkit::{Ending, Lab, Script, run};

use crate::fixture::{
    assert_clean, begun, facts, failed, passed, promoted, put, say, script, shop, until_baking, web,
};

const HOUR_US: i64 = 3_600 * 1_000_000;

/// How often the calendar steps: off the beat of everything else.
const STEP_EVERY: Duration = Duration::from_millis(777);

/// The calendar after a sleep, and after somebody set it: hours, days, a year.
const STEPS_H: [i64; 7] = [8, -8, -24, 1, 366 * 24, -367 * 24, 24];

/// A sleep, and another: work time stands still, the calendar does not.
const SLEEPS_H: [i64; 2] = [8, 60];

/// What a story came to: how and when it ended, every split with its time, every fact.
async fn told(story: &impl AsyncFn(&mut Lab) -> DeploymentId, steps_h: Vec<i64>) -> String {
    let mut lab = Lab::new().await;
    let time = lab.world.time.clone();
    // On the test's own clock; ends with its runtime.
    let mut turns = interval_at(Instant::now() + STEP_EVERY, STEP_EVERY);
    tokio::task::spawn_local(async move {
        for by in steps_h.iter().cycle() {
            turns.tick().await;
            time.jump_calendar(by * HOUR_US);
        }
    });
    let id = story(&mut lab).await;
    let ending = lab.until_ended(&id).await;
    let ended = lab.world.time.now();
    assert_clean(&lab);
    let splits = lab.world.front.splits().into_iter();
    let splits: Vec<_> = splits.map(|split| (split.at, split.weights())).collect();
    format!("{ending:?} at {ended}, {splits:?}, {:#?}", facts(&lab, &id))
}

/// The calendar changes nothing of what becomes of a story, and nothing of when; returns what that is.
fn decides_nothing(ends: &str, story: &impl AsyncFn(&mut Lab) -> DeploymentId) -> String {
    let steady = run(told(story, vec![0]));
    assert!(steady.starts_with(ends), "{steady}");
    for steps_h in [&STEPS_H[..], &SLEEPS_H] {
        assert_eq!(run(told(story, steps_h.to_vec())), steady, "{steps_h:?}");
    }
    steady
}

#[test]
fn a_clock_that_steps_by_hours_ends_no_step_and_no_drain_sooner_or_later() {
    let told = decides_nothing("Ended(Promoted)", &async |lab| {
        let part = || web().canary(&[(25, 20_000), (100, 20_000)]);
        put(lab, &["web"], "one");
        promoted(lab, &shop([part()])).await;
        put(lab, &["web"], "two");
        // The drain's time is over before they are.
        lab.world.front.requests_take(Millis::from_secs(60));
        let id = begun(lab, &shop([part()])).await;
        until_baking(lab, &id, "web", 25).await;
        lab.pass(Millis::from_secs(7)).await;
        // What remains of a step is in the journal, and no time of day.
        lab.crash_and_restart().await;
        id
    });
    assert!(told.contains("cut: 3"), "the drain had its time: {told}");
}

#[test]
fn a_clock_that_steps_by_hours_gives_what_is_not_ready_its_whole_time_and_no_more() {
    decides_nothing("Ended(RolledBack)", &async |lab| {
        put(lab, &["web"], "one");
        promoted(lab, &shop([web()])).await;
        put(lab, &["web"], "two");
        script(lab, "web", "two", Script::never_ready());
        begun(lab, &shop([web().ready_within(Millis::from_secs(40))])).await
    });
}

#[test]
fn a_clock_that_steps_by_hours_neither_fires_a_trigger_nor_silences_it() {
    // The rule alone: without a single error before, 3 % would be shown to be worse.
    let is_rate = |trigger: &Trigger| matches!(trigger, Trigger::ErrorRate { .. });
    let rule = Trigger::DEFAULTS.into_iter().find(is_rate).map(Rule::from);
    let rule = rule.expect("it is a usual one");
    for (percent, ends) in [(10, "Ended(RolledBack)"), (3, "Ended(Promoted)")] {
        decides_nothing(ends, &async |lab| {
            let watched = web().with(|spec| spec.rollback_on = vec![rule.clone()]);
            let part = || watched.clone().canary(&[(50, 30_000), (100, 30_000)]);
            put(lab, &["web"], "one");
            promoted(lab, &shop([part()])).await;
            let key = shop([]).key("web");
            lab.world.front.requests_come(&key, 200);
            put(lab, &["web"], "two");
            let id = begun(lab, &shop([part()])).await;
            until_baking(lab, &id, "web", 50).await;
            lab.world.front.errors(&key, SlotId(1), percent);
            id
        });
    }
}

#[test]
fn a_clock_that_steps_by_hours_leaves_a_way_back_its_time() {
    decides_nothing("Stuck", &async |lab| {
        put(lab, &["web"], "one");
        promoted(lab, &shop([web()])).await;
        put(lab, &["web"], "two");
        let id = begun(lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(lab, &id, "web", 100).await;
        lab.world.front.go_away();
        assert_eq!(say(lab, &id, Command::Abort).await, Ok(()));
        id
    });
}

/// Not its machine: that sleeps with the router and the services, and its work time with it. A
/// controller alone finds its timers overdue, and what it waited for unseen.
#[test]
fn a_controller_that_stood_still_for_an_hour_counts_one_slice_of_it() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let part = || {
            let bakes = web().bake(Millis::from_secs(60));
            bakes.ready_within(Millis::from_secs(60))
        };
        promoted(&mut lab, &shop([part()])).await;
        put(&lab, &["web"], "two");
        let slow = Script {
            ready_after: Some(Millis::from_secs(3_650)),
            ..Script::default()
        };
        script(&lab, "web", "two", slow);
        let id = begun(&lab, &shop([part()])).await;
        lab.pass(Millis::from_secs(10)).await;
        tokio::time::advance(Duration::from_hours(1)).await;
        lab.pass(Millis::from_secs(35)).await;
        assert_eq!(
            failed(&lab, &id),
            [],
            "its time to become ready is not over"
        );

        until_baking(&mut lab, &id, "web", 100).await;
        let began = lab.world.time.now();
        lab.pass(Millis::from_secs(11)).await;
        tokio::time::advance(Duration::from_hours(1)).await;
        lab.pass(Millis::from_secs(40)).await;
        assert_eq!(passed(&lab, &id), Vec::<String>::new(), "nor is its bake");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let baked = lab.world.time.now().less(began);
        assert!(baked >= Millis::from_secs(3_600 + 55), "{baked}");
        assert_clean(&lab);
    });
}
