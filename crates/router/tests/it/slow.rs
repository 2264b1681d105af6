//! Candidates that take too long, or answer nothing any more.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use windlass_control::{TripRule, Tripwire};
use windlass_model::{Millis, Rate, Slower};

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, slot};
use crate::tripwire::{Split, split, wire};

/// Answers that take longer than `than` milliseconds take it back above 5 %.
fn armed(old: &Origin, new: &Origin, than: u64) -> (Rig, Split) {
    let rig = Rig::start();
    let slots = [slot(1, 0, &[old.address]), slot(2, 0, &[new.address])];
    let web = split(&rig, "web", slots, 50);
    rig.route(&web.key, web.back.clone());
    let tripwire = Tripwire {
        slower: Some(Slower {
            than: Millis::from_millis(than),
            above: Rate::from_parts(500).expect("a share"),
        }),
        ..wire("dep_1/web/1", &[(&web.key, &web.back)])
    };
    rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &tripwire)])
        .expect("armed");
    (rig, web)
}

/// Something that holds answers back until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let (open, changed) = &*self.0;
        let mut open = open.lock().expect("no panic");
        while !*open {
            open = changed.wait(open).expect("no panic");
        }
    }

    fn open(&self) {
        *self.0.0.lock().expect("no panic") = true;
        self.0.1.notify_all();
    }
}

/// Answers requests for `/held` when the gate is open, and others at once.
fn holding(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::start(move |exchange| {
        if exchange.line().contains("/held") {
            gate.pass();
        }
        exchange.ok("new")
    })
}

/// Connections with a request under way, every second of which is the candidate's.
fn held(web: &Split, count: usize) -> Vec<Client> {
    let ask = |_| {
        let client = Client::connect(web.listener);
        client.send("GET /held HTTP/1.1\r\nHost: shop\r\n\r\n");
        client
    };
    (0..count).map(ask).collect()
}

#[test]
fn a_candidate_whose_answers_take_too_long_is_taken_back() {
    let old = Origin::plain("old");
    let new = Origin::start(|exchange| {
        let until = Instant::now() + Duration::from_millis(20);
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
        exchange.ok("new")
    });
    let (rig, web) = armed(&old, &new, 5);
    let mut client = Client::connect(web.listener);
    let mut slow = 0;
    eventually("it is taken back", || {
        slow += usize::from(client.get("/").text() == "new");
        rig.share(&web.key, 2) == 0
    });
    assert!(slow <= 10, "{slow} slow answers");
    let [trip] = &rig.trips()[..] else {
        unreachable!("not one trip");
    };
    assert_eq!((trip.rule, trip.errors), (TripRule::Slow, 0));
    assert!(trip.slow >= 5 && trip.slow <= trip.answers, "{trip:?}");
}

#[test]
fn answers_within_the_threshold_take_nothing_back() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (rig, web) = armed(&old, &new, 5_000);
    let mut client = Client::connect(web.listener);
    let good = (0..400).filter(|_| client.get("/").text() == "new").count();
    assert_eq!((good, rig.share(&web.key, 2)), (200, 50));
    assert!(rig.trips().is_empty());
}

#[test]
fn a_candidate_that_answers_nothing_any_more_is_taken_back_before_a_request_has_failed() {
    let gate = Gate::default();
    let (old, new) = (Origin::plain("old"), holding(&gate));
    let (rig, web) = armed(&old, &new, 50);
    let mut clients = held(&web, 12);
    eventually("it is taken back", || rig.share(&web.key, 2) == 0);
    let trip = rig.trips()[0].clone();
    assert_eq!(
        (trip.rule, trip.answers, trip.errors),
        (TripRule::Silent, 0, 0)
    );
    assert_eq!(trip.slow, 6);
    gate.open();
    let ends = clients.iter_mut().map(Client::answer);
    assert!(ends.map(|answer| answer.status).all(|status| status == 200));
}

#[test]
fn a_candidate_that_lets_some_wait_and_answers_others_is_not_silent() {
    let gate = Gate::default();
    let (old, new) = (Origin::plain("old"), holding(&gate));
    let (rig, web) = armed(&old, &new, 100);
    let mut waiting = held(&web, 12);
    // Longer than it may be silent.
    let until = Instant::now() + Duration::from_millis(2_500);
    let mut client = Client::connect(web.listener);
    while Instant::now() < until {
        assert_eq!(client.get("/").status, 200);
    }
    assert!(rig.trips().is_empty(), "{:?}", rig.trips());
    assert_eq!(rig.share(&web.key, 2), 50);
    gate.open();
    assert!(
        waiting
            .iter_mut()
            .all(|client| client.answer().status == 200)
    );
}
