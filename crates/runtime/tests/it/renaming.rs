//! A service under another name: the same one, also when a stored plan is carried out, and when the
//! router is not there to hear of it.

use windlass_api::{Command, Exit};
use windlass_model::{DeploymentId, Millis, Outcome, Repair, SlotId};
use windlass_runtime::From;
use windlass_testkit::{App, Ending, Lab, Script, Service, run, service_name};

use crate::fixture::{
    alive, assert_clean, begun, promoted, put, say, script, shares, shop, splits, state, web,
};

/// `site`, which was `web`.
fn site_alone() -> Service {
    let renamed = Service::new("site").listen(8080).bake(Millis::from_secs(2));
    renamed.with(|spec| spec.was = Some(service_name("web")))
}

fn site() -> App {
    shop([site_alone()])
}

/// Deploys what was planned before, as the command line does.
async fn by_its_plan(lab: &mut Lab, app: &App) -> Ending {
    let planned = lab.handle().plan(app.wanted()).await.expect("a plan");
    let begun = lab.deploy_from(From::Plan(planned.plan.id)).await;
    let id = begun
        .expect("it is accepted")
        .expect("there is something to do");
    lab.until_ended(&id).await
}

#[test]
fn what_was_planned_as_a_rename_takes_the_old_slot_along() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["site"], "two");
        let ending = by_its_plan(&mut lab, &site()).await;
        assert_eq!(ending, Ending::Ended(Outcome::Promoted));
        let now = state(&lab, "site");
        assert_eq!(now.stable.map(|slot| slot.id), Some(SlotId(1)));
        assert_eq!(
            now.standby.map(|slot| slot.id),
            Some(SlotId(0)),
            "kept warm"
        );
        assert_eq!(alive(&lab), 2);
        assert_clean(&lab);
    });
}

#[test]
fn a_rename_that_fails_is_back_on_the_old_slot() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["site"], "two");
        script(
            &lab,
            "site",
            "two",
            Script::ends_after(Millis::from_millis(20)),
        );
        let ending = by_its_plan(&mut lab, &site()).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        assert_eq!(splits(&lab, "site").pop(), Some(shares([(0, 100)])));
        assert_eq!(alive(&lab), 1);
        assert_clean(&lab);
    });
}

/// `site` is to be the new name of `web`, with the same release, and the router is not there.
async fn unheard(lab: &mut Lab) -> DeploymentId {
    put(lab, &["web", "site"], "one");
    promoted(lab, &shop([web()])).await;
    lab.world.front.go_away();
    begun(lab, &site()).await
}

/// The names under which the router gives traffic to the one slot.
fn routed(lab: &Lab) -> Vec<&'static str> {
    let known = |name: &&str| lab.world.front.route(&shop([]).key(name)).is_some();
    ["web", "site"].into_iter().filter(known).collect()
}

#[test]
fn a_rename_that_is_aborted_before_the_router_knows_it_ends_all_the_same() {
    run(async {
        for dies in [false, true] {
            let mut lab = Lab::new().await;
            let id = unheard(&mut lab).await;
            lab.pass(Millis::from_secs(3)).await;
            say(&lab, &id, Command::Abort).await.expect("it goes back");
            lab.pass(Millis::from_secs(3)).await;
            if dies {
                lab.crash().await;
            }
            lab.world.front.come_back();
            if dies {
                lab.start().await;
            }
            let ending = lab.until_ended(&id).await;
            assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
            assert_eq!(routed(&lab), ["site"]);
            assert!(state(&lab, "site").stable.is_some());
            assert_eq!(alive(&lab), 1);
            put(&lab, &["site"], "two");
            promoted(&mut lab, &site()).await;
            assert_clean(&lab);
        }
    });
}

#[test]
fn a_router_that_never_hears_of_a_rename_leaves_it_to_a_person() {
    run(async {
        for aborted in [false, true] {
            let mut lab = Lab::new().await;
            let id = unheard(&mut lab).await;
            if aborted {
                say(&lab, &id, Command::Abort).await.expect("it goes back");
            }
            assert_eq!(lab.until_ended(&id).await, Ending::Stuck);
            lab.crash_and_restart().await;
            let how = Repair::Done;
            let done = say(&lab, &id, Command::Repair { how }).await;
            assert_eq!(done.expect_err("on nobody's word").exit, Exit::Refused);
            lab.world.front.come_back();
            let how = Repair::Retry;
            say(&lab, &id, Command::Repair { how })
                .await
                .expect("once more");
            let outcome = if aborted {
                Outcome::RolledBack
            } else {
                Outcome::Promoted
            };
            assert_eq!(lab.until_ended(&id).await, Ending::Ended(outcome));
            assert_eq!(routed(&lab), ["site"]);
            assert_clean(&lab);
        }
    });
}

#[test]
fn a_rename_that_was_given_up_can_be_asked_for_again() {
    run(async {
        for heard in [false, true] {
            let mut lab = Lab::new().await;
            let id = unheard(&mut lab).await;
            assert_eq!(lab.until_ended(&id).await, Ending::Stuck);
            let how = Repair::Abandon;
            say(&lab, &id, Command::Repair { how })
                .await
                .expect("given up");
            let ending = lab.until_ended(&id).await;
            assert_eq!(ending, Ending::Ended(Outcome::Abandoned));
            assert!(state(&lab, "web").stable.is_some(), "as it was");
            lab.world.front.come_back();
            if heard {
                lab.crash_and_restart().await;
            }
            assert_eq!(routed(&lab), ["web"]);
            promoted(&mut lab, &site()).await;
            assert_eq!(routed(&lab), ["site"]);
            assert_eq!(alive(&lab), 1);
            assert_clean(&lab);
        }
    });
}

/// Its routes are put back whatever the other one's name is.
#[test]
fn a_rename_that_is_open_does_not_keep_lost_routes_from_coming_back() {
    run(async {
        let mut lab = Lab::new().await;
        let other = || Service::new("other").listen(8_001);
        put(&lab, &["web", "site", "other"], "one");
        promoted(&mut lab, &shop([web(), other()])).await;
        lab.world.front.go_away();
        let id = begun(&lab, &shop([site_alone(), other()])).await;
        lab.crash().await;
        lab.world.front.forget(&shop([]).key("other"));
        lab.world.front.come_back();
        lab.start().await;
        let back = lab.world.front.route(&shop([]).key("other"));
        assert!(back.is_some(), "while the rename is asked for");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_clean(&lab);
    });
}
