//! Several services on one address.

use crate::lab::{Lab, Service, answer, ask, load, without_failure};

const SHOP: &str = "\
app: shop
defaults: { bake: 200ms, ready: /health/ready }
services:
  web: { run: ./web, listen: @web }
  api: { run: ./api, listen: { address: @web, path: /api } }
  help: { run: ./help, listen: { address: @web, host: help.example } }
";

#[test]
fn services_share_an_address_and_are_deployed_one_by_one() {
    let lab = Lab::new(SHOP);
    for name in ["web", "api", "help"] {
        lab.program(name, &Service::new(name, "1"));
    }
    lab.deploy();
    let chain = |path: &str| ask(lab.at("web"), path).unwrap().chain().to_owned();
    assert_eq!(
        (chain("/"), chain("/api/x")),
        ("web=1".into(), "api=1".into())
    );
    let load = load(lab.at("web"));
    lab.program("api", &Service::new("api", "2"));
    let told = lab.deploy().out;
    assert!(!told.contains("web phase"), "{told}");
    assert_eq!(
        (chain("/"), chain("/api/x")),
        ("web=1".into(), "api=2".into())
    );
    assert_eq!(without_failure(load), ["web=1"]);
    let status = lab.run(&["status"]).exits(0).out;
    let port = lab.at("web");
    assert!(status.contains(&format!("/api on {port}")), "{status}");
    assert!(
        status.contains(&format!("help.example on {port}")),
        "{status}"
    );
}

#[test]
fn what_nobody_serves_is_not_found_and_told_by_windlass() {
    let lab = Lab::new(
        "app: shop\ndefaults: { bake: 200ms }\nservices:\n  api: { run: ./api, listen: { address: @web, path: /api } }\n",
    );
    lab.program("api", &Service::new("api", "1"));
    lab.deploy();
    assert_eq!(answer_at(&lab, "/api").0, 200);
    assert_eq!(answer_at(&lab, "/"), (404, Some("not_found".to_owned())));
}

fn answer_at(lab: &Lab, path: &str) -> (u16, Option<String>) {
    let answer = ask(lab.at("web"), path).unwrap();
    (answer.status, answer.windlass_error().map(str::to_owned))
}

#[test]
fn a_place_that_another_application_has_is_refused_by_its_owners_name() {
    let lab = Lab::new(SHOP);
    for name in ["web", "api", "help"] {
        lab.program(name, &Service::new(name, "1"));
    }
    lab.deploy();
    let other = |path: &str| {
        format!(
            "app: other\ndefaults: {{ bake: 200ms }}\nservices:\n  it: {{ run: ./web, listen: {{ address: @web, path: {path} }} }}\n"
        )
    };
    lab.file(&other("/api"));
    let port = lab.at("web");
    lab.run(&["deploy"]).exits(65).says(&[&format!(
        "it wants to listen on /api on {port}, and api of shop in default serves /api on {port}"
    )]);
    lab.file(&other("/other"));
    lab.deploy();
    assert_eq!(answer_at(&lab, "/other").0, 200);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    lab.run(&["down"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1", "it goes alone");
    lab.file(SHOP);
}
