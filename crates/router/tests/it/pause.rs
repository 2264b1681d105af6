//! Requests that wait until their service takes them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use windlass_control::{
    Direction, Generation, ObservedRoute, Passage, Pause, Refusal, RouterReply, RouterRequest,
};
use windlass_model::{Epoch, Maintenance, Millis, Route, RouteMode, ServiceKey};

use crate::alone::free;
use crate::client::{Answer, Client};
use crate::origin::Origin;
use crate::rig::{Control, Rig, eventually, key, serving, slot};

fn routed(rig: &Rig, origin: &Origin) -> SocketAddr {
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    listener
}

fn shut(rig: &Rig, passage: Passage) -> RouterReply {
    pass(rig, &key("web"), passage)
}

/// Has the requests of a service pass in that way.
pub(crate) fn pass(rig: &Rig, service: &ServiceKey, passage: Passage) -> RouterReply {
    rig.call(&RouterRequest::Passage {
        epoch: rig.epoch,
        service: Some(service.clone()),
        passage,
        until_us: None,
    })
}

pub(crate) fn paused(waiting: u32, within: u64) -> Passage {
    Passage::Paused(Pause {
        waiting,
        within: Millis::from_millis(within),
    })
}

/// Sends a request and awaits no answer.
fn ask(listener: SocketAddr) -> Client {
    let client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    client
}

pub(crate) const LONG: u64 = 600_000;

/// How many requests wait: one more than that is refused at once.
fn fills_up(listener: SocketAddr) -> Client {
    let mut last = ask(listener);
    let answer = last.answer();
    assert_eq!((answer.status, answer.error()), (503, Some("paused")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    last
}

#[test]
fn paused_requests_wait_and_none_fails_when_it_is_opened() {
    const WAITING: u32 = 50;
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    let mut kept = Client::connect(listener);
    assert_eq!(kept.get("/").text(), "answered");
    assert_eq!(shut(&rig, paused(WAITING, LONG)), RouterReply::Done);

    let mut waiting: Vec<Client> = (0..WAITING).map(|_| ask(listener)).collect();
    eventually("all wait", || {
        rig.waiting(&key("web")) == u64::from(WAITING)
    });
    let mut refused = fills_up(listener);
    assert_eq!(origin.requests(), 1, "nothing got through");

    // The split changes meanwhile, and the pause stays.
    let next = Origin::plain("by the next");
    let slots = vec![slot(2, 100, &[next.address])];
    rig.route(&key("web"), serving(listener, slots));
    assert_eq!(rig.waiting(&key("web")), u64::from(WAITING));

    let opened = Instant::now();
    assert_eq!(shut(&rig, Passage::Open), RouterReply::Done);
    for client in &mut waiting {
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.text()),
            (200, "by the next".to_owned())
        );
    }
    assert!(opened.elapsed() < Duration::from_secs(10));
    assert_eq!(
        refused.get("/").text(),
        "by the next",
        "its connection goes on"
    );
    assert_eq!(rig.waiting(&key("web")), 0);
}

#[test]
fn who_has_waited_long_enough_is_told_and_who_leaves_waits_no_longer() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    assert_eq!(shut(&rig, paused(10, 50)), RouterReply::Done);
    let answer = ask(listener).answer();
    assert_eq!((answer.status, answer.error()), (503, Some("paused")));

    assert_eq!(shut(&rig, paused(10, LONG)), RouterReply::Done);
    let leaves = ask(listener);
    eventually("it waits", || rig.waiting(&key("web")) == 1);
    drop(leaves);
    eventually("it is gone", || rig.waiting(&key("web")) == 0);
}

#[test]
fn maintenance_is_told_at_once_and_survives_a_restart() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    assert_eq!(shut(&rig, Passage::Maintenance), RouterReply::Done);
    let answer = ask(listener).answer();
    assert_eq!((answer.status, answer.error()), (503, Some("maintenance")));
    assert_eq!(
        rig.observe().services[&key("web")].passage,
        Passage::Maintenance
    );

    let (addresses, sockets) = rig.listeners();
    rig.end();
    rig.begin();
    for (address, socket) in addresses.iter().zip(&sockets) {
        use std::os::fd::AsFd;
        assert_eq!(rig.hand_over(*address, socket.as_fd()), RouterReply::Done);
    }
    assert_eq!(ask(listener).answer().error(), Some("maintenance"));
    assert_eq!(shut(&rig, Passage::Open), RouterReply::Done);
    assert_eq!(ask(listener).answer().text(), "answered");
}

