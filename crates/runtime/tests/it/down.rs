//! Taking an application down, and up again.

use windlass_api::{DownAnswer, Exit, Problem};
use windlass_model::{Millis, Outcome};
use windlass_runtime::{From, Terms, When};
use windlass_testkit::{App, Effect, Ending, Lab, Script, Service, run, service_name};

use crate::fixture::{
    alive, assert_clean, begun, count, promoted, put, script, shop, splits, stable, state, three,
    until_baking, web,
};

async fn down(lab: &Lab, app: &App) -> Result<DownAnswer, Problem> {
    lab.handle()
        .down(app.spec().app.clone(), None, "ana".to_owned())
        .await
}

#[test]
fn down_leaves_nothing_and_a_deployment_brings_it_back() {
    run(async {
        let mut lab = Lab::new().await;
        let names = ["auth", "api", "web"];
        put(&lab, &names, "one");
        promoted(&mut lab, &shop(three())).await;
        put(&lab, &names, "two");
        promoted(&mut lab, &shop(three())).await;
        let answer = down(&lab, &shop([])).await.expect("it goes down");
        assert_eq!(
            answer.ended,
            names
                .map(service_name)
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
        );
        assert!(answer.last);
        assert_eq!((alive(&lab), count(&lab, Effect::ShutDown)), (0, 1));
        for name in names {
            assert_eq!(lab.world.front.route(&shop([]).key(name)), None);
        }
        lab.crash_and_restart().await;
        let id = promoted(&mut lab, &shop(three())).await;
        assert_eq!(lab.world.disk.deployments().last().expect("one").id, id);
        assert_eq!(alive(&lab), 3, "as a first deployment: nothing stands by");
        assert_eq!(
            stable(&lab, "web").id.0,
            2,
            "a slot's number is never used again"
        );
        assert_clean(&lab);
    });
}

#[test]
fn down_while_something_is_deployed_is_refused() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web()])).await;
        let refused = down(&lab, &shop([])).await.expect_err("one runs");
        assert_eq!(refused.exit, Exit::Refused);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(alive(&lab), 1);
    });
}

#[test]
fn down_and_a_deployment_that_come_at_once_do_not_mix() {
    run(async {
        for first in [true, false] {
            let mut lab = Lab::new().await;
            put(&lab, &["web"], "one");
            promoted(&mut lab, &shop([web()])).await;
            put(&lab, &["web"], "two");
            let app = shop([web()]);
            let (down, deployed) = if first {
                futures_util::join!(down(&lab, &app), lab.deploy(&app))
            } else {
                let (deployed, down) = futures_util::join!(lab.deploy(&app), down(&lab, &app));
                (down, deployed)
            };
            assert_ne!(down.is_ok(), deployed.is_ok(), "{down:?} {deployed:?}");
            if let Ok(Some(id)) = deployed {
                assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
                assert_eq!(alive(&lab), 2);
            } else {
                lab.pass(Millis::from_secs(60)).await;
                assert_eq!(alive(&lab), 0);
            }
            assert_clean(&lab);
        }
    });
}

#[test]
fn down_of_one_application_leaves_the_others() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let blog = App::new("blog", [web().listen(9_000)]);
        promoted(&mut lab, &shop([web()])).await;
        promoted(&mut lab, &blog).await;
        let answer = down(&lab, &shop([])).await.expect("it goes down");
        assert!(!answer.last);
        assert_eq!((alive(&lab), count(&lab, Effect::ShutDown)), (1, 0));
        assert!(lab.world.front.route(&blog.key("web")).is_some());
        let answer = down(&lab, &shop([])).await.expect("it is down already");
        assert_eq!(answer.ended, []);
    });
}

#[test]
fn down_that_was_cut_short_goes_on_where_it_stopped() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        promoted(&mut lab, &shop(three())).await;
        let failed = down_on_a_disk_that_fills(&lab).await;
        assert_eq!(failed.exit, Exit::Stuck);
        lab.world.disk.fill(false);
        let answer = down(&lab, &shop([])).await.expect("it goes down");
        assert!(answer.last);
        assert_eq!((alive(&lab), state(&lab, "web").stable), (0, None));
        assert_clean(&lab);
    });
}

/// The disk is full from the moment at which the first instance has ended.
async fn down_on_a_disk_that_fills(lab: &Lab) -> Problem {
    let before = alive(lab);
    let fills = async {
        while alive(lab) == before {
            lab.world.pass(Millis::from_millis(1)).await;
        }
        lab.world.disk.fill(true);
    };
    let app = shop([]);
    let (failed, ()) = futures_util::join!(down(lab, &app), fills);
    failed.expect_err("its end can't be journalled")
}

