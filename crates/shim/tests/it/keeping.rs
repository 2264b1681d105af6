//! Starting, seeing the end, starting again.

use std::fs;

use windlass_control::{GroupEnd, Restart, ShimReply, ShimRequest, ShimState};
use windlass_model::Epoch;

use crate::bench::{Bench, shim, until};

#[test]
fn arguments_reach_the_program_without_a_shell() {
    let bench = Bench::start_with(r#"printf '%s|' "$@"; echo"#, |spec| {
        spec.arguments = ["$(id)", "a b", "*", "", "`x`;y"].map(str::to_owned).into();
    });
    assert_eq!(bench.line("stdout.log"), "$(id)|a b|*||`x`;y|");
}

#[test]
fn the_environment_is_exactly_the_one_given() {
    let bench = Bench::start_with("", |spec| {
        spec.program = "/bin/sleep".into();
        spec.arguments = vec!["300".to_owned()];
        spec.env = [("PORT", "20001"), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    });
    let environ = fs::read(format!("/proc/{}/environ", bench.leader())).expect("environ");
    assert_eq!(environ, b"EMPTY=\0PORT=20001\0");
}

#[test]
fn the_program_works_in_the_given_folder_with_an_empty_input() {
    let bench = Bench::start("pwd; cat; echo end of input >&2");
    assert_eq!(
        bench.line("stdout.log"),
        bench.folder.path().to_str().expect("text")
    );
    assert_eq!(bench.line("stderr.log"), "end of input");
}

#[test]
fn an_exit_is_pushed_to_whoever_watches_and_stays_readable() {
    let bench = Bench::start("while ! test -e go; do sleep 0.01; done; exit 7");
    let mut watcher = bench.connect();
    watcher.send(&ShimRequest::Watch);
    assert!(matches!(watcher.status().state, ShimState::Running { .. }));
    fs::write(bench.path("go"), "").expect("a file");
    let end = GroupEnd::Exited(7);
    assert_eq!(watcher.status().state, ShimState::Ended { end });
    assert!(matches!(bench.status().state, ShimState::Ended { .. }));
    assert_eq!(bench.written(), bench.status());
}

#[test]
fn what_a_script_leaves_behind_lives_on_if_it_ended_well_and_was_meant_to() {
    for (leaves, status, lives) in [(true, 0, true), (true, 1, false), (false, 0, false)] {
        let script = format!("sleep 300 & echo $!; exit {status}");
        let mut bench = Bench::start_with(&script, |spec| spec.leaves = leaves);
        let left: i32 = bench.line("stdout.log").parse().expect("a pid");
        until("the end", || {
            matches!(bench.status().state, ShimState::Ended { .. }).then_some(())
        });
        // Also after its keeper is gone.
        let epoch = Epoch(5);
        assert_eq!(bench.ask(&ShimRequest::Stop { epoch }), ShimReply::Done);
        bench.shim.wait().expect("an end");
        let pid = rustix::process::Pid::from_raw(left).expect("a pid");
        let lived = rustix::process::test_kill_process(pid).is_ok();
        assert_eq!(lived, lives, "leaves: {leaves}, status: {status}");
        if lived {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("its end");
        }
    }
}

#[test]
fn a_signal_is_told_apart_from_a_status() {
    let bench = Bench::start("kill -SEGV $$");
    let end = until("the end", || match bench.status().state {
        ShimState::Ended { end } => Some(end),
        _ => None,
    });
    assert_eq!(end, GroupEnd::Killed(11));
}

#[test]
fn a_program_that_is_not_there_is_a_state_and_no_failure_of_the_shim() {
    let mut bench = Bench::start_with("", |spec| spec.program = "/nowhere/service".into());
    let ShimState::Ended {
        end: GroupEnd::NotStarted(why),
    } = bench.status().state
    else {
        panic!("it ran: {:?}", bench.status());
    };
    assert!(why.contains("No such file"), "{why}");
    bench.stop();
    assert!(bench.gone());
}

#[test]
fn back_off_starts_it_again_and_waits_longer_each_time() {
    let bench = Bench::start_with("echo once more; exit 1", |spec| {
        spec.restart = Restart::BackOff;
    });
    let mut watcher = bench.connect();
    watcher.send(&ShimRequest::Watch);
    let mut waits = Vec::new();
    let mut restarts = 0;
    while waits.len() < 3 {
        let status = watcher.status();
        if let ShimState::BackingOff { end, wait_ms } = status.state {
            assert_eq!(end, GroupEnd::Exited(1));
            waits.push(wait_ms);
            restarts = status.restarts;
        }
    }
    assert!(restarts >= 2, "{restarts}");
    assert!(waits[0] < waits[1] && waits[1] < waits[2], "{waits:?}");
    let [ends] = &bench.status().ends[..] else {
        panic!("alike ends are one: {:?}", bench.status());
    };
    assert_eq!(ends.end, GroupEnd::Exited(1));
    assert!(ends.count >= 3 && ends.first_us > 0, "{ends:?}");
    assert!(ends.last_us > ends.first_us, "{ends:?}");
    assert!(bench.read("stdout.log").lines().count() >= 3);
}

#[test]
fn a_new_policy_ends_the_waiting_and_a_candidate_stays_down() {
    let bench = Bench::start_with("exit 1", |spec| spec.restart = Restart::BackOff);
    until("a wait", || {
        matches!(bench.status().state, ShimState::BackingOff { wait_ms, .. } if wait_ms > 500)
            .then_some(())
    });
    let keep = ShimRequest::Keep {
        epoch: Epoch(6),
        restart: Restart::Never,
    };
    assert_eq!(bench.ask(&keep), ShimReply::Done);
    let status = until("the end", || {
        let status = bench.status();
        matches!(status.state, ShimState::Ended { .. }).then_some(status)
    });
    assert_eq!(
        (status.restart, status.epoch),
        (Restart::Never, Epoch(6)),
        "the policy and the epoch are kept"
    );
}

#[test]
fn the_written_status_names_leader_boot_and_shim() {
    let bench = Bench::start("exec sleep 300");
    let status = bench.status();
    assert_eq!(bench.written(), status);
    let ShimState::Running { pid, start_time } = status.state else {
        panic!("not running");
    };
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a stat line");
    let (_, tail) = stat.rsplit_once(')').expect("a name");
    let field = tail.split_whitespace().nth(19).expect("field 22");
    assert_eq!(field.parse(), Ok(start_time));
    assert_eq!(
        status.shim.0,
        i32::try_from(bench.shim.id()).expect("a pid")
    );
    assert_eq!(status.boot_id.len(), 36);
}

#[test]
fn there_is_never_a_second_shim_for_an_instance() {
    let bench = Bench::start("exec sleep 300");
    let leader = bench.leader();
    let mut second = shim(bench.folder.path());
    let status = until("its end", || second.try_wait().expect("a status"));
    assert!(!status.success());
    assert_eq!(bench.leader(), leader, "the first goes on and answers");
}
