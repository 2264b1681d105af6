//! The router's own probes.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use windlass_control::{Direction, Refusal};
use windlass_model::{Millis, Probe, ProbeKind, RouteSlot, SlotId, Speaks};

use crate::client::Client;
use crate::origin::{After, Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};

/// An origin that can be made unwell.
fn patient(name: &'static str) -> (Origin, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(true));
    let now = well.clone();
    let origin = Origin::start(move |exchange| {
        if exchange.line().contains("/health") && !now.load(SeqCst) {
            exchange.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
            return After::Keep;
        }
        exchange.ok(name)
    });
    (origin, well)
}

pub(crate) fn probed(mut slot: RouteSlot, kind: ProbeKind) -> RouteSlot {
    slot.probe = Probe {
        kind,
        every: Millis::from_millis(20),
        timeout: Millis::from_secs(2),
        rise: 2,
        fall: 2,
        within: Millis::from_secs(10),
    };
    slot
}

fn http() -> ProbeKind {
    ProbeKind::Http {
        path: "/health".to_owned(),
        speaks: Speaks::Http1,
    }
}

fn ready(rig: &Rig, id: u32) -> usize {
    rig.observe().services[&key("web")].slots[&SlotId(id)]
        .ready
        .len()
}

#[test]
fn an_unready_instance_gets_nothing_while_another_is_ready() {
    let (sick, well) = patient("sick");
    let (fine, _) = patient("fine");
    let rig = Rig::start();
    let listener = rig.listener();
    let both = probed(slot(1, 100, &[sick.address, fine.address]), http());
    rig.route(&key("web"), serving(listener, vec![both]));
    let mut client = Client::connect(listener);
    let seen: Vec<String> = (0..10).map(|_| client.get("/").text()).collect();
    assert!(seen.contains(&"sick".to_owned()) && seen.contains(&"fine".to_owned()));

    well.store(false, SeqCst);
    eventually("it is unready", || ready(&rig, 1) == 1);
    for _ in 0..20 {
        assert_eq!(client.get("/").text(), "fine");
    }
    well.store(true, SeqCst);
    eventually("it is ready again", || ready(&rig, 1) == 2);
    let seen: Vec<String> = (0..10).map(|_| client.get("/").text()).collect();
    assert!(seen.contains(&"sick".to_owned()));
}

#[test]
fn with_no_ready_instance_requests_are_still_sent_and_a_raise_is_refused() {
    let (sick, well) = patient("sick");
    let fine = Origin::plain("fine");
    let rig = Rig::start();
    let listener = rig.listener();
    let web = key("web");
    let to = |sick_weight| {
        let slots = vec![
            probed(slot(1, sick_weight, &[sick.address]), http()),
            slot(2, 100 - sick_weight, &[fine.address]),
        ];
        serving(listener, slots)
    };
    rig.route(&web, to(50));
    well.store(false, SeqCst);
    eventually("it is unready", || ready(&rig, 1) == 0);
    let mut client = Client::connect(listener);
    let seen: Vec<String> = (0..10).map(|_| client.get("/").text()).collect();
    assert_eq!(seen.iter().filter(|name| *name == "sick").count(), 5);

    let refusal = Refusal::NoCapacity {
        service: web.clone(),
        slot: SlotId(1),
    };
    let raise = rig.change(Direction::Raise, &web, Some(to(60)));
    assert_eq!(raise, Err(refusal));
    let less = rig.change(Direction::Raise, &web, Some(to(40)));
    assert!(less.is_ok(), "the other one grows: {less:?}");
    let back = rig.change(Direction::Return, &web, Some(to(100)));
    assert!(back.is_ok(), "a return is not refused for it: {back:?}");
}

#[test]
fn it_takes_as_many_answers_as_are_said_to_make_an_instance_ready_or_not() {
    let (told, asked) = channel::<()>();
    let (answer, next) = channel::<bool>();
    let probes = Mutex::new((told, next));
    let origin = Origin::start(move |exchange| {
        let probes = probes.lock().expect("a lock");
        // Both ends are dropped when the test is over.
        probes.0.send(()).ok();
        if probes.1.recv().unwrap_or(true) {
            return exchange.ok("well");
        }
        exchange.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        After::Keep
    });
    let rig = Rig::start();
    let listener = rig.listener();
    let mut one = probed(slot(1, 100, &[origin.address]), http());
    (one.probe.rise, one.probe.fall) = (2, 3);
    one.probe.timeout = Millis::from_secs(20);
    rig.route(&key("web"), serving(listener, vec![one]));
    asked.recv().expect("a probe");
    for (number, (is_well, is_ready)) in [
        (false, 1),
        (false, 1),
        (true, 1),
        (false, 1),
        (false, 1),
        (false, 0),
        (true, 0),
        (false, 0),
        (true, 0),
        (true, 1),
        (false, 1),
    ]
    .into_iter()
    .enumerate()
    {
        answer.send(is_well).expect("a probe that waits");
        // The next one comes once this one was heard.
        asked.recv().expect("a probe");
        assert_eq!(ready(&rig, 1), is_ready, "after answer {number}");
    }
}

#[test]
fn a_tcp_probe_sees_a_closed_port() {
    let dead = Refuses::new();
    let rig = Rig::start();
    let listener = rig.listener();
    let closed = probed(slot(1, 100, &[dead.address]), ProbeKind::Tcp);
    rig.route(&key("web"), serving(listener, vec![closed]));
    eventually("it is unready", || ready(&rig, 1) == 0);
}
