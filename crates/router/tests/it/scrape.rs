//! Metrics as Prometheus asks for them.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use windlass_control::Direction;
use windlass_model::{Listen, PathPrefix, Percent, Retries, Route, Traffic};

use crate::alone::free;
use crate::client::{Answer, Client};
use crate::origin::{After, Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::tripwire::{failing, wire};
use crate::upgrade;

/// A listener whose metrics are told at `metrics`.
pub(crate) fn measured(listener: SocketAddr, metrics: SocketAddr) -> Listen {
    Listen {
        metrics: Some(metrics),
        ..listener.into()
    }
}

fn asked(metrics: SocketAddr, accept: &str) -> Answer {
    let mut client = Client::connect(metrics);
    client.send(&format!(
        "GET /metrics HTTP/1.1\r\nHost: here\r\nAccept: {accept}\r\n\r\n"
    ));
    client.answer()
}

pub(crate) fn scraped(metrics: SocketAddr) -> String {
    let answer = asked(metrics, "text/plain");
    assert_eq!(answer.status, 200);
    answer.text()
}

/// Samples by their names and labels.
fn samples(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').expect("a sample"));
    let number = |value: &str| value.parse().expect("a number");
    let samples: Vec<_> = pairs.map(|(name, value)| (name, number(value))).collect();
    let each: BTreeMap<_, _> = samples.iter().copied().collect();
    assert_eq!(each.len(), samples.len(), "none stands there twice");
    each
}

/// The sum of all samples of one name whose labels hold all of `parts`.
pub(crate) fn sum(page: &str, name: &str, parts: &[&str]) -> u64 {
    let samples = samples(page);
    let of = samples.iter().filter(|(sample, _)| {
        let (its, labels) = sample.split_once('{').unwrap_or((sample, ""));
        its == name && parts.iter().all(|part| labels.contains(part))
    });
    let sum: f64 = of.map(|(_, value)| *value).sum();
    format!("{sum}").parse().expect("a whole number")
}

pub(crate) const REQUESTS: &str = "windlass_router_requests_total";
const BYTES: &str = "windlass_router_bytes_total";

/// One slot behind one listener, and where its metrics are.
fn one(origin: &Origin) -> (Rig, SocketAddr, SocketAddr) {
    let rig = Rig::with_threads(1);
    let (listener, metrics) = (rig.listener(), rig.listener());
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(measured(listener, metrics), slots));
    (rig, listener, metrics)
}

