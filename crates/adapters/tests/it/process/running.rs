//! Starting, watching, restarting, reading.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use futures_util::StreamExt;
use windlass_control::{Restart, ShimState};
use windlass_edge::{ErrorKind, InstanceState, LogRequest, Target};
use windlass_model::{InstanceEnd, Template};

use super::bench::{Bench, listener, run, service, until};

const RUNS: InstanceState = InstanceState::Running {
    listening: true,
    restarts: 0,
};

#[test]
fn a_service_sees_what_it_was_given_and_nothing_else() {
    run(async {
        // Absolute names, so that the script itself needs nothing of its environment.
        let bench = Bench::new("/usr/bin/tr '\\0' ' ' < /proc/$$/environ; echo; pwd; echo \"$@\"");
        let mut spec = service(&[
            "./service",
            "$$(id)",
            "--port=${PORT}",
            "${INSTANCE}",
            "${VERSION}",
            "${COLOR}",
        ]);
        let level = Template::parse("level ${INSTANCE}").expect("a template");
        spec.process.env.insert("LEVEL".to_owned(), level);
        spec.version = Some("1.4.2".to_owned());
        let mut request = bench.request(spec.clone());
        request
            .values
            .insert("COLOR".to_owned(), "a `red` $HOME".to_owned());
        let url = "http://127.0.0.1:8082".to_owned();
        request.need_urls.insert("AUTH_URL".to_owned(), url);
        for (name, value) in [
            ("HOME", "/home/me"),
            ("LANG", "C.UTF-8"),
            ("SHELL", "/bin/x"),
        ] {
            let pair = (name.to_owned(), value.to_owned());
            request.surroundings.extend([pair]);
        }
        let kept = bench.target.keep(&request).await.expect("kept");
        let mut start = bench.starting(kept.release.clone(), spec);
        start.ordinal = 2;
        bench.target.start(&start).await.expect("a start");
        let printed = until("three lines", async || {
            let text = bench.printed(&start.instance);
            (text.lines().count() == 3 && text.ends_with('\n')).then_some(text)
        })
        .await;
        let lines: Vec<&str> = printed.lines().collect();
        let port = start.instance.address.port();
        assert_eq!(
            lines[0],
            format!(
                "AUTH_URL=http://127.0.0.1:8082 HOME=/home/me INSTANCE=2 LANG=C.UTF-8 \
                 LEVEL=level 2 PATH=/usr/bin:/bin PORT={port} "
            )
        );
        assert_eq!(lines[1], bench.files(&kept.release).to_str().expect("text"));
        assert_eq!(
            lines[2],
            format!("$(id) --port={port} 2 1.4.2 a `red` $HOME")
        );
        let told = bench.trace(&start.instance).join("spec.json");
        assert_eq!(
            told.metadata().expect("metadata").permissions().mode() & 0o777,
            0o600
        );
    });
}

#[test]
fn an_exit_is_seen_at_once_and_stays_readable() {
    run(async {
        let bench = Bench::new("echo working; while ! test -e go; do sleep 0.01; done; exit 3");
        let request = bench.start(service(&["./service"])).await;
        let mut states = bench.target.watch(&request.instance);
        assert_eq!(states.next().await, Some(RUNS));
        assert_eq!(bench.line(&request.instance).await, "working\n");
        let files = bench.files(&request.release);
        fs::set_permissions(&files, fs::Permissions::from_mode(0o755)).expect("a mode");
        fs::write(files.join("go"), "").expect("a file");
        let ended = InstanceState::Ended(InstanceEnd::Exited(3));
        assert_eq!(states.next().await, Some(ended.clone()));
        assert_eq!(bench.observe(&request.instance).await, ended);
        bench
            .target
            .stop(&request.instance.id)
            .await
            .expect("a stop");
        assert_eq!(bench.observe(&request.instance).await, ended);
        let log = LogRequest {
            instance: request.instance.id.clone(),
            stdout_from: None,
            stderr_from: None,
            tail: 100,
            masked: false,
        };
        let chunk = bench.target.log(&log).await.expect("a log");
        assert_eq!(chunk.stdout, b"working\n");
        assert_eq!((chunk.stdout_next, chunk.stderr_next), (8, 0));
    });
}

