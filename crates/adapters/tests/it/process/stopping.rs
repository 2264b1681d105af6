//! Ending instances, and who may.

use windlass_control::{Restart, ShimState};
use windlass_edge::{ErrorKind, InstanceState, Stopped, Target};
use windlass_model::{InstanceEnd, InstanceId, Millis};

use super::bench::{Bench, kill, run, service, started, until};

#[test]
fn a_stop_leaves_no_process_and_may_be_repeated() {
    run(async {
        let bench = Bench::new("trap '' TERM; echo up; while :; do sleep 0.01; done");
        let mut spec = service(&["./service"]);
        spec.process.stop.within = Millis::from_millis(200);
        let request = bench.start(spec).await;
        bench.line(&request.instance).await;
        let status = bench.status(&request.instance);
        let ShimState::Running { pid, .. } = status.state else {
            panic!("not running");
        };
        let id = &request.instance.id;
        let after = Millis::from_millis(200);
        let stopped = bench.target.stop(id).await.expect("a stop");
        assert_eq!(stopped, Stopped::Killed { after }, "it ignores the signal");
        assert_eq!(started(pid), None);
        let again = bench.target.stop(id).await.expect("again");
        assert_eq!(again, Stopped::Heard);
        let ended = InstanceState::Ended(InstanceEnd::Killed(15));
        assert_eq!(bench.observe(&request.instance).await, ended);
        assert_eq!(bench.printed(&request.instance), "up\n", "its log stays");
        let sockets = std::fs::read_dir(bench.root.path().join("run"));
        assert_eq!(sockets.expect("a folder").count(), 0);
    });
}

#[test]
fn who_has_the_port_of_a_lost_instance_by_now_is_not_ended_with_it() {
    run(async {
        let (bench, other) = (Bench::new("exec sleep 300"), Bench::new("exec sleep 300"));
        let lost = bench.start(service(&["./service"])).await;
        let status = bench.status(&lost.instance);
        let ShimState::Running { pid, .. } = status.state else {
            panic!("not running");
        };
        for pid in [status.shim.0, pid] {
            kill(pid);
            until("it is gone", async || started(pid).is_none().then_some(())).await;
        }
        // Another controller was allotted the port that is free now: the same in every variable.
        let spec = service(&["./service"]);
        let kept = other.try_keep(spec.clone()).await.expect("a release");
        let mut request = other.starting(kept.release, spec);
        request.instance.address = lost.instance.address;
        other.target.start(&request).await.expect("a start");

        bench.target.stop(&lost.instance.id).await.expect("a stop");
        assert!(matches!(
            other.observe(&request.instance).await,
            InstanceState::Running { .. }
        ));
        other
            .target
            .stop(&request.instance.id)
            .await
            .expect("a stop");
    });
}

#[test]
fn stopping_what_never_was_is_done() {
    run(async {
        let bench = Bench::new("");
        let id = InstanceId::parse("ins_none").expect("an id");
        bench.target.stop(&id).await.expect("nothing to do");
    });
}

#[test]
fn an_older_controller_changes_nothing() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let spec = service(&["./service"]);
        let request = bench.start(spec.clone()).await;
        let newer = bench.target_of_epoch(6);
        let id = &request.instance.id;
        newer
            .set_restart(id, Restart::BackOff)
            .await
            .expect("newer");

        let older = &bench.target;
        let mut other = bench.starting(request.release.clone(), spec);
        other.instance = bench.instance("2");
        for outcome in [
            older.stop(id).await.map(drop),
            older.set_restart(id, Restart::Never).await,
            older.start(&other).await,
            older.forget_all_but(&[], &[]).await,
        ] {
            assert_eq!(outcome.expect_err("fenced").kind, ErrorKind::Refused);
        }
        assert!(matches!(
            newer.observe(&request.instance).await.expect("a state"),
            InstanceState::Running { .. }
        ));
        assert_eq!(bench.status(&request.instance).restart, Restart::BackOff);
        newer.stop(id).await.expect("a stop");
    });
}
