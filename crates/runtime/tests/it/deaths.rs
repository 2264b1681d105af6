//! K26 of everything but a deployment that goes forward or back by itself (see `recovery`): whatever
//! a person asks for, a death before or after any of its commits changes no end. Whoever asked sees
//! the controller die under the question and asks the next one, unless it has begun.

use std::collections::BTreeMap;

use windlass_api::{Command, Problem};
use windlass_model::{DeploymentId, Millis, Outcome, Repair, SlotId};
use windlass_runtime::{Handle, RollbackAt, ServiceAt};
use windlass_testkit::{
    App, Crash, Ending, Lab, Script, Service, Stopped, app_name, environment_name, run,
    service_name,
};

use crate::fixture::{assert_clean, promoted, put, script, shop, three, web};

/// Deaths under one question before a person gives up.
const TRIES: u32 = 3;

/// What is left, without the ids.
#[derive(Debug, PartialEq)]
struct Left {
    services: BTreeMap<String, String>,
    routes: BTreeMap<String, Vec<(SlotId, u8)>>,
    alive: usize,
    ends: Vec<Ending>,
}

fn left(lab: &Lab) -> Left {
    let stored = lab
        .world
        .disk
        .environment(&app_name("shop"), &environment_name());
    let stored = stored.expect("it was deployed");
    assert_eq!(stored.lock, None, "whatever ended is no holder");
    let one = |state: &windlass_model::ServiceState| {
        let slot = |slot: &windlass_model::Slot| {
            let release = slot.release.identity.short();
            format!("{release} in {} x{}", slot.id, slot.instances.len())
        };
        let known = state.promoted.iter();
        format!(
            "stable {:?}, standby {:?}, failed {:?}, promoted {:?}, rolled back {:?}",
            state.stable.as_ref().map(slot),
            state.standby.as_ref().map(slot),
            state.failed.as_ref().map(|failed| slot(&failed.slot)),
            known
                .map(|known| known.release.identity.short())
                .collect::<Vec<_>>(),
            state
                .rolled_back
                .iter()
                .map(|bad| bad.identity.short())
                .collect::<Vec<_>>(),
        )
    };
    let states = stored.services.iter();
    let services = states.map(|(name, state)| (name.to_string(), one(state)));
    let routes = ["auth", "api", "web", "site"]
        .into_iter()
        .filter_map(|name| {
            let route = lab.world.front.route(&shop([]).key(name))?;
            let slots = route
                .slots
                .iter()
                .map(|slot| (slot.slot, slot.weight.get()));
            Some((name.to_owned(), slots.collect()))
        });
    let all = lab.world.disk.deployments();
    Left {
        services: services.collect(),
        routes: routes.collect(),
        alive: lab.world.host.alive().len(),
        ends: all.iter().filter_map(|one| lab.ending(&one.id)).collect(),
    }
}

/// Asks, and asks again when the controller dies under the question.
async fn asks<T>(
    lab: &mut Lab,
    ask: impl AsyncFn(Handle) -> Result<T, Problem>,
) -> Result<T, Problem> {
    for _try in 0..TRIES {
        let answer = lab.unless_it_dies(ask(lab.handle())).await;
        match answer {
            Ok(answer) => return answer,
            Err(Stopped::Died | Stopped::Refused(_)) => lab.obey().await,
        }
    }
    unreachable!("one death was ordered")
}

/// Asks for a deployment of any kind, once, and sees it end.
async fn begins(lab: &mut Lab, ask: impl AsyncFn(Handle) -> Result<DeploymentId, Problem>) {
    let known = lab.world.disk.deployments().len();
    let id = loop {
        let answer = lab.unless_it_dies(ask(lab.handle())).await;
        if answer.is_err() {
            lab.obey().await;
        }
        let begun = lab.world.disk.deployments();
        match (begun.get(known), answer) {
            (Some(begun), _) => break begun.id.clone(),
            (None, Ok(answer)) => break answer.expect("it begins"),
            (None, Err(_died)) => {}
        }
    };
    lab.until_ended(&id).await;
}

