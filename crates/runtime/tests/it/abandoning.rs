//! What an abandoned deployment leaves acts no more, and is put right.

use std::collections::BTreeMap;

use windlass_api::Command;
use windlass_control::{Direction, Generation, ObservedTable, RouteChange};
use windlass_edge::TrafficRouter;
use windlass_model::{DeploymentId, Epoch, Millis, Outcome, Repair, Route, ServiceSpec};
use windlass_testkit::{App, Ending, FakeRouter, Lab, Script, Service, Unready, run};

use crate::fixture::{
    RESIDENT, alive, assert_clean, begun, facts, promoted, put, say, script, shares, shop, splits,
    stable, state, until_baking, web,
};

/// A canary that bakes long at one half, and may take two seconds to go back.
fn half() -> App {
    let short = |spec: &mut ServiceSpec| {
        spec.rollback_within = Millis::from_secs(2);
    };
    shop([web().canary(&[(50, 60_000), (100, 1_000)]).with(short)])
}

/// Version one is stable, version two has one half.
async fn at_half(lab: &mut Lab) -> DeploymentId {
    put(lab, &["web"], "one");
    promoted(lab, &half()).await;
    put(lab, &["web"], "two");
    let id = begun(lab, &half()).await;
    until_baking(lab, &id, "web", 50).await;
    id
}

/// Aborted while no router answers, stuck for it, and abandoned; then the router answers again.
async fn abandoned(lab: &mut Lab, id: &DeploymentId) {
    lab.world.front.go_away();
    assert_eq!(say(lab, id, Command::Abort).await, Ok(()));
    assert_eq!(
        lab.until_ended(id).await,
        Ending::Stuck,
        "{:?}",
        facts(lab, id)
    );
    let how = Repair::Abandon;
    assert_eq!(say(lab, id, Command::Repair { how }).await, Ok(()));
    let ending = lab.until_ended(id).await;
    assert_eq!(ending, Ending::Ended(Outcome::Abandoned));
    lab.world.front.come_back();
}

fn route(lab: &Lab) -> Route {
    let route = lab.world.front.route(&shop([]).key("web"));
    route.expect("it is routed")
}

async fn table(lab: &Lab) -> ObservedTable {
    let router = FakeRouter::new(&lab.world.front, Epoch::default());
    router.observe().await.expect("it answers")
}

/// Tripwires that are armed now.
async fn wires(lab: &Lab) -> usize {
    let entries = table(lab).await.services;
    entries
        .values()
        .filter(|entry| entry.tripwire.is_some())
        .count()
}

/// Somebody gives the standby all the traffic.
async fn give_to_standby(lab: &Lab) {
    let key = shop([]).key("web");
    let mut wrong = route(lab);
    for slot in &mut wrong.slots {
        slot.weight = slot.weight.rest();
    }
    let change = RouteChange {
        direction: Direction::Return,
        decided_on: Generation::default(),
        route: Some(wrong),
    };
    let router = FakeRouter::new(&lab.world.front, table(lab).await.epoch);
    let changes = BTreeMap::from([(key, change)]);
    router.apply(changes.into()).await.expect("it is taken");
}

#[test]
fn a_way_back_that_was_abandoned_moves_nothing_once_the_router_answers() {
    run(async {
        let mut lab = Lab::new().await;
        let id = at_half(&mut lab).await;
        let before = splits(&lab, "web");
        abandoned(&mut lab, &id).await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(splits(&lab, "web"), before, "it is let go of as it is");
    });
}

/// The old release answers again only when the next one has all the traffic.
#[test]
fn a_way_back_that_was_abandoned_takes_nothing_from_what_is_promoted_later() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let silent = Unready {
            after: Millis::from_secs(20),
            lasts: Some(Millis::from_secs(12)),
        };
        let one = Script {
            unready: Some(silent),
            ..Script::default()
        };
        script(&lab, "web", "one", one);
        promoted(&mut lab, &half()).await;
        let one = stable(&lab, "web").instances[0].id.clone();
        put(&lab, &["web"], "two");
        let id = begun(&lab, &half()).await;
        until_baking(&mut lab, &id, "web", 50).await;
        while lab.world.host.is_ready(&one) {
            lab.pass(Millis::from_millis(10)).await;
        }
        assert_eq!(say(&lab, &id, Command::Abort).await, Ok(()));
        assert_eq!(lab.until_ended(&id).await, Ending::Stuck);
        let how = Repair::Abandon;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
        assert!(!lab.world.host.is_ready(&one), "it is silent till now");
        let before = splits(&lab, "web");
        lab.pass(Millis::from_secs(60)).await;
        assert!(lab.world.host.is_ready(&one));
        assert_eq!(splits(&lab, "web"), before);
        assert_eq!(before.last(), Some(&shares([(0, 0), (2, 100)])));
    });
}

#[test]
fn an_abandoned_deployment_has_no_tripwire_any_more() {
    run(async {
        let mut lab = Lab::new().await;
        let id = at_half(&mut lab).await;
        assert_eq!(wires(&lab).await, 1);
        abandoned(&mut lab, &id).await;
        lab.pass(Millis::from_secs(6)).await;
        assert_eq!(wires(&lab).await, 0);
        let before = splits(&lab, "web");
        let candidate = &route(&lab).slots[1].instances[0].id;
        lab.world.host.kill(candidate);
        lab.pass(Millis::from_secs(10)).await;
        assert_eq!(splits(&lab, "web"), before, "nobody goes back any more");
    });
}

