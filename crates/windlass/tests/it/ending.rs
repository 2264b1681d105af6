//! `down` leaves nothing, and only `deploy` starts again what it ended.

use std::fs;

use crate::lab::{Lab, Service, answer, is_closed};

const SHOP: &str = "\
app: shop
defaults: { bake: 200ms, ready: /health/ready }
services:
  web: { run: ./web, listen: @web, needs: [api] }
  api: { run: ./api, listen: @api, instances: 2 }
";

fn live() -> Lab {
    let lab = Lab::new(SHOP);
    lab.program("api", &Service::new("api", "1"));
    lab.program("web", &Service::new("web", "1").needs("api"));
    lab.deploy();
    lab
}

#[test]
fn down_leaves_no_process_no_socket_and_no_port() {
    let lab = live();
    // A standby too, and a following command that must not bring anything back.
    lab.program("api", &Service::new("api", "2"));
    lab.deploy();
    assert!(lab.processes().len() > 5, "{:?}", lab.processes());
    let left = lab.run(&["down"]).exits(0);
    assert_eq!(
        left.out,
        "2 services down: web, api; router and controller ended too\n\
         releases and history stay; to start all of it again: windlass deploy\n"
    );
    lab.must_be_gone();
    // All of it was wanted.
    let log = fs::read_to_string(lab.state("controller.log")).unwrap();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    for name in ["web", "api"] {
        assert!(is_closed(lab.at(name)));
    }
    let again = lab.run(&["down"]).exits(0);
    assert_eq!(again.out, "nothing runs\n");
    lab.must_be_gone();
}

#[test]
fn whoever_follows_what_happens_starts_nothing_after_the_last_down() {
    let lab = live();
    let following = lab.start(&["events", "--outside", "--follow"]);
    following.until("a controller started");
    lab.run(&["down"]).exits(0);
    following.until_said("nothing runs any more; this goes on once something is deployed");
    let only = lab.processes();
    assert!(only.iter().all(|one| one.is("events")), "{only:?}");
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains("nothing runs: taken down"), "{status}");
    assert_eq!(lab.processes().len(), only.len());
    lab.deploy();
    following.until("shop in default was taken down by ");
    following.interrupt();
    following.left().exits(130);
}

/// Of the instances, and then of their sockets too: their shims are known all the same.
#[test]
fn down_ends_what_runs_though_its_files_were_deleted() {
    for sockets_too in [false, true] {
        let lab = live();
        lab.kill_controller();
        let instances = lab.state("instances");
        let ids: Vec<_> = fs::read_dir(&instances).unwrap().flatten().collect();
        assert!(!ids.is_empty());
        for id in ids {
            fs::remove_dir_all(id.path()).unwrap();
        }
        if sockets_too {
            let sockets = lab.sockets().into_iter();
            let of_shims = sockets.filter(|path| path.to_str().unwrap().contains("/ins_"));
            of_shims.for_each(|path| fs::remove_file(path).unwrap());
        }
        lab.run(&["down"]).exits(0);
        lab.must_be_gone();
    }
}

#[test]
fn a_down_that_waits_for_a_stopped_router_names_what_helps_and_goes_on_then() {
    let lab = live();
    let router = lab.only("router");
    router.signal(rustix::process::Signal::STOP);
    let wake = format!("kill -CONT {}", router.pid);
    let waiting = lab.start(&["down"]);
    let said = waiting.until_said(&wake);
    assert!(said.contains("waits for the router: process"), "{said}");
    waiting.left().exits(6).says(&[
        "error[WL0315]",
        &format!(
            "the router (process {}) does not let go of shop",
            router.pid
        ),
        "its services run on",
        &format!("{wake}, then: windlass down"),
    ]);
    router.signal(rustix::process::Signal::CONT);
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1");
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
}

#[test]
fn after_down_only_a_deployment_starts_it_again() {
    let lab = live();
    lab.run(&["down"]).exits(0);
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains("nothing runs"), "{status}");
    let looks = lab.processes();
    assert!(looks.iter().all(|one| !one.is("router")), "{looks:?}");
    assert!(is_closed(lab.at("web")));
    assert_eq!(lab.run(&["list"]).exits(0).out.lines().count(), 2);

    // The same releases, with nothing changed in the file.
    let plan = lab.run(&["plan"]).exits(0).out;
    assert!(plan.contains("starts again: it is down"), "{plan}");
    let left = lab.deploy();
    assert!(left.out.contains("result=promoted"), "{}", left.out);
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1");
    // And a new release, as a first deployment.
    lab.run(&["down"]).exits(0);
    lab.program("api", &Service::new("api", "2"));
    let plan = lab.run(&["plan"]).exits(0).out;
    assert!(plan.contains("starts anew: it is down"), "{plan}");
    assert!(!plan.contains("first"), "{plan}");
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=2");
}