/// Plays `story` after `before` without a death, then with one at each of its commits in turn, before
/// that is durable and after; each must leave the same. Returns how many commits there were.
async fn at_every_commit(before: impl AsyncFn(&mut Lab), story: impl AsyncFn(&mut Lab)) -> u64 {
    let mut whole = Lab::new().await;
    before(&mut whole).await;
    let from = whole.world.disk.commits();
    story(&mut whole).await;
    whole.pass(Millis::from_secs(30)).await;
    let commits = whole.world.disk.commits() - from;
    let expected = left(&whole);
    for number in 1..=commits {
        for crash in [Crash::Before, Crash::After] {
            let mut lab = Lab::new().await;
            before(&mut lab).await;
            let crash = crash(lab.world.disk.commits() + number);
            lab.world.disk.crash_at(crash);
            story(&mut lab).await;
            lab.pass(Millis::from_secs(30)).await;
            assert_eq!(left(&lab), expected, "{number} of {commits}: {crash:?}");
            assert_clean(&lab);
        }
    }
    commits
}

async fn web_twice(lab: &mut Lab) {
    for content in ["one", "two"] {
        put(lab, &["web"], content);
        promoted(lab, &shop([web()])).await;
    }
}

async fn goes_back(lab: &mut Lab) {
    begins(lab, async |handle| {
        let at = RollbackAt {
            app: app_name("shop"),
            environment: environment_name(),
            service: None,
            to: None,
            agreed: None,
        };
        let answer = handle.rollback(at, "ana".to_owned().into()).await?;
        Ok(answer.deployment.expect("there is something to do"))
    })
    .await;
}

#[test]
fn a_death_at_any_commit_of_a_rollback_to_the_warm_standby_changes_no_end() {
    let points = run(at_every_commit(web_twice, goes_back));
    assert!(points > 5, "{points}");
}

#[test]
fn a_death_at_any_commit_of_a_rollback_to_a_kept_release_changes_no_end() {
    let before = async |lab: &mut Lab| {
        for content in ["one", "two", "three"] {
            put(lab, &["auth", "api", "web"], content);
            promoted(lab, &shop(three())).await;
        }
        goes_back(lab).await;
    };
    let points = run(at_every_commit(before, goes_back));
    assert!(points > 20, "{points}");
}

#[test]
fn a_death_at_any_commit_of_a_removal_changes_no_end() {
    let before = async |lab: &mut Lab| {
        for content in ["one", "two"] {
            put(lab, &["auth", "api", "web"], content);
            promoted(lab, &shop(three())).await;
        }
    };
    let story = async |lab: &mut Lab| {
        begins(lab, async |handle| {
            let at = ServiceAt {
                app: app_name("shop"),
                environment: environment_name(),
                service: service_name("web"),
            };
            let (id, _) = handle.remove(at, "ana".to_owned()).await?;
            Ok(id)
        })
        .await;
    };
    let points = run(at_every_commit(before, story));
    assert!(points > 4, "{points}");
}

/// `site`, which was `web`.
fn site() -> App {
    let site = Service::new("site").listen(8080).bake(Millis::from_secs(2));
    shop([site.with(|spec| spec.was = Some(service_name("web")))])
}

async fn deploys(lab: &mut Lab, app: &App) {
    begins(lab, async |handle| {
        let from = windlass_runtime::From::File(Box::new(app.wanted()));
        let terms = windlass_runtime::Terms::of("ana".to_owned());
        let (id, _) = handle
            .deploy(from, terms, windlass_runtime::When::Now)
            .await?;
        Ok(id.expect("there is something to do"))
    })
    .await;
}

#[test]
fn a_death_at_any_commit_of_a_rename_alone_changes_no_end() {
    let story = async |lab: &mut Lab| {
        put(lab, &["site"], "two");
        deploys(lab, &site()).await;
    };
    let points = run(at_every_commit(web_twice, story));
    assert!(points > 2, "{points}");
}