#[test]
fn the_next_controller_gives_what_is_stable_all_and_ends_what_was_abandoned() {
    run(async {
        let mut lab = Lab::new().await;
        let id = at_half(&mut lab).await;
        abandoned(&mut lab, &id).await;
        assert_eq!(alive(&lab), 2);
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(60)).await;
        let all = splits(&lab, "web");
        let last = [shares([(0, 100), (1, 0)]), shares([(0, 100)])];
        assert_eq!(all[all.len() - 2..], last);
        assert_eq!(alive(&lab), 1);
        assert_eq!(
            lab.tasks(),
            RESIDENT + alive(&lab),
            "and nobody looks any longer"
        );
        assert_clean(&lab);
    });
}

#[test]
fn what_is_stable_gets_nothing_before_it_answers() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(
            &lab,
            "web",
            "one",
            Script::unready_after(Millis::from_secs(10)),
        );
        promoted(&mut lab, &half()).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &half()).await;
        until_baking(&mut lab, &id, "web", 50).await;
        abandoned(&mut lab, &id).await;
        lab.pass(Millis::from_secs(20)).await;
        let before = splits(&lab, "web");
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(120)).await;
        assert_eq!(splits(&lab, "web"), before);
        assert_eq!(alive(&lab), 2, "what serves is not ended");
        assert_eq!(
            lab.tasks(),
            RESIDENT + 1,
            "one follower, and nobody looks for ever"
        );
    });
}

#[test]
fn the_end_of_the_next_deployment_ends_what_was_abandoned() {
    run(async {
        let mut lab = Lab::new().await;
        let id = at_half(&mut lab).await;
        abandoned(&mut lab, &id).await;
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
        lab.pass(Millis::from_secs(10)).await;
        assert_eq!(alive(&lab), 2, "three, and one that stands by");
        assert_clean(&lab);
    });
}

/// Invariant 4.
#[test]
fn a_standby_that_has_the_traffic_is_not_stopped_by_the_next_deployment() {
    run(async {
        let mut lab = Lab::new().await;
        for content in ["one", "two"] {
            put(&lab, &["web"], content);
            promoted(&mut lab, &shop([web()])).await;
        }
        give_to_standby(&lab).await;
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(0, 100), (1, 0)]))
        );
        put(&lab, &["web"], "three");
        let refused = lab.deploy(&shop([web()])).await.expect_err("it serves");
        let refused = format!("{refused:?}");
        assert!(
            refused.contains("WL0379") && refused.contains("100 %"),
            "{refused}"
        );
        assert_eq!(alive(&lab), 2);
        // The hint.
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(1)).await;
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(0, 0), (1, 100)]))
        );
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(state(&lab, "web").standby.map(|slot| slot.id.0), Some(1));
        assert_clean(&lab);
    });
}

/// The look before it began may be too old.
#[test]
fn a_standby_that_gets_traffic_in_the_last_moment_is_not_stopped_either() {
    run(async {
        let mut lab = Lab::new().await;
        for content in ["one", "two"] {
            put(&lab, &["web"], content);
            promoted(&mut lab, &shop([web()])).await;
        }
        let standby = state(&lab, "web").standby.expect("one stands by");
        put(&lab, &["web"], "three");
        let id = begun(&lab, &shop([web()])).await;
        give_to_standby(&lab).await;
        lab.until_ended(&id).await;
        let failed = format!("{:?}", facts(&lab, &id));
        assert!(
            failed.contains("slot 0 still gets 100 % of the requests"),
            "{failed}"
        );
        assert!(lab.world.host.is_ready(&standby.instances[0].id));
    });
}

#[test]
fn what_others_need_that_are_not_settled_stays_as_it_is() {
    run(async {
        let mut lab = Lab::new().await;
        let short = |spec: &mut ServiceSpec| {
            spec.rollback_within = Millis::from_secs(2);
        };
        let auth = Service::new("auth").listen(8001).bake(Millis::from_secs(1));
        let web = web().needs(&["auth"]).canary(&[(50, 60_000), (100, 1_000)]);
        let app = shop([auth.with(short), web.with(short)]);
        put(&lab, &["auth", "web"], "one");
        let dies = Script::unready_after(Millis::from_secs(10));
        script(&lab, "web", "one", dies);
        promoted(&mut lab, &app).await;
        put(&lab, &["auth", "web"], "two");
        let id = begun(&lab, &app).await;
        until_baking(&mut lab, &id, "web", 50).await;
        abandoned(&mut lab, &id).await;
        lab.pass(Millis::from_secs(20)).await;
        let before = (splits(&lab, "auth"), splits(&lab, "web"), alive(&lab));
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(120)).await;
        let now = (splits(&lab, "auth"), splits(&lab, "web"), alive(&lab));
        assert_eq!(
            now, before,
            "the half of web that is new still has its auth"
        );
    });
}
