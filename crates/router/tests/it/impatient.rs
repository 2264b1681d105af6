//! A candidate that answers nothing, and clients that do not wait for long: each of them leaves before it is
//! old enough to be silence by itself.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use windlass_control::TripRule;

use crate::client::Client;
use crate::left::reset;
use crate::origin::Origin;
use crate::rig::{Rig, eventually};
use crate::slow::{Gate, armed, held, holding, pass};
use crate::tripwire::Split;

/// Less than the second that silence needs at least, and longer than anybody waits in vain at the least.
const PATIENCE: Duration = Duration::from_millis(700);
/// Time from one client to the next.
const EVERY: Duration = Duration::from_millis(30);
/// Longer than silence needs.
const ENOUGH: Duration = Duration::from_millis(2_500);

/// Clients that come one after another, each of whom leaves after a while.
struct Flow {
    listener: SocketAddr,
    waiting: VecDeque<(Instant, Client)>,
}

impl Flow {
    fn to(web: &Split) -> Self {
        Self {
            listener: web.listener,
            waiting: VecDeque::new(),
        }
    }

    /// One more comes, and those leave that have waited for long enough.
    fn goes_on(&mut self) {
        let client = Client::connect(self.listener);
        client.send("GET /held HTTP/1.1\r\nHost: shop\r\n\r\n");
        self.waiting.push_back((Instant::now(), client));
        while let Some((came, client)) = self.waiting.pop_front() {
            if came.elapsed() < PATIENCE {
                self.waiting.push_front((came, client));
                break;
            }
            reset(client);
        }
        pass(EVERY);
    }
}

/// Has both sides answer once, so that it is known how long what is stable takes.
fn know(web: &Split) {
    let mut client = Client::connect(web.listener);
    for _ in 0..2 {
        assert_eq!(client.get("/").status, 200);
    }
}

fn takes_nothing_back(rig: &Rig, web: &Split) {
    assert!(rig.trips().is_empty(), "{:?}", rig.trips());
    assert_eq!(rig.share(&web.key, 2), 50);
}

#[test]
fn a_candidate_that_answers_nothing_is_taken_back_although_none_of_its_clients_waits_for_long() {
    let gate = Gate::default();
    let (old, new) = (Origin::plain("old"), holding(&gate));
    let (rig, web) = armed(&old, &new, 50);
    let mut flow = Flow::to(&web);
    eventually("it is taken back", || {
        flow.goes_on();
        rig.share(&web.key, 2) == 0
    });
    let [trip] = &rig.trips()[..] else {
        unreachable!("not one trip");
    };
    assert_eq!(
        (trip.rule, trip.answers, trip.errors),
        (TripRule::Silent, 0, 0)
    );
    assert!(trip.slow >= 5, "{trip:?}");
    assert_eq!(rig.share(&web.key, 1), 100, "nobody else has anything");
    gate.open();
    assert_eq!(Client::connect(web.listener).get("/held").text(), "old");
}

#[test]
fn some_who_leave_a_page_at_once_and_nobody_after_them_take_nothing_back() {
    let gate = Gate::default();
    let (old, new) = (Origin::plain("old"), holding(&gate));
    let (rig, web) = armed(&old, &new, 50);
    know(&web);
    let clients = held(&web, 20);
    pass(PATIENCE);
    clients.into_iter().for_each(reset);
    eventually("nothing is in flight", || rig.in_flight(&web.key, 2) == 0);
    pass(ENOUGH);
    takes_nothing_back(&rig, &web);
    gate.open();
}

#[test]
fn while_clients_leave_what_is_stable_as_well_it_is_not_the_candidate() {
    let gate = Gate::default();
    let (old, new) = (holding(&gate), holding(&gate));
    let (rig, web) = armed(&old, &new, 50);
    know(&web);
    let mut flow = Flow::to(&web);
    let until = Instant::now() + ENOUGH;
    while Instant::now() < until {
        flow.goes_on();
    }
    takes_nothing_back(&rig, &web);
    gate.open();
}
