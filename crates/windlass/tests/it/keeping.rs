//! Backups: made beside a running controller, and brought back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::lab::{Lab, SOON, Service, answer, eventually, load, without_failure};
use crate::typed::Place;

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
    env: { TOKEN: \"${TOKEN}\" }
";

/// A lab in which version 1 is live.
fn live() -> Lab {
    let lab = Lab::new(WEB);
    deployed(&lab, "1");
    lab
}

fn deployed(lab: &Lab, version: &str) {
    lab.program("web", &Service::new("web", version));
    let mut command = lab.command(&["deploy"]);
    command.env("TOKEN", "a-secret-of-mine");
    lab.start_command(command).left().exits(0);
}

/// What is in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_disturbs_nobody_and_serves_elsewhere() {
    let lab = live();
    let pid = lab.only("serve").pid;
    let (file, into) = (lab.tmp().join("b.tar"), lab.tmp().join("back"));
    let (file, into) = (file.to_str().unwrap(), into.to_str().unwrap());
    let load = load(lab.at("web"));
    let left = lab.run(&["backup", file]).exits(0);
    assert!(left.out.contains("it is whole"), "{}", left.out);
    assert!(left.out.contains("1 deployment, 0 open"), "{}", left.out);
    without_failure(load);
    assert_eq!(lab.only("serve").pid, pid, "it is the same controller");
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the values of the releases are in it");
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
    let left = lab.run(&["restore", file, "--into", into]).exits(0);
    let next = "that starts a controller, which starts what was stable then";
    assert!(left.out.contains(next), "{}", left.out);
    // It was taken down only after the backup: so it is to run, and does.
    lab.run(&["status", "--state-dir", into]).exits(0);
    eventually("version 1 serves again", SOON, || {
        (answer(lab.at("web")).chain() == "web=1").then_some(())
    });
    lab.program("web", &Service::new("web", "2"));
    let mut command = lab.command(&["deploy", "--state-dir", into]);
    command.env("TOKEN", "another");
    lab.start_command(command).left().exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
    lab.run(&["down", "--state-dir", into]).exits(0);
}

#[test]
fn a_folder_gets_a_file_named_by_the_time_and_nothing_beside_it() {
    let lab = live();
    let folder = lab.tmp().join("kept");
    fs::create_dir(&folder).unwrap();
    lab.give(&folder);
    let left = lab
        .run(&["backup", folder.to_str().unwrap(), "-o", "json"])
        .exits(0);
    let value = left.json();
    let file = Path::new(value["file"].as_str().unwrap()).to_owned();
    assert_eq!(
        names(&folder),
        [file.file_name().unwrap().to_str().unwrap()]
    );
    assert_eq!(value["contents"]["journal"]["deployments"], 1);
    assert_eq!(value["contents"]["releases"], 1);
    let again = lab.run(&["backup", file.to_str().unwrap()]);
    assert_eq!(again.code, 5);
    again.says(&["is there already", "nothing was written"]);
}

#[test]
fn what_is_cut_or_changed_is_refused_and_leaves_nothing() {
    let lab = live();
    let file = lab.tmp().join("b.tar");
    lab.run(&["backup", file.to_str().unwrap()]).exits(0);
    let whole = fs::read(&file).unwrap();
    let middle = whole.len() / 2;
    let mut changed = whole.clone();
    changed[middle] ^= 1;
    // The end of a tar is two empty blocks; what comes before them is the last entry.
    let cut = whole[..whole.len() - 2048].to_vec();
    let cases: [(&str, &[u8], &str); 5] = [
        ("changed", &changed, ""),
        ("cut", &cut, "it ends early: it is cut off"),
        ("half", &whole[..middle], "cut off"),
        ("empty", b"", "it is no backup of Windlass"),
        ("other", b"no tar at all", "it is no backup of Windlass"),
    ];
    for (name, bytes, why) in cases {
        let bad = lab.tmp().join(name);
        fs::write(&bad, bytes).unwrap();
        let into = lab.tmp().join("into");
        let words = [
            "restore",
            bad.to_str().unwrap(),
            "--into",
            into.to_str().unwrap(),
        ];
        let left = lab.run(&words);
        assert_eq!(left.code, 6, "{name}: {}{}", left.out, left.err);
        left.says(&["is no whole backup", why]);
        assert!(!left.err.contains("EOF"), "{name}: {}", left.err);
        fs::remove_file(bad).unwrap();
        assert_eq!(names(&lab.tmp()), ["b.tar"], "{name}");
    }
}

