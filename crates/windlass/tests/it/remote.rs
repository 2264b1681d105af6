//! The command line and a controller elsewhere.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use crate::lab::{Following, Lab, Left, SOON, Service, answer, eventually, repository};
use crate::network::{on_the_network, token};

/// Two services whose programs have absolute paths: those of the controller's machine.
fn two(lab: &Lab, version: &str) {
    let program = |name: &str| lab.app(name).display().to_string();
    lab.file(&format!(
        "app: shop
services:
  api:
    run: {}
    listen: @api
    ready: /health/ready
    bake: 300ms
    drain: 1s
  web:
    needs: [api]
    run: {}
    listen: @web
    ready: /health/ready
    bake: 300ms
    drain: 1s
",
        program("api"),
        program("web")
    ));
    lab.program("api", &Service::new("api", version));
    lab.program("web", &Service::new("web", version).needs("api"));
}

/// Somebody elsewhere: an address, a token, and what else is set there.
struct Elsewhere<'l> {
    lab: &'l Lab,
    url: String,
    token: String,
    ca: Option<&'static str>,
}

impl<'l> Elsewhere<'l> {
    fn new(lab: &'l Lab, token: &str) -> Self {
        Self {
            lab,
            url: format!("http://{}", lab.at("door")),
            token: token.to_owned(),
            ca: None,
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.command(words);
        command
            .env_remove("WINDLASS_STATE_DIR")
            .env("WINDLASS_SERVER", &self.url)
            .env("WINDLASS_TOKEN", &self.token);
        if let Some(ca) = self.ca {
            command.env("WINDLASS_CA", ca);
        }
        command
    }

    fn start(&self, words: &[&str]) -> Following {
        self.lab.start_command(self.command(words))
    }

    #[track_caller]
    fn run(&self, words: &[&str]) -> Left {
        self.start(words).left()
    }
}

#[test]
fn two_services_are_deployed_watched_and_rolled_back_from_elsewhere() {
    let lab = Lab::empty();
    two(&lab, "1");
    let serving = on_the_network(&lab, "door");
    let ci = Elsewhere::new(&lab, &token(&lab, "deploy"));
    assert_eq!(ci.run(&["list"]).exits(0).out, "no deployments\n");
    ci.run(&["deploy"]).exits(0);
    two(&lab, "2");
    let plan = ci.run(&["plan"]).exits(0);
    assert!(plan.out.contains("plan_"), "{}", plan.out);
    let left = ci.run(&["deploy", "-v"]).exits(0);
    left.says(&[&format!("controller of {}", ci.url)]);
    assert_eq!(answer(lab.at("web")).chain(), "web=2,api=2");
    assert!(ci.run(&["status"]).exits(0).out.contains("web"));
    assert!(ci.run(&["show"]).exits(0).out.contains("dep_"));
    assert!(!ci.run(&["events"]).exits(0).out.is_empty());
    let logs = ci.run(&["logs", "api"]).exits(0);
    assert!(logs.out.contains("api 2 starts"), "{}", logs.out);
    ci.run(&["rollback", "--yes"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1");
    let by = lab.run(&["show", "-o", "json"]).exits(0).json();
    assert_eq!(by["by"], "mira (token mira)");
    let down = ci.run(&["down"]).exits(0);
    assert!(down.out.contains("router and controller ended too"));
    serving.left().exits(0);
    // Where no controller is, none is started from elsewhere.
    ci.run(&["status"]).exits(69).says(&["can't be reached"]);
    lab.must_be_gone();
}

#[test]
fn what_a_token_may_not_do_is_refused_with_the_way_to_go_on() {
    let lab = Lab::empty();
    two(&lab, "1");
    let serving = on_the_network(&lab, "door");
    let (read, deploy) = (token(&lab, "read"), token(&lab, "deploy"));
    let with = |token: &str| Elsewhere::new(&lab, token);
    let wrong = with("wlt_wrong").run(&["status"]).exits(5);
    wrong.says(&["WL0366", "unknown, revoked or expired", "WINDLASS_TOKEN"]);
    with("").run(&["list"]).exits(5).says(&[
        "WL0366",
        "none was sent",
        // It is typed on the controller's machine.
        "windlass token create --scope",
    ]);
    let narrow = with(&read).run(&["deploy"]).exits(5);
    narrow.says(&["WL0367", "its scope is read; this needs deploy"]);
    let ci = with(&deploy);
    for words in [&["token", "list"][..], &["doctor"], &["backup", "x.tar"]] {
        let left = ci.run(words).exits(5);
        left.says(&["WL0367", "the controller's own machine", &ci.url]);
    }
    // Nobody there knows whose folder a relative path is of.
    let text = std::fs::read_to_string(lab.app("windlass.yaml")).unwrap();
    let here = format!(
        "{}/",
        lab.app("").display().to_string().trim_end_matches('/')
    );
    lab.write("windlass.yaml", &text.replace(&here, "./"));
    let left = ci.run(&["deploy"]).exits(5);
    left.says(&["WL0372", "absolute paths of that machine"]);
    lab.write("windlass.yaml", &text.replace("/web\n", "/nothing\n"));
    ci.run(&["deploy"]).exits(65).says(&["WL0311", "nothing"]);
    lab.run(&["down"]).exits(0);
    serving.terminate();
    serving.left().exits(0);
}

#[test]
fn a_follower_elsewhere_goes_on_after_the_controller_was_replaced() {
    let lab = Lab::empty();
    two(&lab, "1");
    let first = on_the_network(&lab, "door");
    let ci = Elsewhere::new(&lab, &token(&lab, "deploy"));
    let text = std::fs::read_to_string(lab.app("windlass.yaml")).unwrap();
    lab.write("windlass.yaml", &text.replace("bake: 300ms", "bake: 2s"));
    ci.run(&["deploy"]).exits(0);
    lab.program("web", &Service::new("web", "2").needs("api"));
    let following = ci.start(&["deploy"]);
    following.until("bake=2s");
    let second = on_the_network(&lab, "door");
    first.left().exits(0);
    let left = following.left().exits(0);
    assert!(left.out.contains("result=promoted"), "{}", left.out);
    lab.run(&["down"]).exits(0);
    second.left().exits(0);
}

#[test]
fn whoever_controls_next_stands_where_the_one_before_stood_until_a_person_says_none() {
    let lab = Lab::empty();
    two(&lab, "1");
    let first = on_the_network(&lab, "door");
    let ci = Elsewhere::new(&lab, &token(&lab, "deploy"));
    ci.run(&["deploy"]).exits(0);
    first.kill();
    ci.run(&["status"]).exits(69);
    // Any command of the machine starts one, and whoever asks from elsewhere meets it.
    lab.run(&["status"]).exits(0);
    ci.run(&["status"]).exits(0);
    let second = lab.start(&["serve", "--replace"]);
    second.until_said("listens on http://");
    ci.run(&["status"]).exits(0);
    let third = lab.start(&["serve", "--replace", "--listen", "none"]);
    third.until_said("controller of");
    second.left().exits(0);
    ci.run(&["status"]).exits(69);
    third.kill();
    lab.run(&["status"]).exits(0);
    ci.run(&["status"]).exits(69);
    // And a `down` that leaves nothing ends it.
    let fourth = on_the_network(&lab, "door");
    lab.run(&["down"]).exits(0);
    fourth.left().exits(0);
    lab.run(&["status"]).exits(0);
    ci.run(&["status"]).exits(69);
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
}

#[test]
fn a_token_that_is_revoked_midway_ends_the_following_and_not_the_deployment() {
    let lab = Lab::empty();
    two(&lab, "1");
    let serving = on_the_network(&lab, "door");
    let ci = Elsewhere::new(&lab, &token(&lab, "deploy"));
    let text = std::fs::read_to_string(lab.app("windlass.yaml")).unwrap();
    lab.write("windlass.yaml", &text.replace("bake: 300ms", "bake: 3s"));
    let following = ci.start(&["deploy"]);
    following.until("bake=3s");
    let id = lab.run(&["token", "list", "-o", "json"]).exits(0).json();
    let id = id[0]["id"].as_str().unwrap();
    lab.run(&["token", "revoke", id]).exits(0);
    let left = following.left().exits(5);
    left.says(&["WL0366", "revoked", "the deployment was not stopped"]);
    let last = lab.last();
    lab.run(&["events", &last, "--follow"]).exits(0);
    lab.run(&["down"]).exits(0);
    serving.left().exits(0);
}

/// A certificate of the lab's own address, by nobody but itself.
fn certificate(lab: &Lab) {
    let address = format!("subjectAltName=IP:{}", lab.at("door").ip());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-keyout", "own-key.pem", "-out", "own.pem"])
        .args(["-subj", "/CN=windlass", "-addext", &address])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .current_dir(lab.app(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    for name in ["own.pem", "own-key.pem"] {
        lab.give(&lab.app(name));
    }
}

/// A controller that speaks TLS, once it does.
fn secured(lab: &Lab, cert: &str, key: &str) -> Following {
    let at = lab.at("door").to_string();
    let words = ["serve", "--replace", "--listen", &at];
    let serving = lab.start(&[&words[..], &["--tls-cert", cert, "--tls-key", key]].concat());
    eventually("it listens", SOON, || {
        std::net::TcpStream::connect(lab.at("door")).ok()
    });
    serving
}

#[test]
fn a_server_with_a_certificate_is_trusted_by_its_file_and_by_its_own_name_only() {
    let lab = Lab::empty();
    two(&lab, "1");
    lab.deploy();
    let read = token(&lab, "read");
    certificate(&lab);
    let first = secured(&lab, "own.pem", "own-key.pem");
    let mut ci = Elsewhere::new(&lab, &read);
    let https = ci.url.replace("http://", "https://");
    // In the clear, with the port of TLS.
    let left = ci.run(&["status"]).exits(69);
    left.says(&["WL0446", "it seems to speak TLS", &https]);
    ci.url = https;
    let left = ci.run(&["status"]).exits(69);
    left.says(&["is not trusted", "nobody who is trusted here", "--ca FILE"]);
    ci.ca = Some("own.pem");
    assert!(ci.run(&["status"]).exits(0).out.contains("web"));
    ci.run(&["events"]).exits(0);
    // A name that the certificate does not have.
    for name in ["cert.pem", "key.pem"] {
        let path = repository("crates/windlass/tests/it/tls").join(name);
        std::fs::copy(path, lab.app(name)).unwrap();
        lab.give(&lab.app(name));
    }
    let second = secured(&lab, "cert.pem", "key.pem");
    first.left().exits(0);
    ci.ca = Some("cert.pem");
    let left = ci.run(&["status"]).exits(69);
    left.says(&["it is of another name", "openssl s_client -connect"]);
    lab.run(&["down"]).exits(0);
    second.left().exits(0);
}

#[test]
fn what_else_may_answer_there_is_named() {
    let lab = Lab::empty();
    let ci = Elsewhere::new(&lab, "wlt_x");
    let listener = TcpListener::bind(lab.at("door")).unwrap();
    let meets = |answer: &'static str, texts: &[&str]| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                // One read holds the whole request: it is short.
                let mut request = [0; 4096];
                assert!(stream.read(&mut request).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            });
            ci.run(&["status"]).exits(69).says(texts);
        });
    };
    meets(
        "HTTP/1.1 200 OK\r\nwindlass-api: 7\r\nwindlass-version: 9.1.0\r\nContent-Length: 2\r\n\r\n{}",
        &[
            "Windlass 9.1.0 (API 7)",
            "use the windlass that the controller is: Windlass 9.1.0",
        ],
    );
    meets(
        "HTTP/1.1 409 Conflict\r\nwindlass-api: 0\r\nwindlass-version: 0.0.1\r\nContent-Length: 2\r\n\r\n{}",
        &["Windlass 0.0.1 (API 0)", "windlass serve --replace"],
    );
    meets(
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        &[
            "no controller (HTTP 502, text/html)",
            "a proxy says that it is away",
        ],
    );
    meets(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        &["no controller (HTTP 200, text/html)", "curl -i http://127."],
    );
    meets("SSH-2.0-OpenSSH_9.6\r\n", &["does not answer in HTTP"]);
    meets("", &["closed the connection without an answer"]);
}
