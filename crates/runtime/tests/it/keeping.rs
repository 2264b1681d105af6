//! What is stable is kept running, and nothing else is.

use windlass_api::Command;
use windlass_control::Restart;
use windlass_edge::InstanceState;
use windlass_model::{InstanceId, Millis, Outcome, Strategy};
use windlass_testkit::{Crash, Effect, Ending, Lab, Script, run, service_name};

use crate::fixture::{
    alive, assert_clean, begun, count, promoted, put, say, script, shop, stable, state, three,
    until_baking, web,
};

fn only_instance(lab: &Lab) -> InstanceId {
    stable(lab, "web").instances[0].id.clone()
}

/// When instances were started again, in order.
fn revivals(lab: &Lab) -> Vec<Millis> {
    let lines = lab.world.ledger.lines().into_iter();
    lines
        .filter(|line| line.effect == Effect::Revived)
        .map(|line| line.at)
        .collect()
}

/// Why the only instance of `web` can't be started again, as status says.
async fn trouble(lab: &Lab) -> Option<String> {
    let status = lab.handle().status().await.expect("status");
    let service = status[0].services.values().next().expect("web");
    let slot = service.stable.as_ref().expect("a stable slot");
    slot.instances[0].trouble.clone()
}

#[test]
fn after_a_reboot_everything_stable_runs_again_at_its_address() {
    run(async {
        let mut lab = Lab::new().await;
        for content in ["one", "two"] {
            put(&lab, &["auth", "api", "web"], content);
            promoted(&mut lab, &shop(three().map(|part| part.instances(5)))).await;
        }
        let before = lab.world.host.alive();
        assert_eq!(before.len(), 30, "stable and standby");
        lab.reboot().await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(lab.world.host.alive(), before, "the same, and kept");
        assert_eq!(count(&lab, Effect::Revived), 30);
        for slot in [
            stable(&lab, "web"),
            state(&lab, "web").standby.expect("one"),
        ] {
            assert!(
                slot.instances
                    .iter()
                    .all(|i| lab.world.host.is_ready(&i.id))
            );
        }
        assert_clean(&lab);
    });
}

#[test]
fn what_ends_again_and_again_is_started_ever_more_slowly() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let id = only_instance(&lab);
        let mut waits = Vec::new();
        for number in 1..=9 {
            let lost = lab.world.time.now();
            lab.world.host.lose_shim(&id);
            while count(&lab, Effect::Revived) < number {
                lab.pass(Millis::from_millis(100)).await;
            }
            waits.push(revivals(&lab)[number - 1].less(lost).as_millis() / 1_000);
        }
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        lab.pass(Millis::from_secs(61)).await;
        let lost = lab.world.time.now();
        lab.world.host.lose_shim(&id);
        lab.pass(Millis::from_secs(1)).await;
        let last = *revivals(&lab).last().expect("started again");
        assert!(
            last.less(lost) < Millis::from_secs(1),
            "it ran well: forgotten"
        );
        assert_clean(&lab);
    });
}

#[test]
fn one_whose_address_is_taken_says_so_and_comes_back_once_it_is_free() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let instance = stable(&lab, "web").instances[0].clone();
        assert_eq!(trouble(&lab).await, None);
        lab.world.host.lose_shim(&instance.id);
        lab.world.host.occupy(instance.address);
        lab.pass(Millis::from_secs(120)).await;
        let told = trouble(&lab).await.expect("it can't be started");
        assert!(told.contains("taken"), "{told}");
        assert_eq!((alive(&lab), count(&lab, Effect::Revived)), (0, 0));
        lab.world.host.vacate(instance.address);
        lab.pass(Millis::from_secs(61)).await;
        assert_eq!((alive(&lab), trouble(&lab).await), (1, None));
        assert_eq!(only_instance(&lab), instance.id);
        assert_clean(&lab);
    });
}

#[test]
fn a_candidate_that_ends_between_its_last_report_and_the_promotion_is_started_again() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(&lab, "web", "one", Script::ends_after(Millis::from_secs(5)));
        let id = begun(&lab, &shop([web()])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.stay_down_for(Millis::from_secs(60));
        // The row that promotes is the controller's last: nobody has told the instance yet.
        let next = lab.world.disk.commits();
        lab.world.disk.crash_at(Crash::After(next + 2));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(count(&lab, Effect::Revived), 1);
        let alive = lab.world.host.alive();
        assert_eq!(alive.values().collect::<Vec<_>>(), [&Restart::BackOff]);
        assert_clean(&lab);
    });
}