#[test]
fn what_was_kept_is_what_runs_again_after_a_crash() {
    run(async {
        let bench = Bench::new("echo the kept one; exec sleep 300");
        let spec = service(&["./service"]);
        let kept = bench.try_keep(spec.clone()).await.expect("kept");
        let mut request = bench.starting(kept.release, spec);
        request.restart = Restart::BackOff;
        bench.target.start(&request).await.expect("a start");
        assert_eq!(bench.line(&request.instance).await, "the kept one\n");
        bench.script("service", "echo another one; exec sleep 300");

        let ShimState::Running { pid, .. } = bench.status(&request.instance).state else {
            panic!("not running");
        };
        super::bench::kill(pid);
        let again = InstanceState::Running {
            listening: true,
            restarts: 1,
        };
        let mut states = bench.target.watch(&request.instance);
        while states.next().await.expect("a state") != again {}
        let printed = until("a second line", async || {
            let text = bench.printed(&request.instance);
            (text.lines().count() == 2).then_some(text)
        })
        .await;
        assert_eq!(printed, "the kept one\nthe kept one\n");
        let ShimState::Running { pid, .. } = bench.status(&request.instance).state else {
            panic!("not running");
        };
        let cwd = fs::read_link(format!("/proc/{pid}/cwd")).expect("a folder");
        assert_eq!(cwd, bench.files(&request.release));
    });
}

#[test]
fn a_candidate_stays_down_until_promotion_tells_otherwise() {
    run(async {
        let bench = Bench::new("exit 1");
        let request = bench.start(service(&["./service"])).await;
        let ended = InstanceState::Ended(InstanceEnd::Exited(1));
        until("its end", async || {
            (bench.observe(&request.instance).await == ended).then_some(())
        })
        .await;
        let id = &request.instance.id;
        let changed = bench.target.set_restart(id, Restart::BackOff).await;
        changed.expect("a policy");
        assert_eq!(bench.status(&request.instance).restart, Restart::BackOff);
        assert_eq!(bench.observe(&request.instance).await, ended);
    });
}

#[test]
fn a_taken_address_is_a_conflict_and_leaves_no_trace() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let spec = service(&["./service"]);
        let kept = bench.try_keep(spec.clone()).await.expect("kept");
        let request = bench.starting(kept.release, spec);
        for holder in [request.instance.address.to_string(), {
            format!("0.0.0.0:{}", request.instance.address.port())
        }] {
            let held = TcpListener::bind(&holder).expect("a listener");
            let problem = bench.target.start(&request).await.expect_err("taken");
            assert_eq!(problem.kind, ErrorKind::Conflict, "{holder}");
            drop(held);
        }
        let state = bench.observe(&request.instance).await;
        assert_eq!(state, InstanceState::Absent);
        assert!(bench.target.addresses_in_use().is_empty());
    });
}

#[test]
fn only_a_listener_of_its_own_group_counts() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let mut spec = service(&["./service"]);
        spec.listen = listener().listen;
        let request = bench.start(spec).await;
        let silent = InstanceState::Running {
            listening: false,
            restarts: 0,
        };
        assert_eq!(bench.observe(&request.instance).await, silent);
        let stranger = TcpListener::bind(request.instance.address).expect("a listener");
        assert_eq!(bench.observe(&request.instance).await, silent);
        drop(stranger);
    });
}

#[test]
fn a_watch_tells_when_it_listens() {
    run(async {
        let bench = Bench::new("");
        let request = bench.start(listener()).await;
        let mut states = bench.target.watch(&request.instance);
        while states.next().await.expect("a state") != RUNS {}
        assert_eq!(bench.observe(&request.instance).await, RUNS);
        let in_use = bench.target.addresses_in_use();
        assert_eq!(in_use, [request.instance.address]);
        bench
            .target
            .stop(&request.instance.id)
            .await
            .expect("a stop");
        let ended = InstanceState::Ended(InstanceEnd::Killed(15));
        assert_eq!(states.next().await, Some(ended));
        TcpListener::bind(request.instance.address).expect("the address is free again");
    });
}

#[test]
fn starting_twice_starts_once() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let request = bench.start(service(&["./service"])).await;
        let before = bench.status(&request.instance);
        bench.target.start(&request).await.expect("nothing to do");
        let later = bench.target_of_epoch(6);
        later.start(&request).await.expect("nothing to do");
        assert_eq!(bench.status(&request.instance), before);
    });
}

