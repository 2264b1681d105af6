//! A halt under a deployment, with and without a controller.

use crate::lab::{Lab, SOON, Service, answer, eventually};

/// A canary that is watched at its first step for a moment.
const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    strategy: { canary: [{ to: 20%, bake: 2s }, { to: 100%, bake: 200ms }] }
    bake: 200ms
    drain: 5s
";

fn live() -> Lab {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab
}

#[test]
fn a_halt_refuses_what_begins_and_holds_what_runs_until_it_is_lifted() {
    let lab = live();
    let following = lab.start(&["deploy"]);
    following.until("bake=2s");
    lab.run(&["halt", "-m", "checkout fails"]).exits(0);
    following.until("held by=");
    lab.run(&["resume"]).exits(5).says(&[
        "WL0340",
        "mira has halted every raise for ",
        ": checkout fails",
        "nothing was changed",
    ]);
    let promoted = lab.run(&["promote"]).exits(0).out;
    for said in [
        "once the halt is lifted",
        " by mira (checkout fails): no candidate gets more traffic",
        "traffic now: web 80 % ",
        "next: windlass halt --lift ",
    ] {
        assert!(promoted.contains(said), "{said}: {promoted}");
    }
    lab.run(&["deploy"])
        .exits(5)
        .says(&["by mira", "windlass halt --lift"]);
    let told = lab.run(&["status"]).exits(0).out;
    assert!(told.contains("halted since"), "{told}");
    assert_eq!(lab.service("web")["candidate"]["weight"], 20);

    lab.run(&["halt", "--lift"]).exits(0);
    following.left().exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

/// Not a person's halt, but the journal's: what can't be written down is not done.
#[test]
fn a_deployment_whose_journal_is_moved_away_stands_still_and_says_so_until_it_is_back() {
    let lab = live();
    let following = lab.start(&["deploy"]);
    following.until("bake=2s");
    let (journal, aside) = (lab.state("windlass.db"), lab.state("aside.db"));
    std::fs::rename(&journal, &aside).unwrap();
    eventually("it says so", SOON, || {
        let told = lab.run(&["status"]).exits(0).out;
        let why = "windlass.db was removed or replaced while the controller has it open";
        (told.contains("can't write its journal") && told.contains(why)).then_some(())
    });
    assert_eq!(lab.service("web")["candidate"]["weight"], 20);
    let aborting = lab.start(&["abort"]);
    eventually("traffic goes back all the same", SOON, || {
        (lab.service("web")["stable"]["weight"] == 100).then_some(())
    });
    std::fs::rename(&aside, &journal).unwrap();
    aborting.left().exits(0);
    following.left().exits(3);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

#[test]
fn under_a_halt_an_abort_goes_back() {
    let lab = live();
    let following = lab.start(&["deploy"]);
    following.until("bake=2s");
    lab.run(&["halt"]).exits(0);
    lab.run(&["abort"]).exits(0);
    following.left().exits(3);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    lab.run(&["halt", "--lift"]).exits(0);
}

#[test]
fn a_halt_is_written_and_lifted_while_no_controller_lives() {
    let lab = live();
    lab.kill_controller();
    lab.run(&["halt"]).exits(0);
    lab.run(&["halt"]).exits(0);
    assert!(
        lab.processes().iter().all(|it| !it.is("serve")),
        "none was started"
    );
    lab.run(&["deploy"]).exits(5);
    assert!(
        lab.processes().iter().all(|it| !it.is("serve")),
        "none was started"
    );
    lab.run(&["halt", "--lift"]).exits(0);
    lab.deploy();
}
