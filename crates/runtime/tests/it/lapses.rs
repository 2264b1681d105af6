//! An instance that hangs and recovers leaves a trace, and one that was just started does not.

use std::rc::Rc;

use windlass_model::{Happened, InstanceId, Millis, Percent};
use windlass_testkit::{Lab, run};

use crate::fixture::{assert_clean, promoted, put, shop, stable, web};

/// What was noted of readiness: whether it was lost, how often, for how long, and whether it was found later.
fn lapses(lab: &Lab) -> Vec<(String, u32, bool)> {
    let noted = lab.world.disk.happenings().into_iter();
    let told = noted.filter_map(|it| {
        let what = match it.what {
            Happened::InstanceUnready { saw } => format!("lost: {saw}"),
            Happened::InstanceReadyAgain { since_us } => {
                format!("ready after {}s", (it.at_us - since_us) / 1_000_000)
            }
            _ => return None,
        };
        Some((what, it.count, it.found_us.is_some()))
    });
    told.collect()
}

fn told(what: &str, count: u32, found: bool) -> (String, u32, bool) {
    (what.to_owned(), count, found)
}

async fn serving(lab: &mut Lab) -> InstanceId {
    put(lab, &["web"], "one");
    promoted(lab, &shop([web()])).await;
    lab.pass(Millis::from_secs(5)).await;
    stable(lab, "web").instances[0].id.clone()
}

#[test]
fn one_that_hangs_and_recovers_is_noted_with_what_was_seen_and_for_how_long() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        lab.world.front.lapse(&id, "no answer in 2s");
        lab.pass(Millis::from_secs(42)).await;
        let lost = told("lost: no answer in 2s", 1, false);
        assert_eq!(
            lapses(&lab),
            std::slice::from_ref(&lost),
            "said once while it lasts"
        );
        lab.world.front.recover(&id);
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(lapses(&lab), [lost, told("ready after 42s", 1, false)]);
        assert_clean(&lab);
    });
}

#[test]
fn one_that_flaps_is_two_rows_with_a_count() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        for _ in 0..50 {
            // Often enough that a look misses some.
            lab.world.front.lapse(&id, "HTTP 503");
            lab.pass(Millis::from_millis(400)).await;
            lab.world.front.recover(&id);
            lab.pass(Millis::from_millis(300)).await;
        }
        lab.pass(Millis::from_secs(5)).await;
        let both = [
            told("lost: HTTP 503", 50, false),
            told("ready after 0s", 50, false),
        ];
        assert_eq!(lapses(&lab), both);
    });
}

#[test]
fn what_is_open_when_a_controller_dies_is_not_said_twice_and_is_closed_by_the_next() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        lab.world.front.lapse(&id, "HTTP 503");
        lab.pass(Millis::from_secs(5)).await;
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(5)).await;
        let lost = told("lost: HTTP 503", 1, false);
        assert_eq!(lapses(&lab), std::slice::from_ref(&lost));
        lab.crash().await;
        lab.world.front.recover(&id);
        lab.world.pass(Millis::from_secs(30)).await;
        lab.start().await;
        lab.pass(Millis::from_secs(5)).await;
        let noted = lapses(&lab);
        assert_eq!(noted[0], lost);
        assert_eq!(
            (noted.len(), noted[1].1, noted[1].2),
            (2, 1, true),
            "{noted:?}"
        );
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(lapses(&lab), noted);
    });
}

/// It hangs and recovers while no controller lives; what the next one is to find of that.
async fn hung_unseen(lab: &mut Lab, id: &InstanceId) -> [(String, u32, bool); 2] {
    lab.crash().await;
    lab.world.front.lapse(id, "HTTP 500");
    lab.world.pass(Millis::from_secs(7)).await;
    lab.world.front.recover(id);
    lab.world.pass(Millis::from_secs(30)).await;
    lab.start().await;
    lab.pass(Millis::from_secs(5)).await;
    ["lost: HTTP 500", "ready after 7s"].map(|what| told(what, 1, true))
}

#[test]
fn what_began_and_ended_while_no_controller_lived_is_found() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        let both = hung_unseen(&mut lab, &id).await;
        assert_eq!(lapses(&lab), both);
    });
}

