//! Started again under the same id, and taken over without a journal.

use std::fs;

use windlass_control::Restart;
use windlass_edge::{ErrorKind, InstanceState, InstanceTrace, StartInstance, Target};
use windlass_model::{Epoch, InstanceEnd, Millis, SlotId, Template};

use super::adopting::{forge, leader, orphan};
use super::bench::{Bench, kill, run, service, started, until};

const RUNS: InstanceState = InstanceState::Running {
    listening: true,
    restarts: 0,
};

fn ended(state: &InstanceState) -> bool {
    matches!(state, InstanceState::Ended(_))
}

/// Asks for the same instance once more, as whoever keeps what is stable does.
async fn again(bench: &Bench, request: &StartInstance) {
    let request = StartInstance {
        again: true,
        restart: Restart::BackOff,
        ..request.clone()
    };
    bench.target.start(&request).await.expect("a start");
}

#[test]
fn what_has_ended_is_started_again_only_when_that_is_asked_for() {
    run(async {
        let bench = Bench::new("echo began; exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let first = bench.status(&request.instance);
        assert_eq!(bench.line(&request.instance).await, "began\n");
        kill(leader(&first));
        until("its end", async || {
            ended(&bench.observe(&request.instance).await).then_some(())
        })
        .await;
        bench.target.start(&request).await.expect("it was started");
        assert!(ended(&bench.observe(&request.instance).await));

        again(&bench, &request).await;
        assert_eq!(bench.observe(&request.instance).await, RUNS);
        let second = bench.status(&request.instance);
        assert_eq!(second.restart, Restart::BackOff);
        assert!(started(first.shim.0).is_none(), "the first shim is gone");
        until("its output goes on", async || {
            (bench.printed(&request.instance) == "began\nbegan\n").then_some(())
        })
        .await;
        again(&bench, &request).await;
        let third = bench.status(&request.instance);
        assert_eq!(leader(&third), leader(&second), "one that runs is left");
    });
}

#[test]
fn what_a_restart_of_the_machine_took_is_started_again() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let before = orphan(&bench, &request).await;
        kill(before);
        forge(&bench, &request, |status| {
            status.boot_id = "00000000-0000-0000-0000-000000000000".to_owned();
        });
        let lost = InstanceState::Ended(InstanceEnd::Unknown);
        assert_eq!(bench.observe(&request.instance).await, lost);
        again(&bench, &request).await;
        assert_eq!(bench.observe(&request.instance).await, RUNS);
    });
}

#[test]
fn a_group_without_a_shim_is_left_while_it_runs_and_started_again_after_it() {
    run(async {
        // A child that ignores TERM, in a session of its own.
        let bench = Bench::new(
            "(setsid sh -c 'echo $$; trap \"\" TERM; while :; do sleep 0.01; done' &)
             exec sleep 300",
        );
        let mut spec = service(&["./service"]);
        spec.process.stop.within = Millis::from_millis(200);
        let request = bench.start(spec).await;
        let printed = bench.line(&request.instance).await;
        let child: i32 = printed.trim().parse().expect("a pid");
        let before = orphan(&bench, &request).await;
        let id = &request.instance.id;
        let told = bench.target.set_restart(id, Restart::BackOff).await;
        assert_eq!(told.expect_err("nobody").kind, ErrorKind::Unsupported);
        again(&bench, &request).await;
        assert_eq!(bench.observe(&request.instance).await, RUNS);
        assert!(started(before).is_some(), "adopted, not started twice");

        kill(before);
        until("its end", async || {
            ended(&bench.observe(&request.instance).await).then_some(())
        })
        .await;
        let told = bench.target.set_restart(id, Restart::BackOff).await;
        assert_eq!(told.expect_err("nobody").kind, ErrorKind::Unsupported);
        again(&bench, &request).await;
        assert_eq!(started(child), None, "what was left of it was ended first");
        assert_ne!(leader(&bench.status(&request.instance)), before);
        let told = bench.target.set_restart(id, Restart::Never).await;
        told.expect("a shim keeps it");
        // With the second child, which nothing but a stop finds in its own session.
        bench.target.stop(id).await.expect("a stop");
    });
}

