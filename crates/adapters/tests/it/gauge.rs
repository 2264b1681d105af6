//! Reports in a real folder, and real commands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use windlass_adapters::FolderGauge;
use windlass_edge::{Gauge as _, Given, Measuring};
use windlass_model::{CheckSource, Measure, Millis, PlanId, Reading, Template};

fn gauge(folder: &Path) -> FolderGauge {
    FolderGauge::new(folder.join("given"), folder.join("running"))
}

/// Measures one source in `folder`, which may take this long.
fn measured(folder: &Path, source: CheckSource, within: Millis) -> Reading {
    let path = std::env::var("PATH").expect("tests have a PATH");
    let asked = Measuring {
        source,
        folder: folder.to_owned(),
        env: BTreeMap::from([
            ("PATH".to_owned(), path),
            ("WINDLASS_APP".to_owned(), "shop".to_owned()),
        ]),
        values: BTreeMap::from([("WORD".to_owned(), "a b".to_owned())]),
        within,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(gauge(folder).measure(&asked))
}

const LONG: Millis = Millis::from_secs(60);

fn told(reading: Reading) -> String {
    match reading {
        Reading::Value { value, saw, .. } => format!("{value}: {saw}"),
        Reading::Missing(why) => format!("missing: {why}"),
    }
}

fn command(words: &[&str], value: Option<&str>) -> CheckSource {
    CheckSource::Command {
        argv: words
            .iter()
            .map(|word| Template::parse(word).expect("a template"))
            .collect(),
        value: value.map(str::to_owned),
    }
}

fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("the folder is writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

#[test]
fn a_report_is_as_old_as_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("junit.xml");
    fs::write(&file, "<testsuite><testcase name='a'/></testsuite>").unwrap();
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(then)
        .unwrap();
    let source = CheckSource::Junit("junit.xml".to_owned());
    let Reading::Value { value, at_us, .. } = measured(folder.path(), source, LONG) else {
        panic!("a value");
    };
    assert_eq!(value, Measure::nearest(100.0));
    assert_eq!(at_us, 1_700_000_000_000_000);
}

#[test]
fn what_is_no_report_is_missing_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.info"), "SF:a\nDA:x\n").unwrap();
    fs::create_dir(folder.path().join("dir")).unwrap();
    let lcov = |file: &str| {
        told(measured(
            folder.path(),
            CheckSource::Lcov(file.to_owned()),
            LONG,
        ))
    };
    assert_eq!(lcov("none.info"), "missing: there is no none.info");
    assert_eq!(
        lcov("bad.info"),
        "missing: bad.info can't be read: line 2: `x` is no number"
    );
    assert_eq!(lcov("dir"), "missing: dir can't be read: it is no file");
}

#[test]
fn a_command_is_worth_its_end_or_the_figure_that_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    script(
        here,
        "good",
        "#!/bin/sh\necho '{\"app\": \"'$WINDLASS_APP'\", \"broken\": 3}'\n",
    );
    script(here, "bad", "#!/bin/sh\necho no links >&2\nexit 7\n");
    script(
        here,
        "same",
        "#!/bin/sh\ntest \"$1\" = 'a b' && test -z \"$HOME\"\n",
    );
    let ask = |words: &[&str], value| told(measured(here, command(words, value), LONG));
    assert_eq!(ask(&["./good"], None), "100: it ended with 0");
    assert_eq!(
        ask(&["./bad"], None),
        "0: it ended with 7 and said: no links"
    );
    assert_eq!(ask(&["./same", "${WORD}"], None), "100: it ended with 0");
    assert_eq!(ask(&["true"], None), "100: it ended with 0");
    assert_eq!(ask(&["./good"], Some("/broken")), "3: broken is 3");
    assert_eq!(
        ask(&["./good"], Some("/app")),
        "missing: what ./good printed can't be read: what is at /app is no number: \"shop\""
    );
    assert_eq!(
        ask(&["./bad"], Some("/broken")),
        "missing: ./bad ended with 7 and said: no links"
    );
    assert_eq!(
        ask(&["./same", "${NONE}"], None),
        "missing: NONE has no value"
    );
    assert!(ask(&["./none"], None).starts_with("missing: ./none can't be run: "));
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // The pipe that its child holds would be open for ever.
    script(
        here,
        "slow",
        "#!/bin/sh\nsleep 600 &\necho $! > child\nwait\n",
    );
    let within = Millis::from_millis(500);
    let reading = measured(here, command(&["./slow"], None), within);
    assert_eq!(told(reading), "missing: no answer within 500ms");
    let child = fs::read_to_string(here.join("child")).unwrap();
    until_gone(child.trim());
    let noted = fs::read_dir(here.join("running")).expect("it was noted");
    assert_eq!(noted.count(), 0, "nothing of it is left");
}

