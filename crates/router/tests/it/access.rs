//! What is written down of requests.

use std::net::SocketAddr;

use serde_json::Value;
use windlass_control::Direction;
use windlass_model::{AccessLog, Listen, Percent};

use crate::client::Client;
use crate::origin::{After, Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};

/// A place whose requests are written down.
fn logged(listener: SocketAddr, share: u64, query: bool) -> Listen {
    let share = Percent::new(share).expect("a share");
    Listen {
        access_log: Some(AccessLog { share, query }),
        ..listener.into()
    }
}

/// The log, once it has so many lines.
fn log(rig: &Rig, count: usize) -> Vec<Value> {
    let mut lines = Vec::new();
    eventually("so many lines are written", || {
        let text = std::fs::read_to_string(rig.path("state/access.log")).unwrap_or_default();
        lines = text.lines().map(str::to_owned).collect();
        lines.len() >= count
    });
    assert_eq!(lines.len(), count);
    let read = |line: &String| serde_json::from_str(line).expect("a line of JSON");
    lines.iter().map(read).collect()
}

#[test]
fn a_request_is_told_with_who_answered_and_how_long_it_took_and_without_secrets() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(logged(listener, 100, false), slots));
    let client = Client::connect(listener);
    client.send(
        "POST /a/b?token=geheim HTTP/1.1\r\nHost: shop.example\r\nCookie: a=geheim\r\n\
         Authorization: Bearer geheim\r\nX-Request-Id: r-7\r\nContent-Length: 0\r\n\r\n",
    );
    let mut client = client;
    assert_eq!(client.answer().text(), "hello");
    let lines = log(&rig, 1);
    let told = &lines[0];
    for (name, value) in [
        ("request_id", "r-7"),
        ("method", "POST"),
        ("host", "shop.example"),
        ("path", "/a/b"),
        ("version", "HTTP/1.1"),
        ("scheme", "http"),
        ("client", "127.0.0.1"),
        ("service", "shop/default/web"),
        ("release", "v1"),
        ("instance", "ins_1x0"),
    ] {
        assert_eq!(told[name], value, "{name}: {told}");
    }
    for (name, value) in [("status", 200), ("bytes", 5), ("slot", 1)] {
        assert_eq!(told[name], value, "{name}: {told}");
    }
    assert_eq!(told["whole"], true);
    assert!(
        told["at_us"].as_i64() > Some(1_500_000_000_000_000),
        "{told}"
    );
    for phase in ["connect_us", "answer_us", "body_us"] {
        assert!(told[phase].is_u64(), "{phase}: {told}");
    }
    assert!(!told.to_string().contains("geheim"), "{told}");
}

#[test]
fn a_query_is_told_only_where_it_is_asked_for_and_nothing_where_nothing_is() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let slots = || vec![slot(1, 100, &[origin.address])];
    let with = rig.listener();
    rig.route(&key("a"), serving(logged(with, 100, true), slots()));
    let without = rig.listener();
    rig.route(&key("b"), serving(without, slots()));
    Client::connect(without).get("/b?q=1");
    Client::connect(with).get("/a?q=1");
    let lines = log(&rig, 1);
    assert_eq!(
        (&lines[0]["path"], &lines[0]["query"]),
        (&"/a".into(), &"q=1".into())
    );
}

#[test]
fn a_tenth_is_ten_of_any_hundred() {
    let origin = Origin::plain("hello");
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(logged(listener, 10, false), slots));
    let mut client = Client::connect(listener);
    for _ in 0..200 {
        client.get("/");
    }
    log(&rig, 20);
}

#[test]
fn an_answer_of_the_routers_own_has_its_code_and_a_broken_one_is_not_whole() {
    let broken = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        After::Close
    });
    // What an instance says of errors is not the router's word.
    let boasts = Origin::start(|exchange| {
        exchange
            .write("HTTP/1.1 200 OK\r\nWindlass-Error: at_limit\r\nContent-Length: 2\r\n\r\nhi");
        After::Close
    });
    let gone = Refuses::new();
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let web = key("web");
    let to = |address| serving(logged(listener, 100, false), vec![slot(1, 100, &[address])]);
    rig.route(&web, to(gone.address));
    assert_eq!(
        Client::connect(listener).get("/1").error(),
        Some("connect_failed")
    );
    rig.route(&web, to(broken.address));
    let client = Client::connect(listener);
    client.send("GET /2 HTTP/1.1\r\nHost: shop\r\n\r\n");
    let mut client = client;
    client.rest();
    rig.route(&web, to(boasts.address));
    Client::connect(listener).get("/3");
    let lines = log(&rig, 3);
    assert_eq!(
        (&lines[2]["status"], &lines[2]["error"]),
        (&200.into(), &Value::Null)
    );
    assert_eq!(
        (&lines[0]["status"], &lines[0]["error"]),
        (&502.into(), &"connect_failed".into())
    );
    assert_eq!(lines[0]["connect_us"], Value::Null, "nothing was reached");
    assert_eq!(lines[0]["slot"], Value::Null);
    assert_eq!(
        (&lines[1]["status"], &lines[1]["whole"]),
        (&200.into(), &false.into())
    );
    assert_eq!(lines[1]["bytes"], 4);
}

#[test]
fn an_answer_to_head_is_whole_with_its_head_whoever_gives_it() {
    let (origin, gone) = (Origin::plain("hello"), Refuses::new());
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let web = key("web");
    let to = |address| serving(logged(listener, 100, false), vec![slot(1, 100, &[address])]);
    for (address, status) in [(gone.address, 502), (origin.address, 200)] {
        rig.route(&web, to(address));
        let mut client = Client::connect(listener);
        client.send("HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n");
        let answer = client.try_answer("HEAD").expect("an answer");
        assert_eq!(answer.status, status);
        assert_ne!(answer.header("content-length"), Some("0"));
    }
    for line in log(&rig, 2) {
        assert_eq!(
            (&line["whole"], &line["bytes"]),
            (&true.into(), &0.into()),
            "{line}"
        );
    }
}

#[test]
fn nobodys_request_is_told_without_a_service() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let listen = Listen {
        host: windlass_model::Host::new("shop.example").ok(),
        ..logged(listener, 100, false)
    };
    rig.route(
        &key("web"),
        serving(listen, vec![slot(1, 100, &[origin.address])]),
    );
    assert_eq!(
        Client::connect(listener).get("/").error(),
        Some("not_found")
    );
    let lines = log(&rig, 1);
    assert_eq!(
        (&lines[0]["service"], &lines[0]["status"]),
        (&Value::Null, &404.into())
    );
}

#[test]
fn what_waits_is_written_before_the_router_ends_and_another_life_goes_on_with_it() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let route = serving(
        logged(listener, 100, false),
        vec![slot(1, 100, &[origin.address])],
    );
    rig.route(&key("web"), route.clone());
    Client::connect(listener).get("/1");
    rig.end();
    assert_eq!(log(&rig, 1)[0]["path"], "/1");
    rig.begin();
    let listener = rig.listener();
    let mut route = route;
    route.listeners = vec![logged(listener, 100, false)];
    let changed = rig.change(Direction::Raise, &key("web"), Some(route));
    assert!(changed.is_ok(), "{changed:?}");
    Client::connect(listener).get("/2");
    assert_eq!(log(&rig, 2)[1]["path"], "/2");
}
