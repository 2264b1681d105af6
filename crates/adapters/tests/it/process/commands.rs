//! Commands: scripts that deploy and then end.

use std::fs;

use windlass_edge::{InstanceState, Reporting, Secret, StartCommand, StartInstance, Target};
use windlass_model::{
    CommandRun, CommandSpec, CommandState, DeploymentId, InstanceEnd, Job, Pass, Release,
    ServiceSpec, Template,
};

use super::bench::{Bench, run, service, until};

/// Waits for `go`, says what it was told, and writes down what is live.
const DEPLOY: &str = "if [ \"$1\" = --status ]; then cat answer; exit; fi
while [ -e wait ]; do sleep 0.01; done
echo \"$WINDLASS_SERVICE $WINDLASS_FROM $WINDLASS_VERSION $WINDLASS_ATTEMPT $WINDLASS_DEPLOYMENT\"
echo once >> runs
printf '{\"version\":\"%s\",\"state\":\"live\"}' \"$WINDLASS_VERSION\" > answer";

const ROLLBACK: &str = "echo back to $WINDLASS_VERSION from $WINDLASS_FROM";

fn argv(words: &[&str]) -> Vec<Template> {
    let parse = |word: &&str| Template::parse(word).expect("a template");
    words.iter().map(parse).collect()
}

fn spec(version: &str) -> ServiceSpec {
    let mut spec = service(&["./service"]);
    spec.version = Some(version.to_owned());
    spec.command = Some(CommandSpec {
        status: Some(argv(&["./service", "--status"])),
        rollback: Some(argv(&["./rollback"])),
        pass: Pass::default(),
    });
    spec
}

fn bench() -> Bench {
    let bench = Bench::new(DEPLOY);
    bench.script("rollback", ROLLBACK);
    bench
}

fn reporting() -> Reporting {
    Reporting {
        coordination: "http://127.0.0.1:9/reports".to_owned(),
        health: "http://127.0.0.1:9/health".to_owned(),
        token: Secret("wlr_secret".to_owned()),
    }
}

fn starting(bench: &Bench, release: Release, job: Job) -> StartInstance {
    let deployment = DeploymentId::from_tail("1").expect("an id");
    let version = release.version.0.clone();
    let run = CommandRun {
        job,
        version,
        from: Some("6".to_owned()),
        attempt: 1,
    };
    let spec = spec(&release.version.0);
    StartInstance {
        command: Some(StartCommand {
            run,
            deployment,
            reporting: reporting(),
        }),
        ..bench.starting(release, spec)
    }
}

async fn seven(bench: &Bench, job: Job) -> StartInstance {
    let kept = bench.try_keep(spec("7")).await.expect("a release");
    starting(bench, kept.release, job)
}

async fn ended(bench: &Bench, request: &StartInstance) -> InstanceEnd {
    until("the end", async || {
        match bench.observe(&request.instance).await {
            InstanceState::Ended(end) => Some(end),
            InstanceState::Absent | InstanceState::Running { .. } => None,
        }
    })
    .await
}

fn runs(bench: &Bench) -> usize {
    let text = fs::read_to_string(bench.source("runs")).unwrap_or_default();
    text.lines().count()
}

#[test]
fn a_command_runs_where_it_lies_and_is_told_what_it_is_for() {
    run(async {
        let bench = bench();
        let request = seven(&bench, Job::Deploy).await;
        assert!(!bench.files(&request.release).exists(), "it is not copied");
        bench.target.start(&request).await.expect("a start");
        assert_eq!(ended(&bench, &request).await, InstanceEnd::Exited(0));
        assert_eq!(bench.printed(&request.instance), "api 6 7 1 dep_1\n");
        assert!(bench.source("answer").exists(), "in the file's folder");
        let said = bench.target.ask_status(&request.instance).await;
        assert_eq!(said.expect("an answer"), CommandState::Live);
    });
}

#[test]
fn a_rollback_runs_the_other_script() {
    run(async {
        let bench = bench();
        let request = seven(&bench, Job::Rollback).await;
        bench.target.start(&request).await.expect("a start");
        assert_eq!(bench.line(&request.instance).await, "back to 7 from 6\n");
    });
}