#[test]
fn one_that_was_started_again_is_no_trouble_while_it_is_not_ready_yet() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        lab.world.host.kill(&id);
        lab.pass(Millis::from_secs(1)).await;
        lab.world.front.lapse(&id, "connection refused");
        lab.pass(Millis::from_secs(8)).await;
        lab.world.front.recover(&id);
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(lapses(&lab), [], "its end is noted, and that is enough");
        lab.world.host.kill(&id);
        lab.pass(Millis::from_secs(1)).await;
        lab.world.front.lapse(&id, "connection refused");
        lab.pass(Millis::from_secs(20)).await;
        let lost = told("lost: connection refused", 1, false);
        assert_eq!(lapses(&lab).len(), 1, "it had its time: {:?}", lapses(&lab));
        assert_eq!(lapses(&lab)[0].0, lost.0);
    });
}

#[test]
fn another_router_that_sees_it_ready_ends_what_the_one_before_saw() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        lab.world.front.lapse(&id, "HTTP 503");
        lab.pass(Millis::from_secs(5)).await;
        lab.world.front.go_away();
        lab.pass(Millis::from_secs(1)).await;
        lab.world.front.come_back();
        lab.pass(Millis::from_secs(4)).await;
        assert_eq!(lapses(&lab).len(), 1, "it has not seen enough yet");
        lab.pass(Millis::from_secs(30)).await;
        let noted = lapses(&lab);
        assert_eq!(noted.len(), 2, "{noted:?}");
        assert!(
            noted[1].0.starts_with("ready after") && noted[1].2,
            "{noted:?}"
        );
    });
}

#[test]
fn another_router_that_sees_it_hang_still_says_nothing_new() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        lab.world.front.lapse(&id, "HTTP 503");
        lab.pass(Millis::from_secs(20)).await;
        lab.world.front.come_back();
        lab.world.front.lapse(&id, "HTTP 503");
        lab.pass(Millis::from_secs(10)).await;
        assert_eq!(lapses(&lab), [told("lost: HTTP 503", 1, false)]);
        lab.world.front.recover(&id);
        lab.pass(Millis::from_secs(5)).await;
        let noted = lapses(&lab);
        assert_eq!(noted[1], told("ready after 30s", 1, false), "{noted:?}");
    });
}

/// What serves after a deployment whose candidate lapsed once, and recovered, before it was promoted.
async fn promoted_after_a_lapse(lab: &mut Lab) -> InstanceId {
    serving(lab).await;
    put(lab, &["web"], "two");
    let deployed = lab.deploy(&shop([web()])).await.expect("it lives");
    let deployment = deployed.expect("something to do");
    let front = Rc::clone(&lab.world.front);
    let carries = || {
        let split = front.splits().pop().and_then(|split| split.route);
        let mut slots = split.expect("a split").slots.into_iter();
        let fed = slots.find(|slot| slot.weight > Percent::ZERO)?;
        fed.instances.into_iter().next()
    };
    let before = carries().expect("the old one").id;
    while carries().is_none_or(|one| one.id == before) {
        lab.pass(Millis::from_millis(10)).await;
    }
    let id = carries().expect("the new one").id;
    lab.world.front.lapse(&id, "HTTP 503");
    lab.world.front.recover(&id);
    lab.until_ended(&deployment).await;
    lab.pass(Millis::from_secs(10)).await;
    assert_eq!(stable(lab, "web").instances[0].id, id);
    id
}

#[test]
fn what_a_candidate_did_before_it_was_promoted_is_told_by_its_deployment_alone() {
    run(async {
        let mut lab = Lab::new().await;
        promoted_after_a_lapse(&mut lab).await;
        assert_eq!(lapses(&lab), []);
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(10)).await;
        assert_eq!(lapses(&lab), [], "nor by the next controller");
        assert_clean(&lab);
    });
}

#[test]
fn what_it_did_since_it_was_promoted_is_found_by_the_next_controller() {
    run(async {
        let mut lab = Lab::new().await;
        let id = promoted_after_a_lapse(&mut lab).await;
        let both = hung_unseen(&mut lab, &id).await;
        assert_eq!(lapses(&lab), both);
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(lapses(&lab), both);
    });
}