/// Calendar time so long from now, in microseconds.
fn in_time(from_now: Duration) -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from((now + from_now).as_micros()).expect("a time")
}

#[test]
fn a_thousand_requests_of_a_pause_for_a_time_are_all_answered_when_it_ends_by_itself() {
    const CLIENTS: usize = 100;
    const EACH: usize = 10;
    let origin = Origin::plain("answered");
    let address = free();
    let slots = vec![slot(1, 100, &[origin.address])];
    let rig = Rig::alone(&[(key("web"), serving(address, slots))].into());
    let reply = rig.call(&RouterRequest::Passage {
        epoch: rig.observe().epoch,
        service: Some(key("web")),
        passage: paused(1_000, LONG),
        until_us: Some(in_time(Duration::from_secs(2))),
    });
    assert_eq!(reply, RouterReply::Done);
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::connect(address)).collect();
    for client in &clients {
        client.send(&"GET / HTTP/1.1\r\nHost: shop\r\n\r\n".repeat(EACH));
    }
    eventually("each has one that waits", || {
        rig.waiting(&key("web")) == u64::try_from(CLIENTS).expect("few")
    });
    assert_eq!(origin.requests(), 0, "nothing got through");
    let answers = clients
        .iter_mut()
        .flat_map(|client| (0..EACH).map(|_| client.answer()));
    let good = answers.filter(|answer| answer.text() == "answered").count();
    assert_eq!(good, CLIENTS * EACH);
    let now = rig.observe().services[&key("web")].clone();
    assert_eq!((now.passage, now.until_us), (Passage::Open, None));
}

#[test]
fn a_pause_for_a_time_ends_also_in_the_next_life_of_the_router() {
    let origin = Origin::plain("answered");
    let address = free();
    let slots = vec![slot(1, 100, &[origin.address])];
    let rig = Rig::alone(&[(key("web"), serving(address, slots))].into());
    let reply = rig.call(&RouterRequest::Passage {
        epoch: rig.observe().epoch,
        service: Some(key("web")),
        passage: Passage::Maintenance,
        until_us: Some(in_time(Duration::from_secs(2))),
    });
    assert_eq!(reply, RouterReply::Done);
    eventually("it is on disk", || {
        let table = std::fs::read_to_string(rig.table_path()).unwrap_or_default();
        table.contains("until_us")
    });
    rig.kill();
    rig.begin();
    eventually("it is open", || {
        Client::connect(address).get("/").status == 200
    });
}

/// What a client that reads `form` is told.
fn told(listener: SocketAddr, form: &str) -> Answer {
    let mut client = Client::connect(listener);
    client.send(&format!(
        "GET / HTTP/1.1\r\nHost: shop\r\nAccept: {form}\r\n\r\n"
    ));
    let answer = client.answer();
    assert_eq!((answer.status, answer.error()), (503, Some("maintenance")));
    answer
}

#[test]
fn a_service_says_its_own_words_while_it_is_worked_on_in_the_form_that_each_client_reads() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = rig.listener();
    let mut route = serving(listener, vec![slot(1, 100, &[origin.address])]);
    route.traffic.maintenance = Maintenance {
        text: Some("Back at \"ten\" <soon>".to_owned()),
        page: None,
        retry_after: Some(Millis::from_millis(90_500)),
    };
    rig.route(&key("web"), route.clone());
    assert_eq!(shut(&rig, Passage::Maintenance), RouterReply::Done);
    let plain = told(listener, "*/*");
    assert!(
        plain
            .text()
            .starts_with("Windlass: Back at \"ten\" <soon> (request ")
    );
    assert_eq!(plain.header("retry-after"), Some("91"));
    let json = told(listener, "application/json");
    let json: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
    assert_eq!(json["message"], "Back at \"ten\" <soon>");
    let html = told(listener, "text/html").text();
    assert!(
        html.contains("<p>Back at \"ten\" &lt;soon&gt;</p>"),
        "{html}"
    );

    route.traffic.maintenance.page = Some("<h1>Closed</h1>".to_owned());
    rig.route(&key("web"), route);
    let page = told(listener, "text/html");
    assert_eq!(page.text(), "<h1>Closed</h1>");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        told(listener, "*/*")
            .text()
            .starts_with("Windlass: Back at")
    );
}

