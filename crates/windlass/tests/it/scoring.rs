//! A health score of a command, on real processes: a deployment holds below its gate and goes on above it,
//! and goes back when the score drops.

use std::time::Duration;

use crate::lab::{Lab, Service, answer, eventually};

const FILE: &str = "\
app: shop
score:
  quality:
    checks:
      suite: { command: [cat, score.json], value: /score, good: 100, bad: 0, remedy: mend the suite }
before: [score >= 85]
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    strategy: { canary: [{ to: 50%, bake: 200ms, score: 90 }, { to: 100%, bake: 1m }] }
    rollback_on: [crash, score drops 5%]
";

/// From one measurement to the next, with time to spare on a busy machine.
const SOON: Duration = Duration::from_mins(1);

fn scores(lab: &Lab, score: u32) {
    lab.write("score.json", &format!("{{\"score\": {score}}}"));
}

fn state(lab: &Lab, id: &str) -> String {
    let shown = lab.run(&["show", id, "-o", "json"]).exits(0).json();
    let ended = shown["outcome"].as_str();
    ended.or(shown["state"].as_str()).unwrap().to_owned()
}

#[test]
fn a_deployment_holds_at_80_and_goes_on_at_93_and_another_goes_back_when_it_drops() {
    let lab = Lab::new(&FILE.replace("bake: 1m", "bake: 200ms"));
    lab.program("web", &Service::new("web", "1"));
    scores(&lab, 80);
    let planned = lab.run(&["plan"]).exits(0);
    let gate = "needs before anything moves: score >= 85; below, or not known: hold";
    assert!(planned.out.contains(gate), "{}", planned.out);

    let held = lab.run(&["deploy"]).exits(4);
    held.says(&[
        "waits for its score: the score is 80, and score >= 85 is asked for",
        "20 points by quality/suite",
        "mend the suite",
        "it goes on by itself once it is that high",
    ]);
    let first = lab.last();
    assert_eq!(state(&lab, &first), "held");
    lab.kill_controller();
    scores(&lab, 93);
    let promoted = || state(&lab, &first).contains("promoted").then_some(());
    eventually("the score lets it go on", SOON, promoted);
    let shown = lab.run(&["show", &first]).exits(0);
    assert!(shown.out.contains("score    93 → 93"), "{}", shown.out);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");

    lab.file(FILE);
    lab.program("web", &Service::new("web", "2"));
    let second = lab.start(&["deploy"]);
    second.until("bake=1m");
    scores(&lab, 80);
    let back = second.left().exits(3);
    back.says(&["score drops 5%: the health score was lower for"]);
    back.says(&["hint: windlass score --explain, mend it, then: windlass deploy"]);
    assert!(back.out.contains("score 93 → 80"), "{}", back.out);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");

    let why = lab.run(&["show", &lab.last(), "--why"]).exits(0);
    for line in [
        "score before: 93",
        "needed to begin: score >= 85",
        "score after: 80",
    ] {
        assert!(why.out.contains(line), "{line} is not in: {}", why.out);
    }
    let history = lab.run(&["score", "-o", "json"]).exits(0).json();
    let history = history["history"].as_array().unwrap();
    let moments: Vec<String> = history
        .iter()
        .map(|note| note["moment"].to_string())
        .collect();
    assert_eq!(moments.len(), 4, "each once, though one died: {moments:?}");
}

#[test]
fn a_score_is_measured_before_anything_was_ever_deployed() {
    let lab = Lab::new(FILE);
    lab.program("web", &Service::new("web", "1"));
    scores(&lab, 90);
    let measured = lab.run(&["score", "--at-least", "85"]).exits(0);
    assert!(measured.out.contains("90"), "{}", measured.out);
    scores(&lab, 80);
    let below = lab.run(&["score", "--at-least", "85"]).exits(5);
    below.says(&["WL0417", "the score is 80, below 85"]);
}

#[test]
fn whoever_promotes_past_a_gate_is_named_with_the_score_for_ever() {
    let lab = Lab::new(&FILE.replace("bake: 1m", "bake: 200ms"));
    lab.program("web", &Service::new("web", "1"));
    scores(&lab, 80);
    lab.run(&["deploy"]).exits(4);
    let id = lab.last();
    let promoted = lab.run(&["promote", &id]).exits(0).out;
    let told = " let it begin with a score of 80, and 85 was asked for (";
    assert!(promoted.contains(told), "{promoted}");
    let ended = || state(&lab, &id).contains("promoted").then_some(());
    eventually("it is promoted", SOON, ended);
    for words in [&["show", &id][..], &["show", &id, "--why"]] {
        let text = lab.run(words).exits(0).out;
        assert!(text.contains("promoted by hand"), "{text}");
        assert!(text.contains(told), "{text}");
    }
    let view = lab.run(&["show", &id, "-o", "json"]).exits(0).json();
    assert_eq!(view["by_hand"], true);
    let let_go = &view["score"]["let_go"][0];
    assert_eq!(let_go["gate"]["at_least"], 85, "{let_go}");
    assert!(let_go["at_us"].as_i64() > Some(0), "{let_go}");
}

#[test]
fn a_first_deployment_whose_gate_asks_about_itself_is_told_what_can_be_done_now() {
    let probe = "checks:\n      up: { probe: web }\n      suite:";
    let file = FILE.replace("checks:\n      suite:", probe);
    let lab = Lab::new(&file.replace("bake: 1m", "bake: 200ms"));
    lab.program("web", &Service::new("web", "1"));
    scores(&lab, 93);
    let only_once = "quality/up has data only once web runs";
    for command in ["validate", "plan"] {
        let said = lab.run(&[command]).exits(0);
        said.says(&[
            "warning: `score >= 85` can't be passed by the first deployment",
            only_once,
            "WL0458",
        ]);
    }
    let held = lab.run(&["deploy"]).exits(4);
    let id = lab.last();
    held.says(&[
        "it can't go on by itself",
        only_once,
        &format!("now: windlass resume {id} lets it begin all the same"),
        "or write `no_data: skip` at quality/up in the file",
        &format!("windlass abort {id}, windlass deploy"),
    ]);
    assert!(!held.err.contains("deploy web"), "{}", held.err);

    lab.run(&["abort", &id]).exits(0);
    let skips = file.replace("probe: web }", "probe: web, no_data: skip }");
    lab.file(&skips.replace("bake: 1m", "bake: 200ms"));
    let promoted = lab.run(&["deploy"]).exits(0);
    assert!(!promoted.out.contains("by hand"), "{}", promoted.out);
    let quiet = lab.run(&["validate"]).exits(0);
    assert!(!quiet.err.contains("WL0458"), "{}", quiet.err);
}
