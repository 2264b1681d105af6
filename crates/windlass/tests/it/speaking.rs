//! Services that speak HTTP/2 alone, as those of gRPC do.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;

use crate::lab::{Lab, SOON, Service, ask, eventually};

/// The program `./web` is such a service of this version.
fn program(lab: &Lab, version: &str) {
    let copy = lab.app("multiplexed_service");
    if !copy.exists() {
        let built = Path::new(env!("CARGO_BIN_EXE_windlass")).with_file_name("examples");
        // Copied by another process: what this one writes may be open in a child of another test, and
        // then cannot be run.
        let copied = Command::new("cp")
            .args([&built.join("multiplexed_service"), &copy])
            .status();
        assert!(
            copied.unwrap().success(),
            "build it: cargo build -p windlass --example multiplexed_service"
        );
        lab.give(&copy);
    }
    let copy = copy.display();
    lab.script(
        "web",
        &format!("#!/bin/sh\nexec {copy} {version} \"$PORT\"\n"),
    );
}

fn file(web: &str) -> String {
    format!(
        "\
app: shop
defaults: {{ bake: 300ms, drain: 5s }}
services:
  web: {{ run: ./web, listen: @web, {web} }}
"
    )
}

/// Calls on one connection until `done`; the versions that answered, each once in their order. Every call
/// comes back whole, with its status.
fn call(address: SocketAddr, done: &AtomicBool, calls: &AtomicUsize) -> Vec<String> {
    let calling = async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        let mut connections = JoinSet::from_iter([connection]);
        let mut versions: Vec<String> = Vec::new();
        // An even load: the machine is others' too.
        let mut pace = tokio::time::interval(Duration::from_millis(2));
        while !done.load(Ordering::Relaxed) {
            pace.tick().await;
            let said = format!("call {}", calls.load(Ordering::Relaxed));
            let request = hyper::Request::post("http://shop/greet.Greeter/Greet")
                .header("te", "trailers")
                .body(Full::new(Bytes::from(said.clone())))
                .unwrap();
            let (head, body) = sender.send_request(request).await.unwrap().into_parts();
            assert_eq!(head.status, 200, "{head:?}");
            let version = head.headers["x-version"].to_str().unwrap().to_owned();
            let whole = body.collect().await.unwrap();
            assert_eq!(whole.trailers().unwrap()["grpc-status"], "0");
            assert_eq!(whole.to_bytes(), said);
            if !versions.contains(&version) {
                versions.push(version);
            }
            calls.fetch_add(1, Ordering::Relaxed);
        }
        drop(sender);
        connections.join_next().await.unwrap().unwrap().unwrap();
        versions
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(calling)
}

#[test]
fn a_release_of_a_service_of_http_2_is_rolled_out_and_no_call_fails() {
    let lab = Lab::new(&file(
        "speaks: http2, ready: /health/ready, strategy: { canary: [{ to: 50%, bake: 1s }, { to: 100% }] }",
    ));
    program(&lab, "1");
    lab.deploy();
    program(&lab, "2");
    let web = lab.at("web");
    let (done, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let versions = std::thread::scope(|scope| {
        let calling = scope.spawn(|| call(web, &done, &calls));
        let called = |enough| {
            eventually("calls are answered", SOON, || {
                (calls.load(Ordering::Relaxed) >= enough || calling.is_finished()).then_some(())
            });
        };
        called(20);
        lab.deploy();
        called(calls.load(Ordering::Relaxed) + 20);
        done.store(true, Ordering::Relaxed);
        calling.join().unwrap()
    });
    assert_eq!(versions, ["1", "2"]);
    // Whoever comes with HTTP/1.1 is served as well: the router passes it on as HTTP/2.
    assert_eq!(ask(web, "/").unwrap().status, 200);
}

#[test]
fn what_a_service_speaks_is_changed_without_a_new_release() {
    let lab = Lab::new(&file("instances: 2"));
    program(&lab, "1");
    lab.deploy();
    let before = lab.service("web")["stable"]["release"].clone();
    assert_eq!(
        ask(lab.at("web"), "/").unwrap().status,
        502,
        "asked in HTTP/1.1"
    );

    lab.file(&file("instances: 2, speaks: http2"));
    let plan = lab.run(&["plan"]).exits(0).out;
    assert!(plan.contains("`speaks` say now"), "{plan}");
    lab.deploy();
    assert_eq!(ask(lab.at("web"), "/").unwrap().status, 200);
    assert_eq!(lab.service("web")["stable"]["release"], before);
    let plan = lab.run(&["plan"]).exits(0).out;
    assert!(plan.contains("nothing"), "{plan}");
}

#[test]
fn a_question_in_the_wrong_version_of_http_says_in_which_it_was_asked() {
    let probes = "probes: { ready: { http: /health/ready, within: 1s } }";
    let lab = Lab::new(&file(probes));
    program(&lab, "1");
    lab.run(&["deploy"]).exits(1).says(&[
        "last answer: no HTTP: ",
        "expected: 2xx or 3xx from GET /health/ready,",
        "it was asked in HTTP/1.1: a service of HTTP/2 alone, as of gRPC, says `speaks: http2`",
    ]);
    lab.program("web", &Service::new("web", "1"));
    lab.file(&file(&format!("speaks: http2, {probes}")));
    lab.run(&["deploy"]).exits(1).says(&[
        "last answer: no HTTP/2: ",
        "expected: 2xx or 3xx from GET /health/ready in HTTP/2,",
        "it was asked in HTTP/2, as `speaks: http2` says",
    ]);
}
