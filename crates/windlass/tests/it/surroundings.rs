//! What a program sees, and what nobody else does.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::lab::{Lab, SOON, Service, answer, eventually};

/// A value that must be nowhere but in the program and beside its release.
const SECRET: &str = "hunter2-but-longer";

const SHOP: &str = "\
app: shop
defaults: { bake: 200ms }
services:
  job:
    needs: [some-api]
    run: ./job '${TOKEN} and $$TOKEN' two words
    env: { MODE: \"yes\", COPY: \"${TOKEN}\" }
    instances: 2
  some-api: { run: ./api, listen: @api, ready: /health/ready }
";

/// A lab where both run, deployed with the secret in the environment.
fn live() -> Lab {
    let lab = Lab::new(SHOP);
    lab.program("api", &Service::new("api", "1"));
    let seen = lab.tmp().join("seen").display().to_string();
    lab.script(
        "job",
        &format!(
            "#!/bin/sh\nenv > {seen}.env.$INSTANCE\nprintf '%s\\n' \"$@\" > {seen}.args\n\
             pwd > {seen}.folder\nexec sleep 600\n"
        ),
    );
    let mut deploy = lab.command(&["deploy"]);
    deploy
        .env("TOKEN", SECRET)
        .env("LANG", "C.UTF-8")
        .env("OTHER", "of the deployer");
    lab.start_command(deploy).left().exits(0);
    lab
}

fn seen(lab: &Lab, what: &str) -> String {
    fs::read_to_string(lab.tmp().join(format!("seen.{what}"))).unwrap()
}

#[test]
fn a_program_sees_what_was_declared_and_nothing_else() {
    let lab = live();
    assert_eq!(
        seen(&lab, "args"),
        format!("{SECRET} and $TOKEN\ntwo\nwords\n")
    );
    let folder = PathBuf::from(seen(&lab, "folder").trim());
    assert!(folder.starts_with(lab.state("releases").canonicalize().unwrap()));

    let env = seen(&lab, "env.0");
    let env: BTreeMap<&str, &str> = env
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let names: Vec<&str> = env
        .keys()
        .copied()
        .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
        .collect();
    let declared = [
        "COPY",
        "HOME",
        "INSTANCE",
        "LANG",
        "MODE",
        "PATH",
        "PORT",
        "SOME_API_URL",
    ];
    assert_eq!(names, declared);
    assert_eq!(env["MODE"], "yes");
    assert_eq!(env["COPY"], SECRET);
    assert_eq!(env["SOME_API_URL"], format!("http://{}", lab.at("api")));
    let other = seen(&lab, "env.1");
    assert!(other.contains("INSTANCE=1\n"), "{other}");
    assert!(
        !other.contains(&format!("PORT={}\n", env["PORT"])),
        "{other}"
    );
}

#[test]
fn a_value_of_the_environment_is_kept_with_its_release_only() {
    let lab = live();
    // One that says what it was told, and ends.
    lab.script(
        "job",
        "#!/bin/sh\necho \"no entry with $COPY\" >&2\necho \"was told $*\"\nexit 7\n",
    );
    let mut deploy = lab.command(&["deploy"]);
    deploy.env("TOKEN", SECRET);
    let left = lab.start_command(deploy).left().exits(3);
    left.says(&["no entry with ***", "was told *** and $TOKEN two words"]);
    assert!(!left.out.contains(SECRET) && !left.err.contains(SECRET));
    let shown = lab.run(&["show", "-o", "json"]).exits(0).out;
    assert!(shown.contains("no entry with ***"), "{shown}");
    let told = [
        &["events", "-o", "json"][..],
        &["show", "-o", "json"],
        &["status", "-o", "json"],
        &["list", "-o", "json"],
        &["down"],
    ];
    for words in told {
        let left = lab.run(words).exits(0);
        assert!(
            !left.out.contains(SECRET) && !left.err.contains(SECRET),
            "{words:?}"
        );
    }
    let mut having = Vec::new();
    find(&lab.state(""), &mut having);
    assert!(!having.is_empty(), "a restart must know it");
    let kept = [lab.state("releases"), lab.state("instances")];
    for file in having {
        assert!(
            kept.iter().any(|folder| file.starts_with(folder)),
            "{}",
            file.display()
        );
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", file.display());
    }
}

/// Files below `folder` that hold the secret.
fn find(folder: &Path, having: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, having);
        } else if fs::read(&path).is_ok_and(|bytes| {
            bytes
                .windows(SECRET.len())
                .any(|part| part == SECRET.as_bytes())
        }) {
            having.push(path);
        }
    }
}

#[test]
fn a_restart_has_the_value_that_its_release_was_deployed_with() {
    let lab = live();
    let before = seen(&lab, "env.0");
    for instance in ["0", "1"] {
        fs::remove_file(lab.tmp().join(format!("seen.env.{instance}"))).unwrap();
    }
    let sleeping = lab.processes();
    for process in sleeping.iter().filter(|process| process.is("600")) {
        crate::lab::kill(process);
    }
    let after = eventually("the first one starts again", SOON, || {
        let text = fs::read_to_string(lab.tmp().join("seen.env.0")).ok()?;
        text.contains("COPY=").then_some(text)
    });
    let copy = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("COPY="))
            .map(str::to_owned)
    };
    assert_eq!(copy(&after), copy(&before));
    // Without the value a new plan is refused, and what runs is not touched.
    lab.run(&["deploy"]).exits(65).says(&["`TOKEN` is not set"]);
    assert_eq!(answer(lab.at("api")).chain(), "api=1");
}
