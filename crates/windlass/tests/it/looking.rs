//! What the commands that look show, in each form.

use serde_json::Value;

use crate::lab::{Lab, Service};

/// A consumer and its provider, as a canary.
const SHOP: &str = "\
app: shop
defaults:
  bake: 100ms
  ready: /health/ready
  strategy: { canary: [{ to: 25% }, { to: 100% }] }
services:
  api: { run: ./api, listen: @api, release: { version: \"1\" } }
  web: { run: ./web, listen: @web, needs: [api], release: { version: \"1\" } }
";

/// Version 1 of both is live, version 2 of api is written.
fn live() -> Lab {
    let lab = Lab::new(SHOP);
    lab.program("api", &Service::new("api", "1"));
    lab.program("web", &Service::new("web", "1").needs("api"));
    lab.deploy();
    lab.program("api", &Service::new("api", "2"));
    lab
}

fn texts(value: &Value, pointer: &str) -> Vec<String> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    let texts = list
        .unwrap()
        .iter()
        .map(|item| item.as_str().unwrap().to_owned());
    texts.collect()
}

#[test]
fn a_plan_names_each_task_and_what_stays_in_text_and_as_json() {
    let lab = live();
    let plan = |form: &str| lab.run(&["plan", "--set", "api=2", "-o", form]).exits(0);
    let text = plan("text").out;
    for line in [
        "  api  1 → 2, canary 25 → 100 %",
        "   1  api  start 1 instance of 2, until ready  (undo: stop them)",
        "   2  api  traffic: 25 % to 2  (undo: 1 back to 100 %)",
        "   3  api  watch for 100ms",
        "   4  api  traffic: 100 % to 2",
        "   6       promote: every new release becomes stable, all at once",
        "unchanged: web",
        "way back: until promotion",
    ] {
        assert!(text.contains(line), "{line:?} is not in:\n{text}");
    }
    let json = plan("json").json();
    assert_eq!(texts(&json, "/unchanged"), ["web"]);
    assert_eq!(json["rollouts"]["api"]["release"]["version"], "2");
    assert_eq!(json["tasks"][0]["service"], "api");
    assert_eq!(json["tasks"][0]["wave"], 0);
    let id = json["id"].as_str().unwrap();
    assert!(
        text.contains(&format!("windlass deploy --plan {id}")),
        "{text}"
    );
    assert_eq!(plan("ndjson").json(), json, "one line of the same");
}

#[test]
fn a_deployment_is_told_as_json_and_as_one_object_per_event() {
    let lab = live();
    let left = lab
        .run(&["deploy", "--set", "api=2", "-o", "json"])
        .exits(0);
    left.says(&["api traffic=25% version=2", "shop result=promoted"]);
    let json = left.json();
    assert_eq!(json["outcome"], "promoted");
    assert_eq!(json["state"], "ended");
    assert_eq!(json["app"], "shop");
    assert_eq!(json["environment"], "default");
    assert_eq!(json["by"], "mira");
    assert_eq!(json["services"]["api"]["from"], "1");
    assert_eq!(json["unjudged"]["api"], "no_requests");
    assert_eq!(json["services"]["api"]["to"], "2");
    assert_eq!(json["runs"]["services"]["api"]["stable"]["weight"], 100);
    assert!(json["ended_us"].as_i64() > json["started_us"].as_i64());

    lab.program("api", &Service::new("api", "3"));
    let left = lab
        .run(&["deploy", "--set", "api=3", "-o", "ndjson"])
        .exits(0);
    let lines = left.json_lines();
    let (last, events) = lines.split_last().unwrap();
    assert_eq!(last["outcome"], "promoted");
    assert_eq!(last["type"], "deployment");
    assert!(events.iter().all(|event| event["type"] == "event"));
    let facts: Vec<&Value> = events
        .iter()
        .flat_map(|event| event["facts"].as_array().unwrap())
        .collect();
    assert_eq!(facts[0]["fact"], "deployment_started");
    assert_eq!(facts.last().unwrap()["fact"], "ended");
    let shifted = facts
        .iter()
        .filter(|fact| fact["fact"] == "traffic_shifted");
    let shifted: Vec<u64> = shifted.map(|fact| fact["to"].as_u64().unwrap()).collect();
    assert_eq!(shifted, [25, 100]);
    let numbers = events
        .iter()
        .map(|event| event["sequence"].as_u64().unwrap());
    assert!(numbers.is_sorted_by(|a, b| a < b));
}

#[test]
fn quiet_leaves_the_result_only() {
    let lab = live();
    let left = lab.run(&["deploy", "-q", "--set", "api=2"]).exits(0);
    assert_eq!(left.err, "");
    assert!(
        left.out.starts_with("shop in default: promoted in"),
        "{}",
        left.out
    );
    assert!(
        left.out.ends_with("next: windlass status\n"),
        "{}",
        left.out
    );
}

#[test]
fn what_runs_is_shown_beside_what_the_router_and_the_processes_say() {
    let lab = live();
    lab.run(&["deploy", "--set", "api=2"]).exits(0);
    let text = lab.run(&["status"]).exits(0).out;
    let folder = lab.app("").canonicalize().unwrap();
    let head = format!("shop in default, revision 2, from {}\n", folder.display());
    assert!(text.starts_with(&head), "{text}");
    let row = |start: &str| {
        let mut rows = text.lines().filter(|line| line.starts_with(start));
        rows.next().unwrap_or_else(|| panic!("{start}: {text}"))
    };
    for cell in ["stable", "2", "100 %", "1/1 running"] {
        assert!(row("api").contains(cell), "{text}");
    }
    assert!(row("api").ends_with(&lab.at("api").to_string()), "{text}");
    assert!(row("         standby").contains("1/1 running"), "{text}");

    let api = lab.service("api");
    assert_eq!(api["listen"][0], lab.at("api").to_string());
    assert_eq!(api["stable"]["version"], "2");
    assert_eq!(api["stable"]["weight"], 100);
    assert_eq!(api["stable"]["instances"][0]["state"], "running");
    assert_eq!(api["standby"]["version"], "1");
    assert_eq!(api["standby"]["weight"], 0);
}

#[test]
fn past_deployments_are_listed_shown_and_told_again() {
    let lab = live();
    lab.run(&["deploy", "--set", "api=2"]).exits(0);
    let list = lab.run(&["list", "-o", "json"]).exits(0).json();
    let lines = lab.run(&["list", "-o", "ndjson"]).exits(0).json_lines();
    assert_eq!(Value::Array(lines), list);
    let id = |index: usize| list[index]["id"].as_str().unwrap();
    let text = lab.run(&["list"]).exits(0).out;
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert!(
        rows[0].starts_with(id(0)) && rows[1].starts_with(id(1)),
        "{text}"
    );
    assert!(
        rows[0].contains("promoted") && rows[0].ends_with("mira  api 1 → 2"),
        "{text}"
    );
    let one = lab.run(&["list", "--limit", "1", "-o", "json"]).json();
    assert_eq!(one.as_array().unwrap().len(), 1);

    let show = lab.run(&["show", id(1)]).exits(0).out;
    assert!(
        show.starts_with(&format!("{}  shop in default", id(1))),
        "{show}"
    );
    assert!(show.contains("state    promoted"), "{show}");
    assert!(show.contains("as it ended, "), "{show}");
    let nobody_asked = "judged on 0 requests: nothing but start and readiness was checked\n";
    assert!(show.contains(nobody_asked), "{show}");
    let show = lab.run(&["show", id(1), "-o", "json"]).exits(0).json();
    assert_eq!(show["services"]["web"]["to"], "1");
    // Whoever lists, shows or deploys reads the same object.
    let keys = |one: &Value| one.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let nothing = lab
        .run(&["deploy", "--set", "api=2", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(keys(&show), keys(&list[1]));
    assert_eq!(keys(&show), keys(&nothing));
    assert_eq!(
        (&show["state"], &show["outcome"]),
        (&"ended".into(), &"promoted".into())
    );

    // Without an id: the last one. Each form tells the same facts.
    let text = lab.run(&["events"]).exits(0);
    text.says(&[id(0), "the last one"]);
    let lines = lab
        .run(&["events", id(0), "-o", "ndjson"])
        .exits(0)
        .json_lines();
    let all = lab.run(&["events", id(0), "-o", "json"]).exits(0).json();
    assert_eq!(Value::Array(lines), all);
    let lines: Vec<&str> = text.out.lines().collect();
    assert!(lines[0].contains("shop deployment=dep_"), "{lines:?}");
    assert!(
        lines.last().unwrap().contains("shop result=promoted took="),
        "{lines:?}"
    );
    lab.run(&["show", "dep_0nothing"])
        .exits(64)
        .says(&["no deployment"]);
}

#[test]
fn logs_name_version_and_instance_and_keep_the_streams_apart() {
    let lab = Lab::new(
        "\
app: shop
services:
  clock: { run: ./clock, release: { version: \"1\" }, bake: 100ms }
",
    );
    lab.script(
        "clock",
        "#!/bin/sh\necho to stdout\necho to stderr >&2\nexec sleep 600\n",
    );
    lab.deploy();
    let lines = lab
        .run(&["logs", "clock", "-o", "ndjson"])
        .exits(0)
        .json_lines();
    let said = lines
        .iter()
        .map(|line| (line["stream"].as_str(), line["text"].as_str()));
    let said: Vec<_> = said.collect();
    assert_eq!(said[0], (Some("stdout"), Some("to stdout")));
    assert_eq!(said[1], (Some("stderr"), Some("to stderr")));
    assert_eq!(lines[0]["version"], "1");
    let instance = lines[0]["instance"].as_str().unwrap();
    let shown = instance.get(instance.len() - 6..).unwrap();
    let text = lab.run(&["logs", "clock"]).exits(0).out;
    assert_eq!(text, format!("1 {shown} to stdout\n1 {shown} to stderr\n"));

    let following = lab.start(&["logs", "clock", "--follow"]);
    following.until("to stderr");
    following.interrupt();
    following.left().exits(130);
    let left = lab.run(&["logs", "nobody"]).exits(64);
    left.says(&["there is no service nobody", "there is clock"]);
}