#[test]
fn a_start_that_was_interrupted_early_is_certainly_none_and_can_be_made() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let spec = service(&["./service"]);
        let kept = bench.try_keep(spec.clone()).await.expect("kept");
        let request = bench.starting(kept.release, spec);
        let trace = bench.trace(&request.instance);
        fs::create_dir_all(&trace).expect("a folder");
        fs::write(trace.join("spec.json"), "{}").expect("half a start");
        let problem = bench.target.observe(&request.instance).await;
        assert!(problem.is_err(), "what can't be read is not absent");
        fs::write(trace.join("spec.json"), "").expect("half a start");
        let state = bench.observe(&request.instance).await;
        assert_eq!(state, InstanceState::Absent);
        bench.target.start(&request).await.expect("a start");
        assert_eq!(bench.observe(&request.instance).await, RUNS);
    });
}

#[test]
fn an_abandoned_start_can_be_stopped_whatever_it_reached() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let spec = service(&["./service"]);
        let kept = bench.try_keep(spec.clone()).await.expect("kept");
        for step in 0..12 {
            let mut request = bench.starting(kept.release.clone(), spec.clone());
            request.instance = bench.instance(&format!("step{step}"));
            let short = Duration::from_micros(500 * step);
            let _outcome = tokio::time::timeout(short, bench.target.start(&request)).await;
            let id = &request.instance.id;
            bench.target.stop(id).await.expect("a stop");
            // Certain: whatever was on its way finds nothing to start.
            assert!(
                !matches!(
                    bench.observe(&request.instance).await,
                    InstanceState::Running { .. }
                ),
                "step {step}"
            );
            let spec = bench.trace(&request.instance).join("spec.json");
            let status = bench.trace(&request.instance).join("status.json");
            assert!(!spec.exists() || status.exists(), "step {step}");
        }
    });
}

#[test]
fn a_program_outside_the_copy_must_be_the_same_for_a_candidate_only() {
    run(async {
        let bench = Bench::new("");
        let tool = bench.root.path().join("tool");
        let body = "#!/bin/sh\nexec sleep 300\n";
        fs::write(&tool, body).expect("a tool");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("a mode");
        bench.put("conf", "x");
        let spec = service(&[tool.to_str().expect("text"), "conf"]);
        let kept = bench.try_keep(spec.clone()).await.expect("kept");
        fs::write(&tool, format!("{body}# newer\n")).expect("a tool");
        let other = bench.try_keep(spec.clone()).await.expect("kept");
        assert_ne!(other.release.identity, kept.release.identity);

        let mut request = bench.starting(kept.release, spec);
        let problem = bench.target.start(&request).await.expect_err("changed");
        assert_eq!(problem.kind, ErrorKind::Rejected);
        assert!(
            problem.what.contains("is not what it was"),
            "{}",
            problem.what
        );
        request.restart = Restart::BackOff;
        bench
            .target
            .start(&request)
            .await
            .expect("a restart goes on");
    });
}

#[test]
fn a_log_is_read_on_from_where_it_was_left_and_over_holes() {
    run(async {
        let bench = Bench::new(
            "echo first; head -c 104857600 /dev/zero | tr '\\0' x; echo; echo last; exec sleep 300",
        );
        let request = bench.start(service(&["./service"])).await;
        let read = async |from, tail| {
            let log = LogRequest {
                instance: request.instance.id.clone(),
                stdout_from: from,
                stderr_from: None,
                tail,
                masked: false,
            };
            bench.target.log(&log).await.expect("a log")
        };
        until("everything printed", async || {
            read(None, 5).await.stdout.eq(b"last\n").then_some(())
        })
        .await;
        let chunk = until("the oldest freed", async || {
            let chunk = read(Some(0), 10).await;
            (chunk.stdout_next > 1024 * 1024).then_some(chunk)
        })
        .await;
        assert_eq!(chunk.stdout, b"xxxxxxxxxx");
        let end = 6 + 104_857_600 + 1 + 5;
        let chunk = read(Some(end - 5), 100).await;
        assert_eq!((chunk.stdout, chunk.stdout_next), (b"last\n".to_vec(), end));
        assert_eq!(read(Some(end), 100).await.stdout, b"");
    });
}
