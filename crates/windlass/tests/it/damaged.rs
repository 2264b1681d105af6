//! Kept bytes that were changed: not started, named, and kept anew.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::lab::{Lab, SOON, Service, answer, ask, eventually, kill};

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    probes: { ready: { http: /health/ready, every: 100ms, within: 3s } }
    bake: 200ms
";

/// A lab in which version 1 is live.
fn live() -> Lab {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab
}

/// The kept program of the only release.
fn kept(lab: &Lab) -> PathBuf {
    let releases = fs::read_dir(lab.state("releases")).unwrap();
    let mut all = releases.map(|entry| entry.unwrap().path().join("files/web"));
    let only = all.next().unwrap();
    assert_eq!(all.next(), None, "there is one release");
    only
}

/// Has it say that it is version 9, in as many bytes.
fn change(program: &Path) {
    let text = fs::read_to_string(program).unwrap();
    let other = text.replace("--version 1", "--version 9");
    assert_ne!(text, other);
    fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
    fs::write(program, other).unwrap();
    fs::set_permissions(program, Permissions::from_mode(0o555)).unwrap();
}

/// Waits until the instance, which was killed, was not started again, since its bytes are others.
fn is_not_started(lab: &Lab, why: &str) {
    let told = eventually("it is told why it is down", SOON, || {
        let told = lab.run(&["doctor"]).out;
        told.contains("could not be started").then_some(told)
    });
    assert!(told.contains("broken   releases"), "{told}");
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(why), "{told}");
    let answered = ask(lab.at("web"), "/").map(|answer| answer.status);
    assert!(matches!(answered, None | Some(502 | 503)), "{answered:?}");
}

#[test]
fn changed_bytes_are_not_started_after_a_crash_and_a_deployment_keeps_them_anew() {
    let lab = live();
    let program = kept(&lab);
    change(&program);
    kill(&lab.only("demo-service"));
    is_not_started(&lab, "files/web was changed since it was kept");
    // The folder has what was promoted.
    lab.run(&["deploy"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    lab.run(&["doctor"]).exits(0);
    let mode = fs::metadata(&program).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o555);
    // Also without a shim that remembers, and of a file that is gone.
    let above = program.parent().unwrap();
    fs::set_permissions(above, Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(&program).unwrap();
    fs::set_permissions(above, Permissions::from_mode(0o555)).unwrap();
    kill(&lab.only("shim"));
    kill(&lab.only("demo-service"));
    eventually("it is told", SOON, || {
        let told = lab.run(&["status", "-o", "json"]).exits(0).json();
        let trouble = &told[0]["services"]["web"]["stable"]["instances"][0]["trouble"];
        let trouble = trouble.as_str().unwrap_or_default();
        trouble.contains("files/web is gone").then_some(())
    });
    lab.run(&["down", "--yes"]).exits(0);
    lab.run(&["deploy"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

#[test]
fn changed_bytes_are_named_by_backup_and_restore() {
    let lab = live();
    change(&kept(&lab));
    let (file, into) = (lab.tmp().join("b.tar"), lab.tmp().join("back"));
    let (file, into) = (file.to_str().unwrap(), into.to_str().unwrap());
    let left = lab.run(&["backup", file]).exits(6);
    assert!(!left.out.contains("it is whole"), "{}", left.out);
    left.says(&[
        "WL0492",
        "1 release in the backup",
        "was changed since it was kept",
    ]);
    lab.run(&["restore", file, "--into", into])
        .exits(6)
        .says(&["WL0492", "was changed since it was kept"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1", "it goes on");
}

/// It failed and was never promoted: nobody can go back to it, and nobody starts it.
#[test]
fn changed_bytes_of_what_only_failed_are_dropped_with_the_next_deployment() {
    let lab = live();
    let live = kept(&lab);
    lab.script("web", "#!/bin/sh\n# --version 1\nexit 9\n");
    lab.run(&["deploy"]).exits(3);
    let releases = fs::read_dir(lab.state("releases")).unwrap();
    let mut all = releases.map(|entry| entry.unwrap().path().join("files/web"));
    let failed = all.find(|program| *program != live).unwrap();
    change(&failed);
    lab.run(&["doctor"]).exits(6);
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    assert!(!failed.exists());
    lab.run(&["doctor"]).exits(0);
}