#[test]
fn the_same_attempt_is_one_run_and_the_next_one_another() {
    run(async {
        let bench = bench();
        let mut request = seven(&bench, Job::Deploy).await;
        request.again = true;
        for _ in 0..3 {
            bench.target.start(&request).await.expect("a start");
            ended(&bench, &request).await;
        }
        assert_eq!(runs(&bench), 1);
        let command = request.command.as_mut().expect("a command");
        command.run.attempt = 2;
        bench.target.start(&request).await.expect("a start");
        until("a second run", async || (runs(&bench) == 2).then_some(())).await;
    });
}

#[test]
fn another_controller_finds_a_run_that_goes_on() {
    run(async {
        let bench = bench();
        bench.put("wait", "");
        let request = seven(&bench, Job::Deploy).await;
        bench.target.start(&request).await.expect("a start");
        let next = bench.target_of_epoch(6);
        next.start(&request).await.expect("it runs already");
        fs::remove_file(bench.source("wait")).expect("removed");
        assert_eq!(ended(&bench, &request).await, InstanceEnd::Exited(0));
        assert_eq!(runs(&bench), 1);
    });
}

#[test]
fn a_stop_ends_the_script_and_all_that_it_started() {
    run(async {
        let bench = Bench::new("sleep 300 & echo $!; wait");
        bench.script("rollback", ROLLBACK);
        let request = seven(&bench, Job::Deploy).await;
        bench.target.start(&request).await.expect("a start");
        let child = bench.line(&request.instance).await;
        let child: i32 = child.trim().parse().expect("a pid");
        bench.target.stop(&request.instance.id).await.expect("gone");
        assert_eq!(super::bench::started(child), None);
    });
}

#[test]
fn a_script_that_was_changed_does_not_run_under_the_version_that_it_is_not() {
    run(async {
        let bench = bench();
        let deploy = seven(&bench, Job::Deploy).await;
        let rollback = starting(&bench, deploy.release.clone(), Job::Rollback);
        let kept = bench
            .target
            .verify(&deploy.release)
            .await
            .expect("a digest");
        assert_eq!(kept, deploy.release.artefact);
        bench.script("service", "echo another");
        let now = bench
            .target
            .verify(&deploy.release)
            .await
            .expect("a digest");
        assert_ne!(now, kept);
        let refused = bench.target.start(&deploy).await.expect_err("a refusal");
        assert!(
            refused
                .what
                .ends_with("is not what it was when version 7 was deployed"),
            "{}",
            refused.what
        );
        // Its rollback is what it was.
        bench.target.start(&rollback).await.expect("a start");
        assert_eq!(bench.line(&rollback.instance).await, "back to 7 from 6\n");
    });
}

#[test]
fn version_arguments_and_scripts_make_a_release_and_the_folder_does_not() {
    run(async {
        let bench = bench();
        let keep = async |spec| bench.try_keep(spec).await.expect("a release").release;
        let seven = keep(spec("7")).await;
        bench.put("notes", "of no interest");
        assert_eq!(keep(spec("7")).await, seven);
        let eight = keep(spec("8")).await;
        assert_ne!(eight.identity, seven.identity);
        assert_eq!(eight.artefact, seven.artefact);
        let mut other = spec("7");
        other.command.as_mut().expect("a command").rollback = None;
        assert_ne!(keep(other).await.identity, seven.identity);
        bench.script("service", "echo another");
        assert_ne!(keep(spec("7")).await.artefact, seven.artefact);
    });
}

#[test]
fn a_status_that_fails_or_says_something_else_is_no_answer() {
    run(async {
        let bench = bench();
        let request = seven(&bench, Job::Deploy).await;
        bench.target.start(&request).await.expect("a start");
        ended(&bench, &request).await;
        let mut seen = Vec::new();
        let endless = "head -c 300000 /dev/zero || exit 141";
        for script in [
            "echo fine",
            "echo >&2 no database; exit 4",
            "kill -KILL $$",
            endless,
        ] {
            bench.script("service", script);
            let said = bench.target.ask_status(&request.instance).await;
            match said.expect("it was asked") {
                CommandState::Unclear(saw) => {
                    // How a person asks the same follows.
                    let (saw, asked) = saw.split_once(" (ask it yourself, in ").unwrap();
                    assert!(asked.ends_with(": ./service --status)"), "{asked}");
                    seen.push(saw.to_owned());
                }
                clear => panic!("{clear:?}"),
            }
        }
        assert_eq!(
            seen,
            [
                "`status` printed \"fine\"",
                "`status` ended with exit status: 4: no database",
                "`status` ended with signal: 9 (SIGKILL): nothing",
                "`status` printed more than 64 KiB: all that it may print is one object of JSON",
            ]
        );
    });
}
