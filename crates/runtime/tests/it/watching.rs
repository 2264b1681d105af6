//! What people and pages see.

use futures_util::{FutureExt as _, StreamExt};
use windlass_api::{Command, Event, Exit};
use windlass_model::{DeploymentId, DeploymentState, Millis, Outcome, Percent, RolloutPhase};
use windlass_runtime::{EventStream, LinesAt, ServiceAt};
use windlass_testkit::{Lab, Script, environment_name, run, service_name};

use crate::fixture::{
    begun, promoted, put, say, script, shop, stable, three_canaries, until_baking, web,
};

const NAMES: [&str; 3] = ["auth", "api", "web"];

/// What a stream holds by now.
fn unread(stream: &mut EventStream) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(Some(event)) = stream.next().now_or_never() {
        events.push(event);
    }
    events
}

fn sequences(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

#[test]
fn events_resume_from_any_sequence_without_gap_or_duplicate() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &NAMES, "one");
        let id = begun(&lab, &shop(three_canaries())).await;
        until_baking(&mut lab, &id, "auth", 100).await;
        let mut live = lab.handle().events(0, None).await.expect("a stream");
        lab.until_ended(&id).await;
        let whole = unread(&mut live);
        let all: Vec<u64> = (1..=u64::try_from(whole.len()).expect("few")).collect();
        assert_eq!(sequences(&whole), all);
        assert_eq!(whole.len(), lab.world.disk.rows(&id).len());
        for after in 0..all.len() {
            let from = u64::try_from(after).expect("few");
            let mut stream = lab
                .handle()
                .events(from, Some(id.clone()))
                .await
                .expect("a stream");
            lab.pass(Millis::from_millis(1)).await;
            assert_eq!(unread(&mut stream), whole[after..], "after {after}");
        }
    });
}

#[test]
fn events_after_what_the_journal_does_not_have_are_refused() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web()])).await;
        lab.until_ended(&id).await;
        let end = lab.world.disk.rows(&id).last().expect("rows").sequence;
        let asked = lab.handle().events(end + 1, None).await;
        let refused = asked.expect_err("it ends before");
        assert_eq!((refused.status, refused.code.0.as_str()), (409, "WL0471"));
        assert!(
            refused.title.contains(&format!("ends at {end}")),
            "{}",
            refused.title
        );
        lab.handle().events(end, None).await.expect("what comes");
    });
}

#[test]
fn a_watcher_sees_each_event_as_it_is_committed() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let mut live = lab.handle().events(0, None).await.expect("a stream");
        let id = begun(&lab, &shop([web()])).await;
        let first = live.next().await.expect("an event");
        assert_eq!((first.number, &first.deployment), (0, &id));
        let second = live.next().await.expect("an event");
        assert_eq!(
            lab.world.disk.rows(&id).len(),
            2,
            "told once durable, and at once"
        );
        assert_eq!(second.number, 1);
        lab.until_ended(&id).await;
    });
}

#[test]
fn a_watcher_of_one_deployment_sees_no_other() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let one = promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let other = begun(&lab, &shop([web()])).await;
        let mut stream = lab
            .handle()
            .events(0, Some(other.clone()))
            .await
            .expect("a stream");
        lab.until_ended(&other).await;
        let seen = unread(&mut stream);
        assert!(
            seen.iter()
                .all(|event| event.deployment == other && event.deployment != one)
        );
        assert_eq!(seen.len(), lab.world.disk.rows(&other).len());
    });
}

#[test]
fn the_stream_of_a_deployment_ends_with_it() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web()])).await;
        let mut whole = lab.handle().events(0, None).await.expect("a stream");
        let handle = lab.handle();
        let of_it = async |after| handle.events(after, Some(id.clone())).await;
        let mut live = of_it(0).await.expect("a stream");
        lab.until_ended(&id).await;
        let mut late = of_it(0).await.expect("a stream");
        let last = lab.world.disk.rows(&id).last().expect("rows").sequence;
        let mut nothing = of_it(last).await.expect("a stream");
        lab.pass(Millis::from_millis(1)).await;
        let rows = lab.world.disk.rows(&id).len();
        for (stream, many) in [(&mut live, rows), (&mut late, rows), (&mut nothing, 0)] {
            assert_eq!(unread(stream).len(), many);
            assert_eq!(stream.next().now_or_never(), Some(None), "it is over");
            assert!(stream.is_whole());
        }
        unread(&mut whole);
        assert_eq!(whole.next().now_or_never(), None, "others may begin");
    });
}