#[test]
fn a_file_that_cannot_be_read_ends_nothing() {
    let lab = live();
    let written = fs::read_to_string(lab.app("windlass.yaml")).unwrap();
    let down = || lab.run(&["down"]);
    lab.write("windlass.yaml", "app: [shop\n");
    down().exits(65).says(&["windlass.yaml:"]);
    lab.write("windlass.yaml", "services: {}\n");
    down().exits(65).says(&["does not say which application"]);
    lab.write("windlass.yaml", "app: blog\n");
    assert_eq!(down().exits(0).out, "nothing of blog runs\n");
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1");

    // Without a file there is but one that can be meant, and it is named.
    fs::remove_file(lab.app("windlass.yaml")).unwrap();
    let left = down().exits(0);
    left.says(&["shop is the only one that runs"]);
    assert!(left.out.starts_with("2 services down"), "{}", left.out);
    lab.must_be_gone();
    lab.write("windlass.yaml", &written);
}

/// A file of an application with two environments.
fn in_two_environments(app: &str) -> String {
    format!(
        "\
app: {app}
environments:
  staging: {{ services: {{ web: {{ listen: @{app}s }} }} }}
  production: {{ services: {{ web: {{ listen: @{app}p }} }} }}
services:
  web: {{ run: ./web, listen: @{app}p, ready: /health/ready, bake: 200ms }}
"
    )
}

#[test]
fn a_file_of_several_environments_means_none_of_them_whatever_happens_to_run() {
    let lab = Lab::new(&in_two_environments("one"));
    for version in ["1", "2"] {
        lab.program("web", &Service::new("web", version));
        lab.run(&["deploy", "-e", "production"]).exits(0);
    }
    let last = lab.last();
    for words in [
        &["rollback", "--yes"][..],
        &["remove", "gone", "--yes"],
        &["abort"],
        &["hold"],
        &["resume"],
        &["promote"],
        &["retry"],
        &["finalize"],
        &["repair", "--retry"],
        &["logs", "web"],
    ] {
        let left = lab.run(words).exits(64);
        left.says(&["WL0180", "choose one with -e: `production` or `staging`"]);
    }
    assert_eq!(lab.last(), last, "nothing was begun");
    assert_eq!(answer(lab.at("onep")).chain(), "web=2");
    lab.run(&["logs", "web", "-e", "production"]).exits(0);
    // A deployment is of one environment, which nobody has to repeat.
    lab.run(&["logs", "web", "--deployment", &last]).exits(0);
    lab.run(&["finalize", &last]).exits(0);
}

#[test]
fn applications_and_environments_end_one_by_one() {
    let file = in_two_environments;
    let lab = Lab::new(&file("one"));
    lab.program("web", &Service::new("web", "1"));
    lab.run(&["deploy"])
        .exits(64)
        .says(&["staging", "production"]);
    lab.run(&["deploy", "-e", "staging"]).exits(0);
    lab.run(&["deploy", "-e", "production"]).exits(0);
    lab.file(&file("two"));
    lab.run(&["deploy", "-e", "staging"]).exits(0);

    // The newest one of all is of staging.
    let words = ["list", "-e", "production", "--limit", "1", "-o", "json"];
    let list = lab.run(&words).exits(0).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["environment"], "production");
    for verb in ["status", "list", "down"] {
        let left = lab.run(&[verb, "-e", "stagging"]).exits(64);
        left.says(&[
            "WL0441",
            "nothing is deployed in stagging",
            "did you mean staging?",
            "windlass status --all",
        ]);
    }
    let left = lab.run(&["logs", "web", "-e", "nowhere"]).exits(64);
    left.says(&["no service web in nowhere", "windlass -e nowhere status"]);

    // The application of the file here: two.
    let left = lab.run(&["down"]).exits(0);
    assert!(
        left.out.starts_with("1 service down: web\n"),
        "{}",
        left.out
    );
    lab.file(&file("one"));
    // In a pipe nobody can be asked: what ends is said instead.
    let unasked = lab.run(&["down", "-e", "staging"]).exits(0);
    unasked.says(&["nobody can be asked here", "End one in staging (web "]);
    let open = ["ones", "onep", "twos"].map(|name| !is_closed(lab.at(name)));
    assert_eq!(open, [false, true, false]);
    let left = lab.run(&["down", "-e", "staging"]).exits(0);
    assert_eq!(left.out, "nothing of one runs in staging\n");
    let left = lab.run(&["down"]).exits(0);
    assert!(
        left.out.contains("router and controller ended too\n"),
        "{}",
        left.out
    );
    lab.must_be_gone();
}
