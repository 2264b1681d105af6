//! A candidate goes bad while those who should notice can't: the router takes it back by itself.

use std::fs;

use crate::lab::{Breaks, Lab, Process, SOON, Service, answer, eventually};

/// `web` needs `api`, which needs `auth`; `web` comes last and waits at half.
const SHOP: &str = "\
app: shop
defaults:
  bake: 200ms
  probes: { ready: { http: /health/ready, every: 100ms, within: 5s } }
services:
  auth: { run: ./auth, listen: @auth }
  api: { run: ./api, listen: @api, needs: [auth] }
  web:
    run: ./web
    listen: @web
    needs: [api]
    strategy: { canary: [{ to: 50%, bake: 10m }, { to: 100%, bake: 200ms }] }
";

/// Version 2 of all three; its api goes bad once the file `broken` is there.
fn write(lab: &Lab, version: &str) {
    let broken = lab.app("broken").display().to_string();
    lab.program("auth", &Service::new("auth", version));
    let api = Service::new("api", version).needs("auth");
    let breaks = if version == "2" {
        Breaks::Once(broken)
    } else {
        Breaks::Never
    };
    lab.program("api", &api.breaks(breaks));
    lab.program("web", &Service::new("web", version).needs("api"));
}

/// Version 2 has come as far as `web` at half.
fn until_half(lab: &Lab) {
    write(lab, "2");
    lab.run(&["deploy", "--detach"]).exits(0);
    eventually("web is watched at half", SOON, || {
        let told = lab.run(&["events"]).out;
        told.contains("bake=10m").then_some(())
    });
}

/// What `web` and `api` are when both are back.
const BACK: &str = "web=1,api=1,";

/// Asks `web` until both are back, and a hundred times more: every chain until then.
fn chains_until_back(lab: &Lab) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    eventually("an answer of the old web and api", SOON, || {
        seen.push(answer(lab.at("web")).chain().to_owned());
        seen.last()
            .is_some_and(|last| last.starts_with(BACK))
            .then_some(())
    });
    for _ in 0..100 {
        let later = answer(lab.at("web"));
        assert!(later.chain().starts_with(BACK), "{later:?}");
    }
    seen
}

#[test]
fn two_services_deep_the_consumer_goes_back_in_the_same_swap_and_the_provider_when_somebody_is_back()
 {
    let lab = Lab::new(SHOP);
    write(&lab, "1");
    lab.deploy();
    until_half(&lab);
    let dead = lab.kill_controller();

    fs::write(lab.app("broken"), "").unwrap();
    let seen = chains_until_back(&lab);
    // One request may have been in the new web while the swap came; none began there afterwards.
    let between = seen.iter().filter(|chain| *chain == "web=2,api=1,auth=2");
    assert!(between.count() <= 1, "{seen:?}");
    let now = answer(lab.at("web"));
    assert_eq!(
        now.chain(),
        "web=1,api=1,auth=2",
        "nobody is there for auth"
    );

    let told = lab.run(&["events", "--follow"]).out;
    assert!(told.contains("result=rolled_back"), "{told}");
    assert_ne!(lab.only("serve").pid, dead.pid);
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1,auth=1");
}

/// From now on `process` can write no file any further, as if its disk were full; or it can again.
/// Said by the lab's own user, who alone may.
fn fill_disk(lab: &Lab, process: &Process, is_full: bool) {
    let most = if is_full { "0" } else { "unlimited" };
    let script = format!("prlimit --pid {} --fsize={most}:", process.pid);
    lab.start_command(lab.shell(&script)).left().exits(0);
}

#[test]
fn with_a_full_disk_the_traffic_is_back_all_the_same() {
    let lab = Lab::new(SHOP);
    write(&lab, "1");
    // A write beyond the limit is then an error, as on a full disk, and no signal that kills.
    let script = "trap '' XFSZ; exec \"$0\" deploy";
    lab.start_command(lab.shell(script)).left().exits(0);
    until_half(&lab);
    for word in ["serve", "router"] {
        fill_disk(&lab, &lab.only(word), true);
    }
    fs::write(lab.app("broken"), "").unwrap();
    let seen = chains_until_back(&lab);
    assert!(seen.len() > 1, "it was bad before: {seen:?}");

    // There is room again: what could not be written down is made good.
    for word in ["serve", "router"] {
        let found = lab.processes().into_iter().find(|one| one.is(word));
        if let Some(process) = found {
            fill_disk(&lab, &process, false);
        }
    }
    let told = lab.run(&["events", "--follow"]).out;
    assert!(told.contains("result=rolled_back"), "{told}");
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1,auth=1");
}