#[test]
fn nothing_is_restored_over_state_or_beside_a_controller() {
    let lab = live();
    let file = lab.tmp().join("b.tar");
    let file = file.to_str().unwrap();
    lab.run(&["backup", file]).exits(0);
    let left = lab.run(&["restore", file]);
    assert_eq!(left.code, 5);
    left.says(&["is the controller of", "nothing was restored"]);
    let alone = format!("go on: kill {}", lab.only("serve").pid);
    let hint = left.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(hint.contains(&alone), "{hint}");
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
    let left = lab.run(&["restore", file]);
    assert_eq!(left.code, 5);
    left.says(&["is not empty", "--into DIR"]);
}

/// What lives keeps its addresses, and whoever looks at the restored one learns whose they are.
#[test]
fn beside_the_living_original_what_was_restored_starts_nothing() {
    let lab = live();
    let (file, into) = (lab.tmp().join("b.tar"), lab.tmp().join("back"));
    let (file, back) = (file.to_str().unwrap(), into.to_str().unwrap());
    lab.run(&["backup", file]).exits(0);
    let whose = format!(
        "pid {} (a Windlass router with the state directory {})",
        lab.only("router").pid,
        lab.state("").display().to_string().trim_end_matches('/')
    );
    let left = lab.run(&["restore", file, "--into", back]).exits(0);
    assert!(left.out.contains(&whose), "{}", left.out);
    assert!(
        left.out.contains("first: windlass --state-dir"),
        "{}",
        left.out
    );
    for verb in ["status", "list"] {
        let refused = lab.run(&[verb, "--state-dir", back]);
        refused.says(&["error[WL0497]", "end what serves first"]);
        let said = refused.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&whose), "{}", refused.err);
        assert_eq!(refused.code, 5, "{}", refused.err);
    }
    let seen = lab
        .run(&["doctor", "--state-dir", back, "-o", "json"])
        .json();
    let findings = seen["findings"].as_array().unwrap();
    let found = findings.iter().find(|found| found["check"] == "restored");
    let saw = found.expect("it is found")["saw"].as_str().unwrap();
    assert!(saw.contains(&whose), "{saw}");
    assert!(!into.join("instances").exists(), "nothing was started");
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    lab.run(&["down", "--yes"]).exits(0);
    lab.must_be_gone();
    lab.run(&["status", "--state-dir", back]).exits(0);
    eventually("what was restored serves", SOON, || {
        (answer(lab.at("web")).chain() == "web=1").then_some(())
    });
    lab.run(&["down", "--yes", "--state-dir", back]).exits(0);
}