#[test]
fn an_old_release_that_ends_during_a_rollout_is_there_to_go_back_to() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let old = only_instance(&lab);
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.host.lose_shim(&old);
        lab.pass(Millis::from_secs(5)).await;
        say(&lab, &id, Command::Abort).await.expect("it is taken");
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        assert!(lab.world.front.sends_to(&old));
        assert_eq!((alive(&lab), count(&lab, Effect::Revived)), (1, 1));
        assert_clean(&lab);
    });
}

#[test]
fn what_is_stopped_in_place_is_not_started_again() {
    run(async {
        let mut lab = Lab::new().await;
        let app = || shop([web().strategy(Strategy::Recreate)]);
        put(&lab, &["web"], "one");
        let stubborn = Script {
            ignores_stop_for: Millis::from_secs(5),
            ..Script::default()
        };
        script(&lab, "web", "one", stubborn);
        promoted(&mut lab, &app()).await;
        let old = only_instance(&lab);
        put(&lab, &["web"], "two");
        let id = begun(&lab, &app()).await;
        lab.pass(Millis::from_secs(2)).await;
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        lab.pass(Millis::from_secs(120)).await;
        let state = lab.world.host.state(&old);
        assert!(matches!(state, InstanceState::Ended(_)), "{state:?}");
        assert_eq!((alive(&lab), count(&lab, Effect::Revived)), (1, 0));
        assert_clean(&lab);
    });
}

#[test]
fn what_was_taken_down_is_not_started_again_by_anybody() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        let app = shop(three());
        promoted(&mut lab, &app).await;
        let handle = lab.handle();
        let down = handle.down(app.spec().app.clone(), None, "ana".to_owned());
        assert!(down.await.expect("it goes down").last);
        lab.pass(Millis::from_secs(120)).await;
        lab.reboot().await;
        lab.pass(Millis::from_secs(120)).await;
        assert_eq!((alive(&lab), count(&lab, Effect::Revived)), (0, 0));
        assert_clean(&lab);
    });
}

#[test]
fn what_a_damaged_deployment_may_have_stopped_is_left_alone() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        promoted(&mut lab, &shop(three())).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop(three())).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.disk.damage(&id);
        lab.reboot().await;
        lab.pass(Millis::from_secs(60)).await;
        let runs = |lab: &Lab, service| {
            let instance = stable(lab, service).instances[0].id.clone();
            lab.world.host.is_ready(&instance)
        };
        assert!(runs(&lab, "auth") && runs(&lab, "api"));
        assert_eq!(alive(&lab), 2, "nobody can tell about web");
        assert_clean(&lab);
    });
}

#[test]
fn an_open_deployment_goes_by_its_own_rules_after_a_reboot() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.reboot().await;
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let old = only_instance(&lab);
        assert!(lab.world.host.is_ready(&old) && lab.world.front.sends_to(&old));
        assert_eq!((alive(&lab), count(&lab, Effect::Revived)), (1, 1));
        assert_clean(&lab);
    });
}

#[test]
fn a_router_that_does_not_answer_holds_up_nobody_who_looks() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let look = async |lab: &Lab| {
            let before = lab.world.time.now();
            let mut status = lab.handle().status().await.expect("status");
            (status.remove(0), lab.world.time.now().less(before))
        };
        let (answered, _) = look(&lab).await;
        assert_eq!(answered.router_silent, None);
        lab.world
            .front
            .trouble
            .begin(1, 0, Millis::from_secs(100_000));
        let (told, took) = look(&lab).await;
        assert_eq!(took, Millis::from_secs(2));
        let silent = told.router_silent.expect("it is told");
        assert_eq!(silent.pid, Some(1));
        assert!(silent.answered_us.is_some(), "{silent:?}");
        let stable = told.services[&service_name("web")].stable.as_ref();
        let stable = stable.expect("it runs");
        assert_eq!(
            (stable.weight, stable.instances[0].state.as_str()),
            (None, "running")
        );
    });
}