fn until_gone(child: &str) {
    let stat = format!("/proc/{child}/stat");
    let gone = || match fs::read_to_string(&stat) {
        Ok(stat) => stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim().starts_with('Z')),
        Err(_gone) => true,
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !gone() {
        assert!(std::time::Instant::now() < deadline, "it still runs");
        std::thread::yield_now();
    }
}

/// A controller that was killed: the question is never dropped.
fn asked_and_forgotten(here: &Path) {
    let asked = Measuring {
        source: command(&["./slow"], None),
        folder: here.to_owned(),
        env: BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").expect("one"))]),
        values: BTreeMap::new(),
        within: LONG,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let killed = gauge(here);
        let mut question = Box::pin(async move { killed.measure(&asked).await });
        while !here.join("child").exists() {
            let polled = tokio::time::timeout(std::time::Duration::from_millis(20), &mut question);
            polled.await.expect_err("it never answers");
        }
        std::mem::forget(question);
    });
    std::mem::forget(runtime);
}

#[test]
fn what_a_controller_that_was_killed_has_left_is_ended_by_the_next_one_with_all_that_it_started() {
    for leader_is_gone in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        let text = "#!/bin/sh\nsleep 600 &\necho $! > new\nmv new child\nwait\n";
        script(here, "slow", text);
        asked_and_forgotten(here);
        let child = fs::read_to_string(here.join("child")).expect("it runs");
        let mut noted = fs::read_dir(here.join("running")).expect("it is noted");
        let note = noted.next().expect("one").expect("readable").path();
        let leader = note
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if leader_is_gone {
            let ended = std::process::Command::new("kill")
                .args(["-KILL", &leader])
                .status();
            assert!(ended.expect("it runs").success());
            until_gone(&leader);
        }
        gauge(here).end_left();
        until_gone(child.trim());
        assert!(!note.exists(), "it is noted no more");
    }
}

#[test]
fn who_has_the_number_of_a_command_by_now_is_not_ended_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = folder.path().join("running");
    fs::create_dir(&running).expect("it is ours");
    let mut other = std::process::Command::new("sleep");
    let mut other = std::os::unix::process::CommandExt::process_group(&mut other, 0)
        .arg("600")
        .spawn()
        .expect("it runs");
    let pid = other.id();
    let note = format!("{{\"leader\":{pid},\"start_time\":1,\"session\":1}}");
    let file = running.join(format!("{pid}.json"));
    fs::write(&file, note).expect("it is ours");
    gauge(folder.path()).end_left();
    assert_eq!(other.try_wait().expect("it is ours"), None, "it lives");
    assert!(!file.exists());
    other.kill().expect("it is ours");
    other.wait().expect("it ends");
}

#[test]
fn what_commands_are_given_is_kept_for_the_owner_alone_until_its_plan_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let gauge = gauge(folder.path());
    let plan = |tail: &str| PlanId::from_tail(tail).expect("an id");
    let given = |value: &str| Given {
        surroundings: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
        values: BTreeMap::from([("TOKEN".to_owned(), value.to_owned())]),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let none = gauge.kept(&plan("a")).await.expect("readable");
        assert!(none.is_none());
        let nothing = gauge.forget_all_but(&BTreeSet::new()).await;
        nothing.expect("nothing is there to drop");
        for (id, value) in [("a", "old"), ("a", "new"), ("b", "other")] {
            let kept = gauge.keep(&plan(id), &given(value)).await;
            kept.expect("it can be written");
        }
        let stays = BTreeSet::from([plan("a")]);
        gauge
            .forget_all_but(&stays)
            .await
            .expect("it can be dropped");
        let kept = gauge.kept(&plan("a")).await.expect("readable");
        assert!(kept == Some(given("new")));
        let gone = gauge.kept(&plan("b")).await.expect("readable");
        assert!(gone.is_none());
    });
    for entry in fs::read_dir(folder.path().join("given")).expect("a folder") {
        let metadata = entry.expect("an entry").metadata().expect("metadata");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}