#[test]
fn only_the_newest_controller_opens_and_shuts_and_only_what_is_routed() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    routed(&rig, &origin);
    let passage = |epoch, service| {
        rig.call(&RouterRequest::Passage {
            epoch,
            service: Some(key(service)),
            passage: Passage::Maintenance,
            until_us: None,
        })
    };
    assert_eq!(
        passage(Epoch(0), "web"),
        RouterReply::Refused(Refusal::OldEpoch(Epoch(1)))
    );
    let nobodys = passage(Epoch(1), "other");
    assert!(matches!(nobodys, RouterReply::Refused(Refusal::Invalid(_))));
}

#[test]
fn all_services_are_shut_and_opened_at_one_moment() {
    const TIMES: usize = 100;
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let names = ["api", "shop", "web", "www"];
    for name in names {
        let slots = vec![slot(1, 100, &[origin.address])];
        rig.route(&key(name), serving(rig.listener(), slots));
    }
    let all = |passage| {
        let wanted = RouterRequest::Passage {
            epoch: rig.epoch,
            service: None,
            passage,
            until_us: None,
        };
        assert_eq!(rig.call(&wanted), RouterReply::Done);
    };
    let (looks_on, is_over) = (
        Control::connect(&rig.config().socket),
        AtomicBool::new(false),
    );
    let seen = std::thread::scope(|scope| {
        let seen = scope.spawn(|| {
            let mut seen = Vec::new();
            while !is_over.load(SeqCst) {
                let RouterReply::Observed(table) = looks_on.call(&RouterRequest::Observe) else {
                    unreachable!("no table");
                };
                let passages = table.services.values().map(|now| now.passage);
                seen.push(passages.collect::<Vec<_>>());
            }
            seen
        });
        for _ in 0..TIMES {
            all(Passage::Maintenance);
            all(Passage::Open);
        }
        is_over.store(true, SeqCst);
        seen.join().expect("no panic")
    });
    let shut = vec![Passage::Maintenance; names.len()];
    let open = vec![Passage::Open; names.len()];
    assert!(seen.contains(&shut) && seen.contains(&open), "{seen:?}");
    assert!(
        seen.iter().all(|now| [&shut, &open].contains(&now)),
        "{seen:?}"
    );
    assert_eq!(
        rig.generation(&key("web")),
        Generation(1),
        "no split has moved"
    );
}

#[test]
fn those_that_were_shut_for_a_time_together_open_at_one_moment() {
    let origin = Origin::plain("answered");
    let names = ["api", "cart", "mail", "pay", "shop", "stock", "web", "www"];
    let routed = names.into_iter().map(|name| {
        let slots = vec![slot(1, 100, &[origin.address])];
        (key(name), serving(free(), slots))
    });
    let rig = Rig::alone(&routed.collect());
    let reply = rig.call(&RouterRequest::Passage {
        epoch: rig.observe().epoch,
        service: None,
        passage: Passage::Maintenance,
        until_us: Some(in_time(Duration::from_secs(1))),
    });
    assert_eq!(reply, RouterReply::Done);
    // Without a pause, so that one that opens before the others would be seen.
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let now = rig.observe().services;
        let is_open = |now: &&ObservedRoute| now.passage == Passage::Open;
        let open = now.values().filter(is_open).count();
        if open == names.len() {
            return;
        }
        assert_eq!(open, 0, "of {} services", names.len());
        assert!(Instant::now() < until, "they stay shut");
    }
}

#[test]
fn requests_wait_while_a_service_is_recreated() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::start();
    let listener = routed(&rig, &old);
    let closed = Route {
        mode: RouteMode::Recreating,
        ..serving(listener, vec![slot(1, 0, &[old.address])])
    };
    rig.route(&key("web"), closed);
    let mut waits = ask(listener);
    eventually("it waits", || rig.waiting(&key("web")) == 1);
    let open = serving(listener, vec![slot(2, 100, &[new.address])]);
    let done = rig.change(Direction::Raise, &key("web"), Some(open));
    assert!(done.is_ok(), "{done:?}");
    assert_eq!(waits.answer().text(), "new");
}

#[test]
fn a_router_that_ends_keeps_nobody_waiting() {
    let origin = Origin::plain("answered");
    let rig = Rig::start();
    let listener = routed(&rig, &origin);
    assert_eq!(shut(&rig, paused(10, LONG)), RouterReply::Done);
    let mut waits = ask(listener);
    eventually("it waits", || rig.waiting(&key("web")) == 1);
    rig.end();
    assert_eq!(waits.answer().error(), Some("draining"));
}