#[test]
fn a_deployment_that_is_none_has_no_stream() {
    run(async {
        let lab = Lab::new().await;
        let none = DeploymentId::parse("dep_nothere").expect("an id");
        let asked = lab.handle().events(0, Some(none)).await;
        let refused = asked.expect_err("there is none");
        assert_eq!((refused.status, refused.code.0.as_str()), (404, "WL0307"));
    });
}

#[test]
fn a_slow_watcher_is_let_go_and_resumes_where_it_was() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let mut slow = lab.handle().events(0, None).await.expect("a stream");
        // Each hold and resume is a row: more than two queues can hold.
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(3_000))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        for _ in 0..1_200 {
            say(&lab, &id, Command::Hold).await.expect("it waits");
            say(&lab, &id, Command::Resume).await.expect("it goes on");
        }
        let mut seen = Vec::new();
        while let Some(event) = slow.next().await {
            seen.push(event.sequence);
        }
        assert!(
            seen.len() > 1_000 && seen.len() < 2_400,
            "{} before it was let go",
            seen.len()
        );
        let last = seen.last().copied().unwrap_or_default();
        let mut rest = lab.handle().events(last, None).await.expect("a stream");
        let committed = lab
            .world
            .disk
            .all_rows()
            .last()
            .map_or(0, |row| row.sequence);
        while seen.last().copied().unwrap_or_default() < committed {
            seen.push(rest.next().await.expect("an event").sequence);
        }
        let all: Vec<u64> = (1..=committed).collect();
        assert_eq!(seen, all);
        say(&lab, &id, Command::Promote).await.expect("it goes on");
        lab.until_ended(&id).await;
    });
}

#[test]
fn watchers_who_left_are_forgotten_whatever_they_watched() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = promoted(&mut lab, &shop([web()])).await;
        for _ in 0..50 {
            drop(
                lab.handle()
                    .events(0, Some(id.clone()))
                    .await
                    .expect("a stream"),
            );
        }
        put(&lab, &["web"], "two");
        promoted(&mut lab, &shop([web()])).await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(
            lab.tasks(),
            crate::fixture::RESIDENT + crate::fixture::alive(&lab)
        );
    });
}

#[test]
fn status_shows_what_runs_beside_what_the_router_does() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let part = || web().canary(&[(25, 10_000), (100, 10_000)]);
        let id = begun(&lab, &shop([part()])).await;
        until_baking(&mut lab, &id, "web", 25).await;
        let status = lab.handle().status().await.expect("a status");
        let [environment] = &status[..] else {
            unreachable!("one environment")
        };
        assert_eq!(
            (environment.revision, &environment.deployment),
            (1, &Some(id.clone()))
        );
        assert_eq!(environment.folder, "/srv/shop");
        let service = &environment.services[&service_name("web")];
        let weight = |slot: &Option<windlass_api::SlotView>| {
            slot.as_ref()
                .map(|slot| (slot.weight.map(Percent::get), slot.in_flight))
        };
        assert_eq!(weight(&service.stable), Some((Some(75), Some(3))));
        assert_eq!(weight(&service.candidate), Some((Some(25), Some(3))));
        assert_eq!(weight(&service.standby), None);

        lab.until_ended(&id).await;
        let instance = stable(&lab, "web").instances[0].id.clone();
        lab.world.host.kill(&instance);
        lab.pass(Millis::from_secs(2)).await;
        lab.world.front.go_away();
        let status = lab.handle().status().await.expect("a status");
        let service = &status[0].services[&service_name("web")];
        assert_eq!(
            weight(&service.stable),
            Some((None, None)),
            "the router can't be asked"
        );
        assert!(service.candidate.is_none() && service.standby.is_some());
        let instance = &service.stable.as_ref().expect("it runs").instances[0];
        assert_eq!((instance.state.as_str(), instance.restarts), ("running", 1));
    });
}

#[test]
fn what_lives_and_answers_badly_is_not_shown_as_running() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let hangs = Script::unready_after(Millis::from_secs(60));
        script(&lab, "web", "one", hangs);
        promoted(&mut lab, &shop([web()])).await;
        for expected in ["running", "not ready"] {
            let status = lab.handle().status().await.expect("a status");
            let service = &status[0].services[&service_name("web")];
            let slot = service.stable.as_ref().expect("it runs");
            assert_eq!(slot.instances[0].state, expected);
            lab.pass(Millis::from_secs(61)).await;
        }
    });
}

