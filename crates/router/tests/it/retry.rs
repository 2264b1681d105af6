//! Instances that fail, and what the others do for them.

use std::net::SocketAddr;

use windlass_model::{Eject, Millis, Percent, Retries, Route, Traffic};

use crate::client::{Answer, Client};
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::scrape::{measured, scraped, sum};
use crate::tripwire::newcomer;

/// One data thread, so that instances take exact turns.
fn routed(addresses: &[SocketAddr], traffic: Traffic) -> (Rig, SocketAddr) {
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let route = Route {
        traffic: Box::new(traffic),
        ..serving(listener, vec![slot(1, 100, addresses)])
    };
    rig.route(&key("web"), route);
    (rig, listener)
}

/// Takes requests and closes on them.
fn breaks_off() -> Origin {
    Origin::start(|_exchange| After::Close)
}

fn get(listener: SocketAddr) -> Answer {
    Client::connect(listener).get("/")
}

fn ejects(after: u16, millis: u64) -> Traffic {
    Traffic {
        eject: Eject {
            after: Some(after),
            within: Some(Millis::from_millis(millis)),
        },
        ..Traffic::default()
    }
}

const LONG: u64 = 600_000;

#[test]
fn an_instance_that_fails_in_a_row_is_left_alone() {
    let (bad, good) = (breaks_off(), Origin::plain("good"));
    let (_rig, listener) = routed(&[bad.address, good.address], ejects(3, LONG));
    let answers: Vec<Answer> = (0..40).map(|_| get(listener)).collect();
    let failed = answers.iter().filter(|answer| answer.status != 200).count();
    assert_eq!((failed, bad.requests()), (3, 3));
}

#[test]
fn an_instance_is_asked_again_after_its_rest_and_one_answer_makes_it_whole() {
    let mended = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = mended.clone();
    let sick = Origin::start(move |exchange| {
        if seen.load(std::sync::atomic::Ordering::SeqCst) {
            return exchange.ok("mended");
        }
        After::Close
    });
    let good = Origin::plain("good");
    let (_rig, listener) = routed(&[sick.address, good.address], ejects(2, 200));
    while sick.requests() < 2 {
        get(listener);
    }
    mended.store(true, std::sync::atomic::Ordering::SeqCst);
    eventually("it is asked again", || get(listener).text() == "mended");
    let turns: Vec<String> = (0..6).map(|_| get(listener).text()).collect();
    assert_eq!(turns.iter().filter(|text| *text == "mended").count(), 3);
}

#[test]
fn never_more_than_half_are_left_alone() {
    let (one, other) = (breaks_off(), breaks_off());
    let (_rig, listener) = routed(&[one.address, other.address], ejects(2, LONG));
    for _ in 0..20 {
        assert_eq!(get(listener).error(), Some("answer_broken"));
    }
    assert_eq!(one.requests() + other.requests(), 20);
    assert!(
        one.requests() >= 4 && other.requests() >= 4,
        "both are still asked"
    );
}

fn retries(at_most: u16, budget: u64) -> Traffic {
    Traffic {
        retries: Some(Retries {
            at_most,
            budget: Percent::new(budget).expect("a share"),
        }),
        // Apart from what is tried here.
        ..ejects(u16::MAX, LONG)
    }
}

#[test]
fn what_changes_nothing_is_sent_to_another_instance_if_the_policy_says_so() {
    let unable = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
        After::Keep
    });
    for bad in [breaks_off(), unable] {
        let good = Origin::plain("good");
        let (rig, listener) = routed(&[bad.address, good.address], retries(1, 100));
        for _ in 0..10 {
            assert_eq!(get(listener).text(), "good");
        }
        assert_eq!((bad.requests(), good.requests()), (5, 10));
        eventually("all attempts are counted", || {
            let services = rig.ticks(0).into_iter().flat_map(|tick| tick.services);
            let slots = services.flat_map(|(_, slots)| slots);
            let all = slots.fold((0, 0), |(good, bad), slot| {
                (good + slot.answers[1], bad + slot.answers[4] + slot.broken)
            });
            all == (10, 5)
        });
        // A POST may have done something.
        let mut failed = 0;
        for _ in 0..2 {
            let mut client = Client::connect(listener);
            client.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n");
            failed += usize::from(client.answer().status != 200);
        }
        assert_eq!(failed, 1);
        eventually("all are over", || rig.in_flight(&key("web"), 1) == 0);
    }
}

#[test]
fn without_a_policy_nothing_that_may_have_arrived_is_sent_again() {
    let (bad, good) = (breaks_off(), Origin::plain("good"));
    let (_rig, listener) = routed(&[bad.address, good.address], ejects(u16::MAX, LONG));
    let failed = (0..10).filter(|_| get(listener).status != 200).count();
    assert_eq!(failed, 5);
}

#[test]
fn retries_never_exceed_their_budget() {
    let (one, other) = (breaks_off(), breaks_off());
    let (_rig, listener) = routed(&[one.address, other.address], retries(1, 10));
    for _ in 0..200 {
        assert_eq!(get(listener).error(), Some("answer_broken"));
    }
    let again = one.requests() + other.requests() - 200;
    assert!((20..=30).contains(&again), "{again} of 200 were sent again");
}

/// Answers the first request of each connection; the second it reads, and closes.
fn breaks_kept() -> Origin {
    Origin::start(|exchange| {
        if exchange.request == 1 {
            return After::Close;
        }
        exchange.ok("good")
    })
}

#[test]
fn requests_on_connections_that_went_stale_are_counted_and_sent_again_within_a_budget() {
    let origin = breaks_kept();
    let rig = Rig::with_threads(1);
    let (listener, metrics) = (rig.listener(), rig.listener());
    let slots = vec![slot(1, 100, &[origin.address])];
    let route = Route {
        traffic: Box::new(ejects(u16::MAX, LONG)),
        ..serving(measured(listener, metrics), slots)
    };
    rig.route(&key("web"), route);
    let good = (0..300).filter(|_| get(listener).status == 200).count();
    let again = origin.requests() - 300;
    // Ten, and one in five.
    assert!((60..=70).contains(&again), "{again} of 300 were sent again");
    assert!(good < 300, "its clients see what it is");
    let told = |count: usize| u64::try_from(count).expect("few");
    eventually("all attempts are counted", || {
        let page = scraped(metrics);
        let of = |name| sum(&page, name, &["\"web\""]);
        of("windlass_router_broken_answers_total") == told(origin.requests() - good)
            && of("windlass_router_retries_total") == told(again)
    });
}

#[test]
fn a_candidate_that_breaks_kept_connections_is_taken_back() {
    let origin = breaks_kept();
    let (rig, web, _old) = newcomer(&origin);
    eventually("it is taken back", || {
        get(web.listener);
        rig.share(&web.key, 2) == 0
    });
    let trip = &rig.trips()[0];
    // Of each two attempts one broke, also where its client got an answer.
    assert!(trip.errors * 2 + 2 >= trip.answers, "{trip:?}");
}

#[test]
fn a_connection_that_went_stale_now_and_then_takes_nothing_back() {
    let odd = std::sync::atomic::AtomicUsize::new(0);
    let origin = Origin::start(move |exchange| {
        let number = odd.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if exchange.request > 0 && number % 100 == 50 {
            return After::Close;
        }
        exchange.ok("good")
    });
    let (rig, web, _old) = newcomer(&origin);
    let mut client = Client::connect(web.listener);
    for _ in 0..600 {
        assert_eq!(client.get("/").text(), "good");
    }
    assert_eq!(rig.trips(), []);
    assert_eq!(rig.share(&web.key, 2), 100);
}
