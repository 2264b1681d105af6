//! The API on the network: tokens, and what they let their holders do.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::lab::{Following, Lab, SOON, Service, answer, ask, eventually, repository};
use crate::typed::Place;

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
    let place = Place::empty();
    let left = place.run(&["token", "list"]);
    assert_eq!((left.code, left.out.as_str()), (0, "no tokens\n"));
    assert!(!place.path("home").exists());
}

/// A controller of `lab` on the network at the address of this name, once it answers there.
pub(crate) fn on_the_network(lab: &Lab, name: &str) -> Following {
    let at = lab.at(name).to_string();
    let serving = lab.start(&["serve", "--replace", "--listen", &at]);
    eventually("it listens", SOON, || ask(lab.at(name), "/v1/version"));
    serving
}

/// A token of this scope.
pub(crate) fn token(lab: &Lab, scope: &str) -> String {
    let made = lab.run(&["token", "create", "--scope", scope, "-q"]);
    made.exits(0).out.trim_end().to_owned()
}

/// One request over `stream`: the status, and the answer.
fn exchange(mut stream: impl Read + Write, head: &str, secret: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: windlass.test\r\nAuthorization: Bearer {secret}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // Without a goodbye of TLS the answer is complete all the same.
    let read = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {read:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

fn connect(lab: &Lab) -> TcpStream {
    let stream = TcpStream::connect(lab.at("api")).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

/// What deploys the lab's file, as somebody elsewhere sends it.
fn deployment(lab: &Lab) -> String {
    let text = std::fs::read_to_string(lab.app("windlass.yaml")).unwrap();
    let run = lab.app("web").display().to_string();
    let file = json!({
        "text": text.replace("./web", &run),
        "name": "windlass.yaml",
        "folder": lab.app("").display().to_string().trim_end_matches('/'),
        "surroundings": { "PATH": std::env::var("PATH").unwrap() },
    });
    json!({ "source": { "file": file }, "by": "ci" }).to_string()
}

#[test]
fn a_token_lets_its_holder_do_what_its_scope_says_and_nothing_more() {
    let lab = live();
    let serving = on_the_network(&lab, "api");
    let (read, deploy) = (token(&lab, "read"), token(&lab, "deploy"));
    let asked = |head: &str, secret: &str, body: &str| exchange(connect(&lab), head, secret, body);
    let (status, said) = asked("GET /v1/status", "wlt_wrong", "");
    assert_eq!((status, &said["code"]), (401, &json!("WL0366")), "{said}");
    let hint = said["hint"].as_str().unwrap();
    assert!(hint.contains("windlass token create --scope"), "{hint}");
    assert_eq!(asked("GET /v1/status", &read, "").0, 200);
    lab.program("web", &Service::new("web", "2"));
    let body = deployment(&lab);
    let (status, said) = asked("POST /v1/deployments", &read, &body);
    assert_eq!((status, &said["code"]), (403, &json!("WL0367")), "{said}");
    assert_eq!(said["exit"], "refused");
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    let (status, said) = asked("POST /v1/deployments", &deploy, &body);
    assert!(status < 300, "{status} {said}");
    eventually("version 2 serves", SOON, || {
        (answer(lab.at("web")).chain() == "web=2").then_some(())
    });
    let id = said["deployment"].as_str().unwrap();
    lab.run(&["events", id, "--follow"]).exits(0);
    let by = lab.run(&["show", id, "-o", "json"]).exits(0).json();
    assert_eq!(by["by"], "ci (token mira)");
    let (status, said) = asked("POST /v1/tokens", &deploy, r#"{"name":"x","scope":"read"}"#);
    assert_eq!((status, &said["code"]), (403, &json!("WL0367")), "{said}");
    lab.run(&["down"]).exits(0);
    serving.left().exits(0);
}

#[test]
fn what_others_can_reach_needs_tls_and_starts_nothing_without() {
    let lab = Lab::new(WEB);
    for words in [
        &["serve", "--listen", "0.0.0.0:7070"][..],
        &["serve", "--install", "--listen", "[::]:7070"],
    ] {
        let left = lab.run(words).exits(64);
        left.says(&[
            "needs TLS",
            "--tls-cert FILE --tls-key FILE",
            "--listen 7070",
        ]);
    }
    let left = lab.run(&["serve", "--listen", "localhost"]).exits(64);
    left.says(&["write PORT, 127.0.0.1:PORT or [::1]:PORT"]);
    assert!(lab.is_untouched(), "nothing was made");
    lab.write("bad.pem", "no PEM at all");
    let words = ["serve", "--listen", "7070", "--tls-cert", "bad.pem"];
    let left = lab.run(&[&words[..], &["--tls-key", "bad.pem"]].concat());
    left.exits(64).says(&["bad.pem can't be used for TLS"]);
    let taken = TcpListener::bind(lab.at("api")).unwrap();
    let at = lab.at("api").to_string();
    let left = lab.run(&["serve", "--listen", &at]).exits(5);
    left.says(&["can't be listened on", "choose another port"]);
    drop(taken);
}

#[test]
fn with_a_certificate_the_api_speaks_tls_and_only_that() {
    let lab = live();
    let read = token(&lab, "read");
    let file = |name: &str| {
        let path = repository("crates/windlass/tests/it/tls").join(name);
        std::fs::copy(path, lab.app(name)).unwrap();
    };
    file("cert.pem");
    file("key.pem");
    let at = lab.at("api").to_string();
    let words = ["serve", "--replace", "--listen", &at];
    let files = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let serving = lab.start(&[&words[..], &files].concat());
    let secured = || {
        let name = "windlass.test".try_into().unwrap();
        let client = ClientConnection::new(trusting(&lab), name).unwrap();
        let stream = TcpStream::connect(lab.at("api")).ok()?;
        stream.set_read_timeout(Some(SOON)).unwrap();
        Some(StreamOwned::new(client, stream))
    };
    let stream = eventually("it listens", SOON, secured);
    let (status, said) = exchange(stream, "GET /v1/status", &read, "");
    assert_eq!(status, 200, "{said}");
    assert_eq!(ask(lab.at("api"), "/v1/status"), None, "not in the clear");
    lab.run(&["down"]).exits(0);
    serving.left().exits(0);
}

/// What trusts the certificate of the test alone.
fn trusting(lab: &Lab) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let cert = CertificateDer::from_pem_file(lab.app("cert.pem")).unwrap();
    roots.add(cert).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