#[test]
fn what_is_left_of_a_bake_is_told_as_of_now_and_stands_still_while_it_is_held() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let bake = Millis::from_secs(12);
        let id = begun(&lab, &shop([web().bake(bake)])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        let left = async |lab: &Lab| {
            let view = lab.handle().show(id.clone()).await.expect("it is known");
            view.rollouts[&service_name("web")].remaining_ms
        };
        // Asking takes a moment too.
        let near = |left: Option<u64>, wanted: u64| {
            let left = left.expect("it bakes");
            assert!(left.abs_diff(wanted) <= 20, "{left}, not {wanted}");
        };
        let begun = left(&lab).await.expect("it bakes");
        // Within the first slice that is journalled, and within the second.
        for passed in [1_000, 2_000, 3_000, 7_000] {
            let now = left(&lab).await.expect("it bakes");
            let step = passed - (begun - now);
            lab.pass(Millis::from_millis(step)).await;
            near(left(&lab).await, begun - passed);
        }
        say(&lab, &id, Command::Hold).await.expect("it waits");
        let held = left(&lab).await;
        assert!(held >= Some(begun - 7_020), "{held:?}");
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(left(&lab).await, held);
        say(&lab, &id, Command::Resume).await.expect("it goes on");
        lab.pass(Millis::from_secs(2)).await;
        near(left(&lab).await, held.expect("it bakes") - 2_000);
    });
}

#[test]
fn show_and_list_tell_where_deployments_stand() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &NAMES, "one");
        let first = promoted(&mut lab, &shop(three_canaries())).await;
        put(&lab, &NAMES, "two");
        let id = begun(&lab, &shop(three_canaries())).await;
        until_baking(&mut lab, &id, "auth", 25).await;
        let view = lab.handle().show(id.clone()).await.expect("it is known");
        assert_eq!(
            (view.state, view.by.as_str()),
            (DeploymentState::Running, "tester")
        );
        let auth = &view.rollouts[&service_name("auth")];
        assert_eq!(
            (auth.phase, auth.weight.get(), auth.ready),
            (RolloutPhase::Baking, 25, 1)
        );
        assert!(auth.from.is_some());
        let left = auth.remaining_ms.expect("it bakes");
        assert!((1_900..=2_000).contains(&left), "{left}");
        let api = &view.rollouts[&service_name("api")];
        assert_eq!(
            (api.phase, &api.waits_for[..]),
            (RolloutPhase::Waiting, &[service_name("auth")][..])
        );
        assert_eq!(
            view.sequence,
            lab.world.disk.all_rows().last().expect("a row").sequence
        );

        say(&lab, &id, Command::Hold).await.expect("it waits");
        let view = lab.handle().show(id.clone()).await.expect("it is known");
        assert_eq!(view.state, DeploymentState::Held);
        say(&lab, &id, Command::Abort).await.expect("it goes back");
        let view = lab.handle().show(id.clone()).await.expect("it is known");
        assert_eq!(view.state, DeploymentState::Returning);
        lab.until_ended(&id).await;
        lab.crash_and_restart().await;
        let list = lab.handle().deployments(10, None).await.expect("a list");
        let told: Vec<_> = list
            .iter()
            .map(|view| (view.id.clone(), view.state))
            .collect();
        let expected = [
            (id, DeploymentState::Ended(Outcome::RolledBack)),
            (first, DeploymentState::Ended(Outcome::Promoted)),
        ];
        assert_eq!(told, expected);
        assert_eq!(
            lab.handle()
                .deployments(1, None)
                .await
                .expect("a list")
                .len(),
            1
        );
        let unknown = DeploymentId::parse("dep_0").expect("an id");
        let unknown = lab.handle().show(unknown).await.expect_err("there is none");
        assert_eq!(
            (unknown.code.0.as_str(), unknown.exit),
            ("WL0307", Exit::Usage)
        );
    });
}

fn begins() -> LinesAt {
    LinesAt {
        tail: 1_000,
        ..LinesAt::default()
    }
}

#[test]
fn logs_show_every_instance_and_survive_its_failure() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let at = |name: &str| ServiceAt {
            app: shop([]).spec().app.clone(),
            environment: environment_name(),
            service: service_name(name),
        };
        let lines = lab.handle().logs(at("web"), begins()).await.expect("a log");
        let lines: Vec<_> = lines.collect().await;
        assert_eq!(lines.len(), 1);
        assert_eq!(
            lines[0].text,
            format!("{} began", stable(&lab, "web").instances[0].id)
        );
        let unknown = lab
            .handle()
            .logs(at("nobody"), begins())
            .await
            .expect_err("nobody");
        assert_eq!(unknown.code.0, "WL0308");

        put(&lab, &["web"], "two");
        script(&lab, "web", "two", Script::ends_after(Millis::from_secs(1)));
        lab.deployed(&shop([web()])).await;
        assert_eq!(
            lab.world.host.traces().len(),
            2,
            "the failed instance's log is kept"
        );
    });
}
