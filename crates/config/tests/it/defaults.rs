//! What is true where nothing is said.

use windlass_config::{Request, load};
use windlass_model::{
    Finalize, Millis, OnFailure, Overlap, Probe, ProbeKind, Rule, ServiceName, ServiceSpec, Speaks,
    Spec, Stop, Strategy,
};

fn spec(text: &str) -> Spec {
    load(&Request {
        text,
        name: "w",
        environment: None,
        set: &[],
    })
    .expect("a spec")
    .spec
}

fn service(text: &str, name: &str) -> ServiceSpec {
    let name = ServiceName::new(name).expect("a name");
    spec(text).services.remove(&name).expect("the service")
}

#[test]
fn the_least_file_gets_the_defaults_of_the_contract() {
    let text = "app: hello\nservices: { web: { run: ./server, listen: 127.0.0.1:8080 } }";
    let whole = spec(text);
    assert_eq!((whole.on_failure, whole.parallel), (OnFailure::All, 8));
    let web = service(text, "web");
    let thirty = Millis::from_secs(30);
    assert_eq!(
        (web.bake, web.drain, web.process.instances),
        (thirty, thirty, 1)
    );
    assert_eq!(
        (web.strategy, web.overlap, web.version),
        (Strategy::BlueGreen, Overlap::No, None)
    );
    assert_eq!(
        (web.ready, web.process.stop),
        (Probe::default(), Stop::default())
    );
    assert!(web.process.files.is_empty() && web.process.env.is_empty() && web.needs.is_empty());
}

#[test]
fn without_listen_being_alive_for_two_seconds_is_ready() {
    let worker = service("app: a\nservices: { worker: { run: ./worker } }", "worker");
    assert_eq!(
        worker.ready.kind,
        ProbeKind::Alive {
            at_least: Millis::from_secs(2)
        }
    );
}

#[test]
fn a_path_changes_only_the_question() {
    let text = "app: a\nservices: { web: { run: ./web, listen: 127.0.0.1:1, ready: /r } }";
    let expected = Probe {
        kind: ProbeKind::Http {
            path: "/r".to_owned(),
            speaks: Speaks::Http1,
        },
        ..Probe::default()
    };
    assert_eq!(service(text, "web").ready, expected);
}

#[test]
fn defaults_that_mean_nothing_for_a_service_are_left_out() {
    let text = "app: a
defaults: { strategy: rolling, overlap: yes, bake: 1s }
services:
  web: { run: ./web, listen: 127.0.0.1:1 }
  worker: { run: ./worker, bake: 2s }
";
    let (web, worker) = (service(text, "web"), service(text, "worker"));
    assert_eq!(
        (web.strategy, web.overlap),
        (Strategy::Rolling, Overlap::No)
    );
    assert_eq!(
        (worker.strategy, worker.overlap),
        (Strategy::BlueGreen, Overlap::Yes)
    );
    assert_eq!(
        (web.bake, worker.bake),
        (Millis::from_secs(1), Millis::from_secs(2))
    );
}

#[test]
fn yes_and_no_are_read_in_every_spelling_of_yaml() {
    for (written, meant) in [
        ("yes", Overlap::Yes),
        ("true", Overlap::Yes),
        ("no", Overlap::No),
        ("False", Overlap::No),
    ] {
        let text = format!("app: a\nservices: {{ w: {{ run: ./w, overlap: {written} }} }}");
        assert_eq!(service(&text, "w").overlap, meant, "{written}");
    }
}

#[test]
fn what_is_watched_and_how_long_a_standby_stays_have_defaults_too() {
    let text = "app: hello\nservices: { web: { run: ./server, listen: 127.0.0.1:8080 } }";
    assert_eq!(spec(text).finalize, Finalize::NextDeployment);
    let web = service(text, "web");
    let written: Vec<String> = web.rollback_on.iter().map(Rule::to_string).collect();
    assert_eq!(
        written,
        [
            "crash",
            "readiness lost",
            "error rate > 5% for 10s",
            "error rate worse than baseline"
        ]
    );
    assert_eq!(
        (web.rollback_within, web.was),
        (Millis::from_secs(120), None)
    );
}

#[test]
fn the_printed_form_of_a_trigger_is_read_again() {
    let text =
        "app: a\nservices: { w: { run: ./w, rollback_on: [error rate>0.50 %for 90s, crash] } }";
    let first = service(text, "w").rollback_on;
    let printed: Vec<String> = first.iter().map(Rule::to_string).collect();
    assert_eq!(printed, ["error rate > 0.5% for 1m30s", "crash"]);
    let again = format!(
        "app: a\nservices: {{ w: {{ run: ./w, rollback_on: [{}] }} }}",
        printed.join(", ")
    );
    assert_eq!(service(&again, "w").rollback_on, first);
}
