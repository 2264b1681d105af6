//! Services without traffic.

use crate::lab::{Breaks, Lab, Process, SOON, Service, eventually};

/// A worker that says when it starts and when it ends.
fn worker(lab: &Lab, version: &str) {
    lab.script(
        "worker",
        &format!(
            "#!/bin/sh\n\
             trap 'echo {version} ends >> {journal}; exit 0' TERM\n\
             echo {version} starts >> {journal}\n\
             while :; do sleep 0.05; done\n",
            journal = journal(lab).display(),
        ),
    );
}

fn journal(lab: &Lab) -> std::path::PathBuf {
    lab.tmp().join("journal")
}

fn written(lab: &Lab) -> Vec<String> {
    let text = std::fs::read_to_string(journal(lab)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Version 1 runs, with these words in the file.
fn live(words: &str) -> Lab {
    let lab = Lab::new(&format!(
        "\
app: shop
services:
  worker: {{ run: ./worker, bake: 300ms{words} }}
"
    ));
    worker(&lab, "1");
    lab.deploy();
    lab
}

#[test]
fn the_old_worker_ends_before_the_new_one_starts() {
    let lab = live("");
    worker(&lab, "2");
    let plan = lab.run(&["plan"]).exits(0).out;
    assert!(
        plan.contains("the old stops before the new starts"),
        "{plan}"
    );
    lab.deploy();
    assert_eq!(written(&lab), ["1 starts", "1 ends", "2 starts"]);
}

#[test]
fn with_overlap_both_workers_run_until_promotion() {
    let lab = live(", overlap: yes");
    worker(&lab, "2");
    lab.deploy();
    assert_eq!(written(&lab), ["1 starts", "2 starts", "1 ends"]);
}

#[test]
fn a_worker_that_ends_is_replaced_by_the_one_before() {
    let lab = live("");
    lab.program(
        "worker",
        &Service::new("worker", "2").breaks(Breaks::AtOnce(5)),
    );
    let left = lab.run(&["deploy"]).exits(3);
    left.says(&["worker failed", "exited with status 5"]);
    assert_eq!(written(&lab), ["1 starts", "1 ends", "1 starts"]);
    let worker = lab.service("worker");
    assert_eq!(worker["stable"]["instances"][0]["state"], "running");
}

#[test]
fn a_stable_worker_that_dies_is_started_again() {
    let lab = live("");
    let kept = lab.state("releases");
    let mut all = lab.processes();
    let script = |process: &Process| {
        process
            .line
            .iter()
            .any(|word| word.starts_with(&*kept.to_string_lossy()))
    };
    all.retain(script);
    assert_eq!(all.len(), 1, "{all:?}");
    crate::lab::kill(&all[0]);
    eventually("it starts again", SOON, || {
        (written(&lab) == ["1 starts", "1 starts"]).then_some(())
    });
    eventually("the restart is counted", SOON, || {
        (lab.service("worker")["stable"]["instances"][0]["restarts"] == 1).then_some(())
    });
}
