//! Instances whose shim was killed, or that are of another boot.

use std::fs;

use futures_util::StreamExt;
use windlass_control::{ShimSpec, ShimState, ShimStatus};
use windlass_edge::{ErrorKind, InstanceState, StartInstance, Target};
use windlass_model::{Epoch, InstanceEnd, Millis};

use super::bench::{Bench, kill, listener, run, service, started, until};

const RUNS: InstanceState = InstanceState::Running {
    listening: true,
    restarts: 0,
};

/// Kills the shim with SIGKILL and returns the leader's pid.
pub(crate) async fn orphan(bench: &Bench, request: &StartInstance) -> i32 {
    let status = bench.status(&request.instance);
    kill(status.shim.0);
    until("the shim's end", async || {
        started(status.shim.0).is_none().then_some(())
    })
    .await;
    leader(&status)
}

pub(crate) fn leader(status: &ShimStatus) -> i32 {
    let pid = match status.state {
        ShimState::Running { pid, .. } => Some(pid),
        ShimState::BackingOff { .. } | ShimState::Ended { .. } => None,
    };
    pid.expect("it runs")
}

/// Changes what the shim wrote last.
pub(crate) fn forge(bench: &Bench, request: &StartInstance, change: impl FnOnce(&mut ShimStatus)) {
    let mut status = bench.status(&request.instance);
    change(&mut status);
    let text = serde_json::to_vec(&status).expect("json");
    fs::write(bench.trace(&request.instance).join("status.json"), text).expect("written");
}

#[test]
fn a_group_whose_shim_was_killed_goes_on_and_is_adopted() {
    run(async {
        let bench = Bench::new("");
        let request = bench.start(listener()).await;
        until("a listener", async || {
            (bench.observe(&request.instance).await == RUNS).then_some(())
        })
        .await;
        let mut states = bench.target.watch(&request.instance);
        assert_eq!(states.next().await, Some(RUNS));
        let leader = orphan(&bench, &request).await;
        assert!(started(leader).is_some());
        assert_eq!(bench.observe(&request.instance).await, RUNS);
        assert_eq!(bench.target.addresses_in_use(), [request.instance.address]);

        kill(leader);
        let ended = InstanceState::Ended(InstanceEnd::Unknown);
        assert_eq!(states.next().await, Some(ended.clone()), "seen by pidfd");
        assert_eq!(bench.observe(&request.instance).await, ended);
    });
}

#[test]
fn an_adopted_group_is_stopped_with_everything_it_started() {
    run(async {
        let bench = Bench::new(
            "(setsid sh -c 'echo $$; trap \"\" TERM; while :; do sleep 0.01; done' &)
             exec sleep 300",
        );
        let mut spec = service(&["./service"]);
        spec.process.stop.within = Millis::from_millis(200);
        let request = bench.start(spec).await;
        let printed = bench.line(&request.instance).await;
        let daemon: i32 = printed.trim().parse().expect("a pid");
        let leader = orphan(&bench, &request).await;
        assert!(started(daemon).is_some() && started(leader).is_some());
        let spec = fs::read(bench.trace(&request.instance).join("spec.json")).expect("a spec");
        let spec: ShimSpec = serde_json::from_slice(&spec).expect("json");
        assert!(spec.socket.exists(), "who was killed can't remove it");
        bench
            .target
            .stop(&request.instance.id)
            .await
            .expect("a stop");
        assert_eq!((started(daemon), started(leader)), (None, None));
        assert!(!spec.socket.exists());
        let ended = InstanceState::Ended(InstanceEnd::Killed(15));
        assert_eq!(bench.observe(&request.instance).await, ended);
    });
}

#[test]
fn an_older_controller_does_not_stop_an_adopted_group() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let leader = orphan(&bench, &request).await;
        forge(&bench, &request, |status| status.epoch = Epoch(9));
        let problem = bench.target.stop(&request.instance.id).await;
        assert_eq!(problem.expect_err("fenced").kind, ErrorKind::Refused);
        assert!(started(leader).is_some());
    });
}

#[test]
fn a_pid_that_was_used_again_is_not_adopted() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let leader = orphan(&bench, &request).await;
        kill(leader);
        // This very test process, which began at another time, bears the number now.
        let own = i32::try_from(std::process::id()).expect("a pid");
        forge(&bench, &request, |status| {
            status.state = ShimState::Running {
                pid: own,
                start_time: started(own).expect("a time") + 1,
            };
        });
        let ended = InstanceState::Ended(InstanceEnd::Unknown);
        assert_eq!(bench.observe(&request.instance).await, ended);
        bench
            .target
            .stop(&request.instance.id)
            .await
            .expect("and nobody is hurt");
    });
}

#[test]
fn nothing_of_another_boot_lives() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let leader = orphan(&bench, &request).await;
        forge(&bench, &request, |status| {
            status.boot_id = "00000000-0000-0000-0000-000000000000".to_owned();
        });
        let ended = InstanceState::Ended(InstanceEnd::Unknown);
        assert_eq!(bench.observe(&request.instance).await, ended);
        bench
            .target
            .stop(&request.instance.id)
            .await
            .expect("nothing to do");
        assert!(started(leader).is_some(), "its pid means nothing here");
        kill(leader);
    });
}

#[test]
fn a_shim_whose_socket_was_deleted_is_still_found_and_stopped() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let status = bench.status(&request.instance);
        let id = &request.instance.id;
        let socket = bench.root.path().join(format!("run/{id}.sock"));
        fs::remove_file(socket).expect("removed");
        assert_eq!(bench.observe(&request.instance).await, RUNS);
        bench.target.stop(id).await.expect("a stop");
        assert_eq!(started(leader(&status)), None);
        assert_eq!(started(status.shim.0), None);
    });
}
