//! Stopping: nothing is left behind.

use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use windlass_control::{GroupEnd, ShimState};
use windlass_model::Millis;

use crate::bench::{Bench, lives, until};

fn pid(text: &str) -> i32 {
    text.trim().parse().expect("a pid")
}

#[test]
fn a_stop_asks_by_the_given_signal_and_leaves_nothing() {
    let script = "trap 'echo asked; exit 0' USR1; echo up; while :; do sleep 0.01; done";
    let mut bench = Bench::start_with(script, |spec| spec.stop.signal = "USR1".to_owned());
    assert_eq!(bench.line("stdout.log"), "up");
    let leader = bench.leader();
    bench.stop();
    assert!(!lives(leader));
    assert!(bench.gone());
    assert!(!bench.path("shim.sock").exists());
    assert_eq!(bench.read("stdout.log"), "up\nasked\n");
    let end = GroupEnd::Stopped;
    assert_eq!(bench.written().state, ShimState::Ended { end });
}

#[test]
fn what_ignores_the_signal_is_killed_after_its_time() {
    let script = "trap '' TERM; echo up; while :; do sleep 0.01; done";
    let mut bench = Bench::start_with(script, |spec| {
        spec.stop.within = Millis::from_millis(300);
    });
    assert_eq!(bench.line("stdout.log"), "up");
    let leader = bench.leader();
    let asked = Instant::now();
    bench.stop();
    assert!(asked.elapsed().as_millis() >= 300, "it had its time");
    assert!(!lives(leader));
    assert!(bench.gone());
    assert!(bench.written().killed, "whoever asked can tell it");
}

#[test]
fn descendants_in_sessions_of_their_own_are_ended_too() {
    // The daemon's parent is gone before the stop, so that only the subreaper ties it to the group.
    let script = "(setsid sh -c 'echo $$ > daemon; trap \"\" TERM; while :; do sleep 0.01; done' &)
        while ! test -s daemon; do sleep 0.01; done; echo up; exec sleep 300";
    let mut bench = Bench::start(script);
    assert_eq!(bench.line("stdout.log"), "up");
    let daemon = pid(&bench.read("daemon"));
    assert!(lives(daemon));
    let asked = Instant::now();
    bench.stop();
    assert!(!lives(daemon));
    assert!(
        asked.elapsed().as_secs() < 5,
        "who never heard the signal is not waited for"
    );
    assert!(bench.gone());
}

#[test]
fn a_member_of_the_group_may_finish_after_its_leader() {
    let script = "sh -c 'trap \"sleep 0.3; echo finished; exit\" TERM
        echo up; while :; do sleep 0.01; done' & wait";
    let mut bench = Bench::start(script);
    assert_eq!(bench.line("stdout.log"), "up");
    bench.stop();
    assert_eq!(bench.read("stdout.log"), "up\nfinished\n");
    assert!(bench.gone());
}

#[test]
fn when_the_leader_ends_by_itself_the_rest_is_ended() {
    let script = "sleep 300 & echo $! > child
        (setsid sh -c 'echo $$ > daemon; exec sleep 300' &)
        while ! test -s daemon; do sleep 0.01; done; exit 4";
    let mut bench = Bench::start(script);
    let end = until("the end", || match bench.status().state {
        ShimState::Ended { end } => Some(end),
        _ => None,
    });
    assert_eq!(end, GroupEnd::Exited(4));
    assert!(!lives(pid(&bench.read("child"))));
    assert!(!lives(pid(&bench.read("daemon"))));
    bench.stop();
    assert!(bench.gone());
    assert_eq!(
        bench.written().state,
        ShimState::Ended { end },
        "a stop does not hide how it ended"
    );
}

#[test]
fn a_stop_that_comes_twice_is_answered_twice() {
    let bench = Bench::start_with("trap '' TERM; echo up; while :; do sleep 0.01; done", |s| {
        s.stop.within = Millis::from_millis(200);
    });
    assert_eq!(bench.line("stdout.log"), "up");
    std::thread::scope(|scope| {
        scope.spawn(|| bench.stop());
        scope.spawn(|| bench.stop());
    });
}

#[test]
fn terminating_the_shim_stops_its_group() {
    let mut bench =
        Bench::start("trap 'echo asked; exit' TERM; echo up; while :; do sleep 0.01; done");
    assert_eq!(bench.line("stdout.log"), "up");
    let leader = bench.leader();
    let shim = Pid::from_child(&bench.shim);
    for harmless in [Signal::HUP, Signal::INT, Signal::QUIT] {
        kill_process(shim, harmless).expect("sent");
    }
    assert_eq!(bench.leader(), leader, "these change nothing");
    kill_process(shim, Signal::TERM).expect("sent");
    assert!(bench.gone());
    assert!(!lives(leader));
    assert_eq!(bench.read("stdout.log"), "up\nasked\n");
}

#[test]
fn a_killed_shim_leaves_its_group_running() {
    let mut bench = Bench::start("exec sleep 300");
    let leader = bench.leader();
    bench.shim.kill().expect("killed");
    assert!(!bench.gone());
    assert!(lives(leader));
    assert!(matches!(bench.written().state, ShimState::Running { pid, .. } if pid == leader));
    kill_process(Pid::from_raw(leader).expect("a pid"), Signal::KILL).expect("sent");
}