/// What a page says of one service that has one slot, without what is by chance.
fn shortened(page: &str) -> String {
    let told = |line: &&str| {
        let process = line.contains("process_");
        let inner =
            line.contains("_bucket{") && !line.contains("+Inf") && !line.contains("\"30.0\"");
        let chance = ["_seconds_sum", "_limit "]
            .iter()
            .any(|it| line.contains(it));
        let zero = line.ends_with(" 0") && line.contains("code=");
        !(process || inner || chance || zero || line.starts_with("# HELP"))
    };
    let lines: Vec<&str> = page.lines().filter(told).collect();
    // What a slot, and a service, is called by stands there once.
    let service = r#"app="shop",environment="default",service="web""#;
    let slot = format!(r#"{service},slot="1",version="v1""#);
    let short = lines.join("\n").replace(&slot, "SLOT");
    let short = short.replace(service, "SERVICE");
    short.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn the_page_says_all_of_a_service_and_nothing_of_its_clients() {
    let origin = Origin::plain("hello");
    let (_rig, listener, metrics) = one(&origin);
    let mut client = Client::connect(listener);
    for path in ["/", "/secret?token=geheim", "/"] {
        client.get(path);
    }
    eventually("all are told", || {
        sum(&scraped(metrics), REQUESTS, &["service=\"web\""]) == 3
    });
    insta::assert_snapshot!(shortened(&scraped(metrics)), @r#"
    # TYPE windlass_router_requests_total counter
    windlass_router_requests_total{SLOT,code="2xx"} 3
    # TYPE windlass_router_bytes_total counter
    windlass_router_bytes_total{SLOT,direction="received"} 0
    windlass_router_bytes_total{SLOT,direction="sent"} 15
    # TYPE windlass_router_request_duration_seconds histogram
    windlass_router_request_duration_seconds_bucket{SLOT,le="30.0"} 3
    windlass_router_request_duration_seconds_bucket{SLOT,le="+Inf"} 3
    windlass_router_request_duration_seconds_count{SLOT} 3
    # TYPE windlass_router_connect_failures_total counter
    windlass_router_connect_failures_total{SLOT} 0
    # TYPE windlass_router_broken_answers_total counter
    windlass_router_broken_answers_total{SLOT} 0
    # TYPE windlass_router_retries_total counter
    windlass_router_retries_total{SLOT} 0
    # TYPE windlass_router_client_aborts_total counter
    windlass_router_client_aborts_total{SLOT} 0
    # TYPE windlass_router_requests_in_flight gauge
    windlass_router_requests_in_flight{SLOT} 0
    # TYPE windlass_router_slot_instances gauge
    windlass_router_slot_instances{SLOT} 1
    # TYPE windlass_router_slot_instances_ready gauge
    windlass_router_slot_instances_ready{SLOT} 1
    # TYPE windlass_router_slot_watched gauge
    windlass_router_slot_watched{SLOT} 0
    # TYPE windlass_router_slot_share_ratio gauge
    windlass_router_slot_share_ratio{SLOT} 1
    # TYPE windlass_router_own_answers_total counter
    # TYPE windlass_router_waiting_requests gauge
    windlass_router_waiting_requests{SERVICE} 0
    # TYPE windlass_router_generation gauge
    windlass_router_generation{SERVICE} 1
    # TYPE windlass_router_tripwire_armed gauge
    windlass_router_tripwire_armed{SERVICE} 0
    # TYPE windlass_router_tripwire_withheld gauge
    windlass_router_tripwire_withheld{SERVICE} 0
    # TYPE windlass_router_trips_total counter
    windlass_router_trips_total{SERVICE} 0
    # TYPE windlass_router_unrouted_requests_total counter
    # TYPE windlass_router_connections_refused_total counter
    windlass_router_connections_refused_total{limit="listener"} 0
    windlass_router_connections_refused_total{limit="client"} 0
    # TYPE windlass_router_connections gauge
    windlass_router_connections 1
    # TYPE windlass_router_epoch gauge
    windlass_router_epoch 1
    # TYPE windlass_router_unlisted_slots gauge
    windlass_router_unlisted_slots 0
    # TYPE windlass_router_table_swaps_total counter
    windlass_router_table_swaps_total 1
    # TYPE windlass_build_info gauge
    windlass_build_info{version="VERSION"} 1
    "#);
}

#[test]
fn the_sum_of_what_is_told_is_what_clients_sent_and_got() {
    let by_path = || {
        Origin::start(|exchange| {
            let line = exchange.line();
            let status = line.split(['/', ' ']).nth(2).unwrap_or("200").to_owned();
            exchange.body();
            exchange.write(&format!(
                "HTTP/1.1 {status} X\r\nContent-Length: 3\r\n\r\nabc"
            ));
            After::Keep
        })
    };
    let (origin, other) = (by_path(), by_path());
    let rig = Rig::start();
    let (listener, metrics) = (rig.listener(), rig.listener());
    let slots = vec![
        slot(1, 75, &[origin.address]),
        slot(2, 25, &[other.address]),
    ];
    rig.route(&key("web"), serving(measured(listener, metrics), slots));
    std::thread::scope(|scope| {
        for status in [200, 301, 404, 503] {
            scope.spawn(move || {
                let mut client = Client::connect(listener);
                for _ in 0..100 {
                    client.send(&format!(
                        "POST /{status} HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n1234567"
                    ));
                    assert_eq!(client.answer().status, status);
                }
            });
        }
    });
    eventually("all are told", || {
        sum(&scraped(metrics), REQUESTS, &[]) == 400
    });
    let page = scraped(metrics);
    for (slot, requests) in [("slot=\"1\"", 300), ("slot=\"2\"", 100)] {
        assert_eq!(sum(&page, REQUESTS, &[slot]), requests);
        let count = "windlass_router_request_duration_seconds_count";
        assert_eq!(sum(&page, count, &[slot]), requests);
        let bucket = "windlass_router_request_duration_seconds_bucket";
        assert_eq!(sum(&page, bucket, &[slot, "+Inf"]), requests);
        assert_eq!(sum(&page, BYTES, &[slot, "received"]), requests * 7);
        assert_eq!(sum(&page, BYTES, &[slot, "sent"]), requests * 3);
    }
    for code in ["2xx", "3xx", "4xx", "5xx"] {
        assert_eq!(sum(&page, REQUESTS, &[code]), 100);
    }
}

#[test]
fn both_forms_are_given_to_who_asks_for_them() {
    let origin = Origin::plain("hello");
    let (_rig, _listener, metrics) = one(&origin);
    let plain = asked(metrics, "*/*");
    assert_eq!(
        plain.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(!plain.text().contains("# EOF"));
    let open = asked(
        metrics,
        "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
    );
    assert_eq!(
        open.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(open.text().ends_with("\n# EOF\n"));
    let names = |answer: &Answer| -> Vec<String> {
        let text = answer.text();
        let names = samples(&text).into_keys().map(str::to_owned);
        names.collect()
    };
    assert_eq!(names(&plain), names(&open));
}

#[test]
fn only_metrics_are_told_there_and_none_where_requests_come_in() {
    let origin = Origin::plain("hello");
    let (_rig, listener, metrics) = one(&origin);
    assert_eq!(Client::connect(listener).get("/metrics").text(), "hello");
    assert_eq!(Client::connect(metrics).get("/").status, 404);
    let mut client = Client::connect(metrics);
    client.send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, HEAD"))
    );
    let mut client = Client::connect(metrics);
    client.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.try_answer("HEAD").expect("a head");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(origin.requests(), 1);
}

#[test]
fn an_address_tells_of_the_services_that_name_it_and_closes_with_the_last() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let route = |name: &str, metrics: SocketAddr| {
        let slots = vec![slot(1, 100, &[origin.address])];
        let listen = measured(rig.listener(), metrics);
        rig.route(&key(name), serving(listen, slots));
        metrics
    };
    let ours = route("web", rig.listener());
    route("api", ours);
    let theirs = route("else", rig.listener());
    let page = scraped(ours);
    let told = |name: &str| page.contains(&format!("service=\"{name}\""));
    assert!(told("web") && told("api") && !told("else"));
    assert!(scraped(theirs).contains("service=\"else\""));
    for name in ["web", "else"] {
        let gone = rig.change(Direction::Raise, &key(name), None);
        assert!(gone.is_ok(), "{gone:?}");
    }
    eventually("only its own is left", || {
        !scraped(ours).contains("service=\"web\"")
    });
    eventually("nobody listens there", || {
        TcpStream::connect(theirs).is_err()
    });
}

#[test]
fn where_requests_come_in_no_metrics_are_told() {
    let origin = Origin::plain("hello");
    let (rig, listener, metrics) = one(&origin);
    let to = |listen: Listen| serving(listen, vec![slot(1, 100, &[origin.address])]);
    // Files that ask for it are refused; what a release goes back to may ask for it.
    for (name, listen, requests) in [
        ("api", measured(rig.listener(), listener), listener),
        ("api", metrics.into(), metrics),
        ("web", measured(listener, listener), listener),
    ] {
        let back = rig.change(Direction::Return, &key(name), Some(to(listen)));
        assert!(back.is_ok(), "{back:?}");
        eventually("requests are served there", || {
            Client::connect(requests).get("/metrics").text() == "hello"
        });
    }
}

#[test]
fn a_slot_that_was_taken_back_is_told_with_its_last_counts() {
    let (old, new) = (Origin::plain("old"), failing());
    let rig = Rig::start();
    let (listener, metrics) = (rig.listener(), rig.listener());
    let web = key("web");
    let with = |slots| serving(measured(listener, metrics), slots);
    let before = with(vec![slot(1, 100, &[old.address])]);
    let after = with(vec![
        slot(1, 50, &[old.address]),
        slot(2, 50, &[new.address]),
    ]);
    rig.route(&web, before.clone());
    let armed = rig.arm(&[(&web, &after)], &[(&web, &wire("w", &[(&web, &before)]))]);
    assert!(armed.is_ok(), "{armed:?}");
    let watched = "windlass_router_slot_watched";
    eventually("it is watched", || {
        sum(&scraped(metrics), watched, &["slot=\"2\""]) == 1
    });
    let mut client = Client::connect(listener);
    eventually("it was taken back", || {
        client.get("/");
        !rig.trips().is_empty()
    });
    eventually("its errors are told", || {
        let page = scraped(metrics);
        sum(&page, REQUESTS, &["version=\"v2\"", "5xx"]) > 0
            && sum(&page, "windlass_router_trips_total", &[]) == 1
            && !page.contains("windlass_router_slot_instances{app=\"shop\",environment=\"default\",service=\"web\",slot=\"2\"")
    });
}

#[test]
fn what_the_router_answers_by_itself_is_told_apart() {
    let gone = Refuses::new();
    let origin = Origin::plain("hello");
    let rig = Rig::with_threads(1);
    let (listener, metrics) = (rig.listener(), rig.listener());
    let retries = Retries {
        at_most: 1,
        budget: Percent::FULL,
    };
    let traffic = Traffic {
        retries: Some(retries),
        ..Traffic::default()
    };
    let breaks = Origin::start(|_exchange| After::Close);
    let path = |path: &str| Listen {
        path: PathPrefix::new(path).expect("a path"),
        ..measured(listener, metrics)
    };
    rig.route(
        &key("gone"),
        serving(path("/gone"), vec![slot(1, 100, &[gone.address])]),
    );
    let web = Route {
        traffic: Box::new(traffic),
        ..serving(
            path("/web"),
            vec![slot(1, 100, &[breaks.address, origin.address])],
        )
    };
    rig.route(&key("web"), web);
    let statuses =
        ["/gone", "/web", "/nobody"].map(|path| Client::connect(listener).get(path).status);
    assert_eq!(statuses, [502, 200, 404]);
    eventually("all of it is told", || {
        let page = scraped(metrics);
        let of = |name: &str, parts: &[&str]| sum(&page, name, parts);
        of("windlass_router_own_answers_total", &["\"gone\"", "5xx"]) == 1
            && of("windlass_router_connect_failures_total", &["\"gone\""]) > 0
            && of("windlass_router_broken_answers_total", &["\"web\""]) == 1
            && of("windlass_router_retries_total", &["\"web\""]) == 1
            && of("windlass_router_unrouted_requests_total", &["4xx"]) == 1
    });
}

#[test]
fn bytes_of_a_tunnel_are_told_while_it_is_open() {
    let origin = Origin::start(upgrade::echo);
    let (_rig, listener, metrics) = one(&origin);
    let mut client = Client::connect(listener);
    client.send(upgrade::ASK);
    assert_eq!(client.head().expect("a head").status, 101);
    client.try_send(b"\x81\x05hello").expect("sent");
    assert_eq!(client.bytes(7), b"\x81\x05hello");
    eventually("both ways are told", || {
        let page = scraped(metrics);
        sum(&page, BYTES, &["received"]) == 7
            && sum(&page, BYTES, &["sent"]) == 7
            && sum(&page, "windlass_router_requests_in_flight", &[]) == 1
    });
}

#[test]
fn who_asks_and_says_nothing_or_too_much_is_in_nobodys_way() {
    let origin = Origin::plain("hello");
    let (_rig, listener, metrics) = one(&origin);
    let silent: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(metrics).expect("connected"))
        .collect();
    let eager: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(metrics).expect("connected");
            stream
                .write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                .expect("sent");
            stream
        })
        .collect();
    assert_eq!(Client::connect(listener).get("/").text(), "hello");
    scraped(metrics);
    let ended = silent.iter().filter(|stream| {
        let mut stream: &TcpStream = stream;
        let patience = Some(Duration::from_millis(1));
        stream.set_read_timeout(patience).expect("set");
        matches!(stream.read(&mut [0]), Ok(0))
    });
    assert!(ended.count() >= 80, "the oldest have made room");
    drop(eager);
    let mut long = TcpStream::connect(metrics).expect("connected");
    let head = format!(
        "GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    // It may be refused before all of it was sent.
    long.write_all(head.as_bytes()).ok();
    scraped(metrics);
}

#[test]
fn a_restart_begins_anew_on_the_same_address() {
    let origin = Origin::plain("hello");
    let (listener, metrics) = (free(), free());
    let route = serving(
        measured(listener, metrics),
        vec![slot(1, 100, &[origin.address])],
    );
    let rig = Rig::alone(&[(key("web"), route)].into());
    Client::connect(listener).get("/");
    eventually("it is told", || sum(&scraped(metrics), REQUESTS, &[]) == 1);
    rig.kill();
    rig.begin();
    assert_eq!(sum(&scraped(metrics), REQUESTS, &[]), 0);
    let begun = "process_start_time_seconds";
    let page = scraped(metrics);
    assert!(samples(&page)[begun] > 1e9);
}
