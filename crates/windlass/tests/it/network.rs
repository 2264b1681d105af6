//! The API on the network: tokens, and what they let their holders do.

use crate::lab::{Lab, Service};

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
";

/// A lab whose controller runs, on its private socket.
fn live() -> Lab {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab
}

#[test]
fn a_token_is_shown_once_listed_without_its_secret_and_revoked() {
    let lab = live();
    let words = ["token", "create", "--scope", "deploy", "--expires", "90d"];
    let made = lab.run(&words).exits(0);
    let secret = made.out.trim_end();
    assert!(secret.starts_with("wlt_") && !secret.contains(['\n', ' ']));
    made.says(&["scope deploy", "the only time that it is shown"]);
    assert!(!made.err.contains(secret), "{}", made.err);
    let quiet = lab.run(&["token", "create", "--scope", "read", "-q"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    let words = ["token", "create", "--scope", "read", "--name", "ci"];
    let third = lab.run(&[&words[..], &["-o", "json"]].concat()).exits(0);
    let third = third.json();
    assert_eq!(third["token"]["name"], "ci");
    let list = lab.run(&["token", "list", "-o", "json"]).exits(0);
    assert!(!list.out.contains("wlt_"), "{}", list.out);
    let list = list.json();
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list[0]["name"], "mira", "who made it");
    assert!(list[0]["expires_us"].is_i64() && list[1]["expires_us"].is_null());
    let id = third["token"]["id"].as_str().unwrap();
    let gone = lab.run(&["token", "revoke", id]).exits(0);
    assert_eq!(gone.out, format!("{id} (ci) is revoked\n"));
    assert!(!lab.run(&["token", "list"]).exits(0).out.contains(id));
    let again = lab.run(&["token", "revoke", id]).exits(64);
    again.says(&["WL0373", "windlass token list"]);
}

#[test]
fn listing_tokens_where_nothing_was_ever_kept_makes_nothing() {
    let lab = Lab::new(WEB);
    assert_eq!(lab.run(&["token", "list"]).exits(0).out, "no tokens\n");
    assert!(!lab.state("").exists());
}
