//! Candidates that take too long, or answer nothing any more.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use windlass_control::{TripRule, Tripwire};
use windlass_model::{Millis, Rate, Slower};

use crate::client::Client;
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, slot};
use crate::tripwire::{Split, split, wire};

/// Answers that take longer than `than` milliseconds take it back above 5 %.
pub(crate) fn armed(old: &Origin, new: &Origin, than: u64) -> (Rig, Split) {
    let slower = Slower {
        than: Millis::from_millis(than),
        above: Rate::from_parts(500).expect("a share"),
        lasting: Millis::default(),
    };
    armed_by(old, new, Some(slower), None)
}

/// Half and half, by this threshold, with a longest time for answers.
fn armed_by(
    old: &Origin,
    new: &Origin,
    slower: Option<Slower>,
    answer: Option<Millis>,
) -> (Rig, Split) {
    let rig = Rig::start();
    let slots = [slot(1, 0, &[old.address]), slot(2, 0, &[new.address])];
    let mut web = split(&rig, "web", slots, 50);
    web.back.traffic.timeouts.answer = answer;
    web.raised.traffic.timeouts.answer = answer;
    rig.route(&web.key, web.back.clone());
    let tripwire = Tripwire {
        slower,
        ..wire("dep_1/web/1", &[(&web.key, &web.back)])
    };
    rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &tripwire)])
        .expect("armed");
    (rig, web)
}

/// Something that holds answers back until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let (open, changed) = &*self.0;
        let mut open = open.lock().expect("no panic");
        while !*open {
            open = changed.wait(open).expect("no panic");
        }
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().expect("no panic") = true;
        self.0.1.notify_all();
    }
}

/// Answers requests for `/held` when the gate is open, begins streams that end then, and answers others at
/// once.
pub(crate) fn holding(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::start(move |exchange| {
        if exchange.line().contains("/stream") {
            exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            gate.pass();
            exchange.write("0\r\n\r\n");
            return After::Keep;
        }
        if exchange.line().contains("/held") {
            gate.pass();
        }
        exchange.ok("new")
    })
}

/// Answers every request after a while.
fn taking(name: &'static str, time: Duration) -> Origin {
    Origin::start(move |exchange| {
        pass(time);
        exchange.ok(name)
    })
}

/// Lets time pass.
pub(crate) fn pass(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// Connections with a request under way, every second of which is the candidate's.
pub(crate) fn held(web: &Split, count: usize) -> Vec<Client> {
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
    let new = taking("new", Duration::from_millis(20));
    let (rig, web) = armed(&old, &new, 5);
    let mut client = Client::connect(web.listener);
    let begun = Instant::now();
    eventually("it is taken back", || {
        client.get("/");
        rig.share(&web.key, 2) == 0
    });
    // It may be cold for five seconds, and then it must stay slow for three.
    assert!(begun.elapsed() >= Duration::from_secs(8), "too soon");
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

#[test]
fn a_candidate_that_takes_its_time_as_the_old_one_does_is_not_silent() {
    let time = Duration::from_millis(2_500);
    let (old, new) = (taking("old", time), taking("new", time));
    // A sixth of it is a second.
    let (rig, web) = armed_by(&old, &new, None, Some(Millis::from_secs(6)));
    let mut waiting = Vec::new();
    for _ in 0..80 {
        waiting.extend(held(&web, 1));
        pass(Duration::from_millis(50));
    }
    assert!(rig.trips().is_empty(), "{:?}", rig.trips());
    assert_eq!(rig.share(&web.key, 2), 50);
    assert!(
        waiting
            .iter_mut()
            .all(|client| client.answer().status == 200)
    );
}

#[test]
fn a_candidate_whose_streams_begin_is_not_silent() {
    let gate = Gate::default();
    let (old, new) = (Origin::plain("old"), holding(&gate));
    let (rig, web) = armed(&old, &new, 100);
    let _waiting = held(&web, 12);
    // Longer than it may be silent; none of the streams ends.
    let until = Instant::now() + Duration::from_millis(2_500);
    let mut streams = Vec::new();
    while Instant::now() < until {
        let mut client = Client::connect(web.listener);
        client.send("GET /stream HTTP/1.1\r\nHost: shop\r\n\r\n");
        assert_eq!(client.head().expect("a head").status, 200);
        streams.push(client);
        pass(Duration::from_millis(50));
    }
    assert!(rig.trips().is_empty(), "{:?}", rig.trips());
    gate.open();
}

#[test]
fn a_client_that_sends_slowly_does_not_make_its_answer_slow() {
    let old = Origin::plain("old");
    let new = Origin::start(|exchange| {
        exchange.body();
        let length = "Content-Length: 0\r\n\r\n";
        if exchange.line().contains("/bad") {
            exchange.write(&format!("HTTP/1.1 500 Broken\r\n{length}"));
        } else {
            exchange.write(&format!("HTTP/1.1 204 Done\r\n{length}"));
        }
        After::Keep
    });
    let (rig, web) = armed(&old, &new, 200);
    let mut client = Client::connect(web.listener);
    for _ in 0..2 {
        client.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\na");
        pass(Duration::from_millis(400));
        client.send("b");
        assert!(client.answer().status < 300);
    }
    eventually("it is taken back for its errors", || {
        client.get("/bad");
        rig.share(&web.key, 2) == 0
    });
    let trip = rig.trips()[0].clone();
    assert_eq!((trip.rule, trip.slow), (TripRule::Errors, 0), "{trip:?}");
    assert!(trip.answers > trip.errors);
}