#[test]
fn a_death_at_any_commit_of_a_rename_with_a_new_release_changes_no_end() {
    for fails in [false, true] {
        let story = async |lab: &mut Lab| {
            put(lab, &["site"], "three");
            if fails {
                let ends = Script::ends_after(Millis::from_millis(900));
                script(lab, "site", "three", ends);
            }
            deploys(lab, &site()).await;
        };
        let points = run(at_every_commit(web_twice, story));
        assert!(points > 8, "{points}");
    }
}

/// The router is not there, or is after a while, when the rename is called off.
#[test]
fn a_death_at_any_commit_of_a_rename_that_is_aborted_changes_no_end() {
    let story = async |lab: &mut Lab| {
        put(lab, &["site"], "two");
        lab.world.front.go_away();
        let app = site();
        let known = lab.world.disk.deployments().len();
        let asked = asks(lab, async |handle| {
            let from = windlass_runtime::From::File(Box::new(app.wanted()));
            let terms = windlass_runtime::Terms::of("ana".to_owned());
            handle
                .deploy(from, terms, windlass_runtime::When::Now)
                .await
        });
        drop(asked.await);
        let id = lab.world.disk.deployments()[known].id.clone();
        lab.pass(Millis::from_secs(2)).await;
        let _said_before_it_died = asks(lab, async |handle| {
            handle
                .command(id.clone(), Command::Abort, "ana".to_owned())
                .await
        })
        .await;
        lab.world.front.come_back();
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
    };
    let points = run(at_every_commit(web_twice, story));
    assert!(points > 3, "{points}");
}

#[test]
fn a_death_at_any_commit_of_a_finalize_changes_no_end() {
    let story = async |lab: &mut Lab| {
        let id = lab.world.disk.deployments()[1].id.clone();
        let said = asks(lab, async |handle| {
            handle
                .command(id.clone(), Command::Finalize, "ana".to_owned())
                .await
        });
        said.await.expect("it is dropped");
    };
    let points = run(at_every_commit(web_twice, story));
    assert_eq!(points, 1);
}

#[test]
fn a_death_at_any_commit_of_a_down_changes_no_end() {
    let before = async |lab: &mut Lab| {
        for content in ["one", "two"] {
            put(lab, &["auth", "api", "web"], content);
            promoted(lab, &shop(three())).await;
        }
    };
    let points = run(at_every_commit(before, goes_down));
    assert!(points > 3, "{points}");
}

async fn goes_down(lab: &mut Lab) {
    let answer = asks(lab, async |handle| {
        handle.down(app_name("shop"), None, "ana".to_owned()).await
    });
    answer.await.expect("it goes down");
}

/// A rollback to what can't run: it is stuck.
async fn stuck(lab: &mut Lab) {
    for content in ["one", "two"] {
        put(lab, &["web"], content);
        promoted(lab, &shop([web()])).await;
    }
    let id = lab.world.disk.deployments()[1].id.clone();
    let handle = lab.handle();
    let said = handle.command(id, Command::Finalize, "ana".to_owned());
    said.await.expect("no standby is left");
    let later = Script::ends_after(Millis::from_millis(20));
    script(lab, "web", "one", later);
    goes_back(lab).await;
    script(lab, "web", "one", Script::default());
}

#[test]
fn a_death_at_any_commit_of_a_repair_changes_no_end() {
    for how in [Repair::Retry, Repair::Abandon] {
        let story = async |lab: &mut Lab| {
            let id = lab.world.disk.deployments()[2].id.clone();
            let _taken_before_it_died = asks(lab, async |handle| {
                let repair = Command::Repair { how };
                handle.command(id.clone(), repair, "ana".to_owned()).await
            })
            .await;
            lab.until_ended(&id).await;
        };
        let points = run(at_every_commit(stuck, story));
        assert!(points >= 1, "{how:?}: {points}");
    }
}

#[test]
fn a_death_at_any_commit_of_a_down_of_what_is_stuck_changes_no_end() {
    let points = run(at_every_commit(stuck, goes_down));
    assert!(points > 2, "{points}");
}