#[test]
fn traces_are_enough_to_take_over_without_a_journal() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        assert_eq!(bench.target.traces().await.expect("none"), []);
        let mut spec = service(&["./service"]);
        let color = Template::parse("${COLOR}").expect("a template");
        spec.process.env.insert("COLOR".to_owned(), color);
        let mut keep = bench.request(spec.clone());
        let secret = "a very secret colour".to_owned();
        keep.values.insert("COLOR".to_owned(), secret.clone());
        let release = bench.target.keep(&keep).await.expect("kept").release;
        let mut requests = Vec::new();
        for (tail, number) in [("1", 4), ("2", 5), ("3", 6)] {
            requests.push(StartInstance {
                instance: bench.instance(tail),
                slot: SlotId(number),
                ..bench.starting(release.clone(), spec.clone())
            });
        }
        let [runs, ends, _never] = &requests[..] else {
            unreachable!("three were made")
        };
        for request in [runs, ends] {
            bench.target.start(request).await.expect("a start");
        }
        bench.target.stop(&ends.instance.id).await.expect("a stop");

        // Another controller, which knows nothing.
        let seen = bench.target_of_epoch(9).traces().await.expect("traces");
        let expected = |request: &StartInstance, runs| InstanceTrace {
            service: request.service.clone(),
            slot: request.slot,
            instance: request.instance.clone(),
            release: request.release.clone(),
            spec: request.spec.clone(),
            runs,
        };
        assert_eq!(seen, [expected(runs, true), expected(ends, false)]);
        let record = bench.trace(&runs.instance).join("instance.json");
        let text = fs::read_to_string(record).expect("a record");
        assert!(text.contains("${COLOR}") && !text.contains(&secret));

        // One that can't be read harms no other.
        let torn = bench.trace(&ends.instance).join("instance.json");
        fs::write(torn, "{").expect("written");
        let seen = bench.target.traces().await.expect("traces");
        assert_eq!(seen, [expected(runs, true)]);
    });
}

#[test]
fn the_first_word_is_the_first_change() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let heard = async |epoch| {
            let target = bench.target_of_epoch(epoch);
            target.heard().await.expect("an answer")
        };
        assert_eq!(heard(7).await, None);
        let request = bench.start(service(&["./service"])).await;
        assert_eq!(heard(7).await, Some(Epoch(5)), "asking says nothing");
        let epoch = bench.root.path().join("state/epoch.json");
        fs::remove_file(&epoch).expect("removed");
        assert_eq!(heard(7).await, Some(Epoch(5)), "the shim has heard it");
        let next = bench.target_of_epoch(7);
        next.observe(&request.instance).await.expect("a state");
        assert_eq!(heard(8).await, Some(Epoch(5)));
        let id = &request.instance.id;
        let kept = next.set_restart(id, Restart::BackOff).await;
        kept.expect("it is newer");
        assert_eq!(heard(8).await, Some(Epoch(7)));
        let old = bench.target.stop(id).await.expect_err("it is older now");
        assert_eq!(old.kind, ErrorKind::Refused);
    });
}

#[test]
fn a_controller_whose_epoch_was_heard_before_it_spoke_changes_nothing() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let id = &request.instance.id;
        for epoch in [5, 2] {
            let lost = bench.target_of_epoch(epoch);
            let refused = [
                lost.stop(id).await.err(),
                lost.set_restart(id, Restart::BackOff).await.err(),
                lost.start(&request).await.err(),
                lost.forget_all_but(&[], &[]).await.err(),
            ];
            for refused in refused {
                let refused = refused.expect("its history is lost");
                assert_eq!(refused.kind, ErrorKind::Refused, "{refused}");
            }
            let state = lost.observe(&request.instance).await;
            assert_eq!(state.expect("it may ask"), RUNS);
            assert_eq!(lost.traces().await.expect("traces").len(), 1);
        }
        assert_eq!(bench.status(&request.instance).epoch, Epoch(5));
        bench.target.stop(id).await.expect("it spoke before");
    });
}