#[test]
fn down_ends_nothing_where_nothing_can_be_journalled() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let routed = lab.world.front.route(&shop([]).key("web"));
        lab.world.disk.fill(true);
        let failed = down(&lab, &shop([])).await.expect_err("the disk is full");
        let said = failed.hint.unwrap_or_default();
        assert!(said.starts_with("nothing was changed"), "{said}");
        assert_eq!(alive(&lab), 1);
        assert_eq!(lab.world.front.route(&shop([]).key("web")), routed);
        lab.world.disk.fill(false);
        for instance in lab.world.host.alive().keys() {
            lab.world.host.kill(instance);
        }
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(alive(&lab), 1, "it is still started again");
        assert_clean(&lab);
    });
}

#[test]
fn what_a_full_disk_kept_from_being_journalled_as_down_says_so_and_a_deployment_starts_it() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let failed = down_on_a_disk_that_fills(&lab).await;
        assert!(failed.title.contains("web went down"), "{failed:?}");
        let said = failed.hint.unwrap_or_default();
        assert!(said.contains("windlass deploy"), "{said}");
        assert_eq!(alive(&lab), 0);
        lab.world.disk.fill(false);
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(alive(&lab), 1);
        assert_clean(&lab);
    });
}

/// A shop that can't go back: what it would go back to is not ready.
async fn stuck(lab: &mut Lab) {
    put(lab, &["web"], "one");
    let unready = Script::unready_after(Millis::from_secs(30));
    script(lab, "web", "one", unready);
    promoted(lab, &shop([web()])).await;
    put(lab, &["web"], "two");
    let id = begun(lab, &shop([web().bake(Millis::from_secs(300))])).await;
    until_baking(lab, &id, "web", 100).await;
    lab.pass(Millis::from_secs(60)).await;
    let route = lab.world.front.route(&shop([]).key("web"));
    let route = route.expect("it is routed");
    lab.world.host.kill(&route.slots[1].instances[0].id);
    assert_eq!(lab.until_ended(&id).await, Ending::Stuck);
}

/// Whether or not the controller ends with it.
#[test]
fn what_waits_for_something_that_is_taken_down_does_not_begin_and_says_by_whom() {
    run(async {
        for last in [true, false] {
            let mut lab = Lab::new().await;
            if !last {
                put(&lab, &["web"], "zero");
                promoted(&mut lab, &App::new("blog", [web().listen(9_000)])).await;
            }
            stuck(&mut lab).await;
            put(&lab, &["web"], "three");
            let (handle, wanted) = (lab.handle(), shop([web()]).wanted());
            let waiting = tokio::task::spawn_local(async move {
                let from = From::File(Box::new(wanted));
                let when = When::Wait(Millis::from_secs(600));
                handle.deploy(from, Terms::of("bob".to_owned()), when).await
            });
            lab.pass(Millis::from_secs(1)).await;
            let answer = down(&lab, &shop([])).await.expect("it goes down");
            assert_eq!(answer.last, last);
            let refused = waiting.await.expect("the task ends");
            let refused = refused.expect_err("nothing is brought back");
            assert_eq!(
                (refused.exit, refused.code.0.as_str()),
                (Exit::Refused, "WL0380")
            );
            assert!(refused.title.starts_with("ana took it down"), "{refused:?}");
            assert_eq!(alive(&lab), usize::from(!last));
        }
    });
}

#[test]
fn what_is_stuck_can_be_taken_down_and_deployed_afresh() {
    run(async {
        let mut lab = Lab::new().await;
        stuck(&mut lab).await;
        let answer = down(&lab, &shop([])).await.expect("it goes down");
        assert!(answer.last, "nothing is left");
        assert_eq!(
            (alive(&lab), lab.world.front.route(&shop([]).key("web"))),
            (0, None)
        );
        lab.crash_and_restart().await;
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(alive(&lab), 1);
        assert_eq!(
            splits(&lab, "web")
                .last()
                .map(std::collections::BTreeMap::len),
            Some(1)
        );
    });
}

#[test]
fn what_failed_and_was_kept_elsewhere_keeps_its_router_and_controller() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        script(&lab, "api", "one", Script::never_ready());
        put(&lab, &["api"], "one");
        let blog = App::new("blog", [Service::new("api").listen(9_000)]);
        let terms = Terms {
            keep_failed: true,
            ..Terms::of("bob".to_owned())
        };
        let from = From::File(Box::new(blog.wanted()));
        let (id, _) = lab
            .handle()
            .deploy(from, terms, When::Now)
            .await
            .expect("it begins");
        lab.until_ended(&id.expect("something to do")).await;
        assert_eq!(alive(&lab), 2, "what failed runs on");
        let answer = down(&lab, &shop([])).await.expect("it goes down");
        assert!(!answer.last, "it is looked at, and ended by somebody");
        assert_eq!(alive(&lab), 1);
    });
}