/// The journal alone is lost: it comes back from a backup while everything runs.
#[test]
fn an_older_journal_changes_nothing_until_it_is_adopted() {
    let lab = live();
    let (file, into) = (lab.tmp().join("b.tar"), lab.tmp().join("back"));
    let (file, back) = (file.to_str().unwrap(), into.to_str().unwrap());
    lab.run(&["backup", file]).exits(0);
    // Another controller than the one of the backup deploys version 2.
    lab.kill_controller();
    deployed(&lab, "2");
    lab.kill_controller();
    lab.run(&["restore", file, "--into", back]).exits(0);
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(lab.state(&format!("windlass.db{ending}"))).ok();
    }
    fs::copy(into.join("windlass.db"), lab.state("windlass.db")).unwrap();
    lab.give(&lab.state("windlass.db"));
    let left = lab.run(&["status"]).exits(0);
    assert!(left.out.contains("lost history"), "{}", left.out);
    assert_eq!(answer(lab.at("web")).chain(), "web=2", "what runs goes on");
    let refused = lab.run(&["rollback", "--yes"]);
    assert_eq!(refused.code, 6);
    refused.says(&["WL0330", "windlass repair --adopt"]);
    lab.run(&["repair", "--adopt"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
    deployed(&lab, "3");
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
}

#[test]
fn without_a_journal_there_is_nothing_to_back_up() {
    let lab = Lab::new(WEB);
    let left = lab.run(&["backup", "b.tar"]);
    assert_eq!(left.code, 64);
    left.says(&["there is no journal in"]);
    assert!(!lab.app("b.tar").exists());
}

/// An archive with one entry of this name, which goes where `link` says if it is one.
fn archive(name: &str, link: Option<&str>) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(if link.is_some() {
        tar::EntryType::Link
    } else {
        tar::EntryType::Regular
    });
    header.set_mode(0o600);
    header.set_size(0);
    // A builder would refuse what is tried here.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    if let Some(link) = link {
        header.set_link_name(link).unwrap();
    }
    header.set_cksum();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append(&header, &b""[..]).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn nothing_is_written_outside_of_what_is_restored() {
    let place = Place::empty();
    for (name, link) in [
        ("../evil", None),
        ("a/../../evil", None),
        ("evil", Some("home")),
    ] {
        fs::write(place.path("b.tar"), archive(name, link)).unwrap();
        let left = place.run(&["restore", "b.tar", "--into", "into"]);
        assert_eq!(left.code, 6, "{name}: {}", left.err);
        assert!(
            left.err.contains("is no whole backup"),
            "{name}: {}",
            left.err
        );
        assert_eq!(names(&place.path("")), ["b.tar"], "{name}");
    }
    let absolute = place.path("evil");
    fs::write(
        place.path("b.tar"),
        archive(absolute.to_str().unwrap(), None),
    )
    .unwrap();
    assert_eq!(place.run(&["restore", "b.tar", "--into", "into"]).code, 6);
    assert_eq!(names(&place.path("")), ["b.tar"]);
}

#[test]
fn a_deployment_that_was_open_in_a_backup_is_taken_back_and_says_why() {
    let lab = live();
    lab.program("web", &Service::new("web", "2"));
    lab.file(&WEB.replace("200ms", "10m"));
    let mut command = lab.command(&["deploy", "--detach"]);
    command.env("TOKEN", "another");
    lab.start_command(command).left().exits(0);
    let id = lab.last();
    eventually("version 2 has everything", SOON, || {
        (answer(lab.at("web")).chain() == "web=2").then_some(())
    });
    let (file, into) = (lab.tmp().join("b.tar"), lab.tmp().join("back"));
    let (file, into) = (file.to_str().unwrap(), into.to_str().unwrap());
    lab.run(&["backup", file]).exits(0);
    lab.run(&["abort", &id]).exits(0);
    lab.run(&["down", "--yes"]).exits(0);
    lab.must_be_gone();
    let left = lab.run(&["restore", file, "--into", into]).exits(0);
    assert!(
        left.out
            .contains("the deployment that was open when the backup was made is taken back"),
        "{}",
        left.out
    );
    let shown = eventually("it is back", SOON, || {
        let shown = lab.run(&["show", &id, "--state-dir", into]).out;
        shown.contains("rolled back").then_some(shown)
    });
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("it was open when the restored backup was made"),
        "{shown}"
    );
    assert!(!words.contains("aborted"), "{shown}");
    eventually("version 1 serves again", SOON, || {
        (answer(lab.at("web")).chain() == "web=1").then_some(())
    });
    let outside = lab
        .run(&["events", "--outside", "--state-dir", into])
        .exits(0)
        .out;
    assert!(!outside.contains("had died"), "{outside}");
    lab.run(&["down", "--yes", "--state-dir", into]).exits(0);
}
