//! What the router takes back by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use windlass_control::{
    Direction, Generation, Refusal, RouteChange, RouterReply, TableChange, TripRule, Tripwire,
    TripwireId,
};
use windlass_model::{
    Epoch, Millis, Probe, ProbeKind, Rate, Route, RouteSlot, ServiceKey, SlotId, Speaks,
};

use crate::client::Client;
use crate::origin::{After, Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};

/// Watches slot 2 at 5 %.
pub(crate) fn wire(id: &str, way_back: &[(&ServiceKey, &Route)]) -> Tripwire {
    let back = way_back.iter();
    Tripwire {
        id: TripwireId(id.to_owned()),
        slot: SlotId(2),
        errors_above: Rate::from_parts(500),
        slower: None,
        way_back: back.map(|(k, r)| ((*k).clone(), (*r).clone())).collect(),
    }
}

/// Answers 500 to every request.
pub(crate) fn failing() -> Origin {
    Origin::start(|exchange| {
        exchange.write("HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad");
        After::Keep
    })
}

/// An origin whose health is a switch.
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

fn probed(mut slot: RouteSlot) -> RouteSlot {
    slot.probe = Probe {
        kind: ProbeKind::Http {
            path: "/health".to_owned(),
            speaks: Speaks::Http1,
        },
        every: Millis::from_millis(20),
        timeout: Millis::from_secs(2),
        rise: 1,
        fall: 1,
        within: Millis::from_secs(10),
    };
    slot
}

/// One service whose candidate has a share, and how it was.
pub(crate) struct Split {
    pub(crate) key: ServiceKey,
    pub(crate) listener: std::net::SocketAddr,
    pub(crate) back: Route,
    pub(crate) raised: Route,
}

/// Slot 1 and slot 2 with `share`, not yet in effect.
pub(crate) fn split(rig: &Rig, name: &str, slots: [RouteSlot; 2], share: u64) -> Split {
    let listener = rig.listener();
    let [old, new] = slots;
    let weigh = |share: u64| {
        let (mut old, mut new) = (old.clone(), new.clone());
        old.weight = windlass_model::Percent::new(100 - share).expect("a share");
        new.weight = windlass_model::Percent::new(share).expect("a share");
        serving(listener, vec![old, new])
    };
    Split {
        key: key(name),
        listener,
        back: weigh(0),
        raised: weigh(share),
    }
}

/// A candidate that has everything, beside an old one that is watched for it.
pub(crate) fn newcomer(new: &Origin) -> (Rig, Split, Origin) {
    let old = Origin::plain("old");
    let (rig, web) = armed(&old, new.address, 100);
    (rig, web, old)
}

/// A router with `web` split half and half, armed.
fn armed(old: &Origin, new: std::net::SocketAddr, share: u64) -> (Rig, Split) {
    let rig = Rig::start();
    let slots = [slot(1, 0, &[old.address]), slot(2, 0, &[new])];
    let web = split(&rig, "web", slots, share);
    rig.route(&web.key, web.back.clone());
    let tripwire = wire("dep_1/web/1", &[(&web.key, &web.back)]);
    let done = rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &tripwire)]);
    assert_eq!(done.expect("armed")[&web.key], Generation(2));
    (rig, web)
}

/// Asks until the candidate has no share any more; the number of answers that were errors.
fn ask_until_back(rig: &Rig, web: &Split) -> usize {
    let mut client = Client::connect(web.listener);
    let mut bad = 0;
    eventually("it is taken back", || {
        bad += usize::from(client.get("/").status >= 500);
        rig.share(&web.key, 2) == 0
    });
    bad
}

#[test]
fn a_candidate_that_answers_errors_is_taken_back_within_ten_bad_answers() {
    let (old, new) = (Origin::plain("old"), failing());
    let (rig, web) = armed(&old, new.address, 50);
    let bad = ask_until_back(&rig, &web);
    assert!((6..=10).contains(&bad), "{bad} bad answers");
    let mut client = Client::connect(web.listener);
    assert!((0..50).all(|_| client.get("/").text() == "old"));

    let table = rig.observe();
    let service = &table.services[&web.key];
    assert_eq!(service.generation, Generation(3));
    assert_eq!(service.tripwire, None);
    assert_eq!(service.route, web.back);
    let [trip] = &table.trips[..] else {
        unreachable!("not one trip: {:?}", table.trips);
    };
    assert_eq!(trip.id.0, "dep_1/web/1");
    assert_eq!((&trip.service, trip.slot), (&web.key, SlotId(2)));
    assert_eq!(trip.rule, TripRule::Errors);
    assert_eq!(trip.took_back, std::slice::from_ref(&web.key));
    assert_eq!(trip.withheld, None);
    assert!(trip.errors >= 6 && trip.answers >= trip.errors);
    assert!(trip.at_us > 1_600_000_000_000_000);
}

/// At fifty requests a second the fifth failure comes after 80 ms, and that very request may be
/// answered by the old one already; a few more may be under way.
#[test]
fn a_dead_candidate_is_off_the_traffic_within_seven_requests_at_fifty_a_second() {
    let (old, dead) = (Origin::plain("old"), Refuses::new());
    let (rig, web) = armed(&old, dead.address, 100);
    let begun = Instant::now();
    let mut bad = 0;
    for n in 0..20 {
        let due = begun + Duration::from_millis(20) * n;
        while let Some(rest) = due.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(rest);
        }
        let answer = Client::connect(web.listener).get("/");
        bad += usize::from(answer.status == 502);
    }
    assert!((4..=7).contains(&bad), "{bad} bad answers");
    let trips = rig.trips();
    assert_eq!(trips[0].rule, TripRule::ConnectFailures);
    assert_eq!(trips[0].errors, trips[0].answers);
}

#[test]
fn answers_that_break_off_and_none_at_all_are_errors_too() {
    for head in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"] {
        let old = Origin::plain("old");
        let breaking = Origin::start(move |exchange| {
            exchange.write(head);
            After::Close
        });
        let (rig, web) = armed(&old, breaking.address, 100);
        eventually("it is taken back", || {
            // What the client sees of a broken answer is the business of other tests.
            let _broken = Client::connect(web.listener).try_get("/").is_ok();
            rig.share(&web.key, 2) == 0
        });
        assert_eq!(rig.trips()[0].rule, TripRule::Errors);
    }
}

#[test]
fn a_candidate_with_one_error_in_a_hundred_stays() {
    let old = Origin::plain("old");
    let count = AtomicUsize::new(0);
    let new = Origin::start(move |exchange| {
        if count.fetch_add(1, SeqCst) % 100 == 99 {
            exchange.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
            return After::Keep;
        }
        exchange.ok("new")
    });
    let (rig, web) = armed(&old, new.address, 50);
    let mut client = Client::connect(web.listener);
    let bad = (0..3_000).filter(|_| client.get("/").status == 500).count();
    assert_eq!(bad, 15);
    assert_eq!(rig.trips(), []);
    assert_eq!(rig.share(&web.key, 2), 50);
}

#[test]
fn errors_of_the_old_one_and_of_clients_are_no_evidence() {
    let (old, new) = (
        failing(),
        Origin::start(|exchange| {
            exchange.write("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
            After::Keep
        }),
    );
    let (rig, web) = armed(&old, new.address, 50);
    let mut client = Client::connect(web.listener);
    let bad = (0..200).filter(|_| client.get("/").status == 500).count();
    assert_eq!(bad, 100);
    assert_eq!(rig.trips(), []);
}

#[test]
fn a_candidate_of_which_nothing_is_ready_is_taken_back_without_a_request() {
    let (old, (new, well)) = (Origin::plain("old"), patient("new"));
    let rig = Rig::start();
    let slots = [
        slot(1, 0, &[old.address]),
        probed(slot(2, 0, &[new.address])),
    ];
    let web = split(&rig, "web", slots, 10);
    rig.route(&web.key, web.back.clone());
    let tripwire = Tripwire {
        errors_above: None,
        ..wire("dep_1/web/1", &[(&web.key, &web.back)])
    };
    rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &tripwire)])
        .expect("armed");
    well.store(false, SeqCst);
    eventually("it is taken back", || rig.share(&web.key, 2) == 0);
    assert_eq!(rig.trips()[0].rule, TripRule::InstancesGone);
}

#[test]
fn what_depends_on_it_goes_back_in_the_same_swap() {
    let (old, good, bad) = (Origin::plain("old"), Origin::plain("new"), failing());
    let rig = Rig::start();
    let new_slots = |new: &Origin| [slot(1, 0, &[old.address]), slot(2, 0, &[new.address])];
    let api = split(&rig, "api", new_slots(&bad), 100);
    rig.route(&api.key, api.back.clone());
    let web = split(&rig, "web", new_slots(&good), 100);
    rig.route(&web.key, web.back.clone());
    let of_api = wire(
        "dep_1/api/1",
        &[(&api.key, &api.back), (&web.key, &web.back)],
    );
    let of_web = wire("dep_1/web/1", &[(&web.key, &web.back)]);
    rig.arm(
        &[(&api.key, &api.raised), (&web.key, &web.raised)],
        &[(&api.key, &of_api), (&web.key, &of_web)],
    )
    .expect("armed");
    let mut client = Client::connect(api.listener);
    eventually("both are taken back", || {
        client.get("/");
        let table = rig.observe();
        let shares: Vec<_> = [&api, &web]
            .map(|s| table.services[&s.key].route.weight(SlotId(2)).get())
            .into();
        assert!(shares == [100, 100] || shares == [0, 0], "{shares:?}");
        shares == [0, 0]
    });
    let table = rig.observe();
    for service in [&api, &web] {
        let observed = &table.services[&service.key];
        assert_eq!(observed.generation, Generation(3));
        assert_eq!(observed.tripwire, None, "nothing left to take back");
    }
    assert_eq!(table.trips.len(), 1);
    assert_eq!(table.trips[0].took_back, [api.key, web.key]);
}

#[test]
fn without_capacity_there_it_is_withheld_and_goes_back_once_there_is() {
    let ((old, well), bad) = (patient("old"), failing());
    let rig = Rig::start();
    let slots = [
        probed(slot(1, 0, &[old.address])),
        slot(2, 0, &[bad.address]),
    ];
    let web = split(&rig, "web", slots, 100);
    rig.route(&web.key, web.back.clone());
    let tripwire = wire("dep_1/web/1", &[(&web.key, &web.back)]);
    rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &tripwire)])
        .expect("armed");
    well.store(false, SeqCst);
    let ready = || {
        !rig.observe().services[&web.key].slots[&SlotId(1)]
            .ready
            .is_empty()
    };
    eventually("the old one is not ready", || !ready());
    let mut client = Client::connect(web.listener);
    eventually("it fires", || {
        client.get("/");
        !rig.trips().is_empty()
    });
    let table = rig.observe();
    assert_eq!(table.trips.len(), 1);
    assert_eq!(table.trips[0].withheld.as_ref(), Some(&web.key));
    assert_eq!(table.trips[0].took_back, []);
    assert_eq!(rig.share(&web.key, 2), 100);
    assert_eq!(table.services[&web.key].tripwire.as_ref(), Some(&tripwire));
    assert_eq!(rig.acknowledge(rig.epoch, &tripwire.id), RouterReply::Done);
    assert_eq!(rig.trips(), [], "journalled, so told once");

    well.store(true, SeqCst);
    eventually("it goes back", || rig.share(&web.key, 2) == 0);
    let trips = rig.trips();
    assert_eq!(trips.len(), 1);
    assert_eq!(trips[0].took_back, [web.key]);
}

#[test]
fn raises_wait_until_the_trip_is_acknowledged_and_a_disarming_swap_loses() {
    let (old, new) = (Origin::plain("old"), failing());
    let (mut rig, web) = armed(&old, new.address, 50);
    ask_until_back(&rig, &web);
    let id = rig.trips()[0].id.clone();
    let disarm = |generation| TableChange {
        tripwires: BTreeMap::from([(web.key.clone(), None)]),
        relies_on: BTreeMap::from([(web.key.clone(), Generation(generation))]),
        ..TableChange::default()
    };
    let moved = Refusal::Generation {
        service: web.key.clone(),
        now: Generation(3),
    };
    assert_eq!(rig.swap(rig.epoch, disarm(2)), Err(moved), "the trip wins");
    let raise = || rig.change(Direction::Raise, &web.key, Some(web.raised.clone()));
    assert_eq!(raise(), Err(Refusal::Tripped(id.clone())));
    let back = rig.change(Direction::Return, &web.key, Some(web.back.clone()));
    assert_eq!(back, Ok(Generation(4)), "a return is never refused");

    rig.acknowledge(Epoch(5), &TripwireId("another".to_owned()));
    rig.epoch = Epoch(5);
    let old_epoch = RouterReply::Refused(Refusal::OldEpoch(Epoch(5)));
    assert_eq!(rig.acknowledge(Epoch(4), &id), old_epoch);
    assert_eq!(rig.trips().len(), 1);
    assert_eq!(rig.acknowledge(rig.epoch, &id), RouterReply::Done);
    assert_eq!(rig.acknowledge(rig.epoch, &id), RouterReply::Done);
    assert_eq!(rig.trips(), []);
    let again = rig.change(Direction::Raise, &web.key, Some(web.raised.clone()));
    assert_eq!(again, Ok(Generation(5)));
}

#[test]
fn while_halted_nothing_is_raised_and_everything_can_go_back() {
    let old = Origin::plain("old");
    let (rig, web) = armed(&old, old.address, 50);
    let halted = rig.path("halted");
    let raise = |route: &Route| rig.change(Direction::Raise, &web.key, Some(route.clone()));
    std::fs::write(&halted, r#"{"by":"ops","since_us":1}"#).expect("written");
    let same = raise(&web.raised);
    assert!(same.is_ok(), "it gives nobody more: {same:?}");
    let back = rig.change(Direction::Return, &web.key, Some(web.back.clone()));
    assert!(back.is_ok(), "{back:?}");
    let refused = |by: &str| Err(Refusal::Halted(by.to_owned()));
    assert_eq!(raise(&web.raised), refused("ops"));
    std::fs::write(&halted, "torn").expect("written");
    assert_eq!(raise(&web.raised), refused("somebody"));
    std::fs::remove_file(&halted).expect("lifted");
    assert!(raise(&web.raised).is_ok());
}

#[test]
fn a_raise_arms_anew_in_the_same_swap_and_a_return_disarms() {
    let (old, new) = (Origin::plain("old"), failing());
    let (rig, web) = armed(&old, new.address, 1);
    let armed_now = || rig.observe().services[&web.key].tripwire.clone();
    let first = armed_now().expect("armed");
    rig.route(&web.key, web.raised.clone());
    assert_eq!(armed_now(), Some(first), "a raise leaves it");
    let second = wire("dep_1/web/2", &[(&web.key, &web.back)]);
    let mut more = web.raised.clone();
    more.slots[0].weight = windlass_model::Percent::ZERO;
    more.slots[1].weight = windlass_model::Percent::FULL;
    rig.arm(&[(&web.key, &more)], &[(&web.key, &second)])
        .expect("armed");
    assert_eq!(armed_now(), Some(second.clone()));
    ask_until_back(&rig, &web);
    assert_eq!(rig.trips()[0].id, second.id);
    rig.acknowledge(rig.epoch, &second.id);

    rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &second)])
        .expect("armed");
    assert!(armed_now().is_some());
    let back = rig.change(Direction::Return, &web.key, Some(web.raised.clone()));
    assert!(back.is_ok());
    assert_eq!(armed_now(), None);
    rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &second)])
        .expect("armed");
    let disarm = TableChange {
        tripwires: BTreeMap::from([(web.key.clone(), None)]),
        ..TableChange::default()
    };
    rig.swap(rig.epoch, disarm).expect("disarmed");
    assert_eq!(armed_now(), None);
}

#[test]
fn a_tripwire_that_could_raise_or_has_no_way_back_is_refused_with_its_raise() {
    let old = Origin::plain("old");
    let (rig, web) = armed(&old, old.address, 50);
    let nobody = key("nobody");
    let mut closed = web.back.clone();
    closed.listeners = vec![std::net::SocketAddr::from(([127, 0, 0, 1], 9)).into()];
    let refused: [&[(&ServiceKey, &Route)]; 4] = [
        &[],
        &[(&web.key, &web.raised)],
        &[(&web.key, &web.back), (&nobody, &web.back)],
        &[(&web.key, &closed)],
    ];
    for way_back in refused {
        let bad = wire("dep_1/web/2", way_back);
        let said = rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &bad)]);
        assert!(matches!(said, Err(Refusal::Invalid(_))), "{said:?}");
    }
    let table = rig.observe();
    let observed = &table.services[&web.key];
    assert_eq!(observed.generation, Generation(2));
    assert_eq!(
        observed.tripwire.as_ref().expect("armed").id.0,
        "dep_1/web/1"
    );
}

#[test]
fn a_raise_that_relies_on_what_moved_is_refused_and_a_return_is_not() {
    let old = Origin::plain("old");
    let (rig, web) = armed(&old, old.address, 50);
    let change = |direction| TableChange {
        routes: BTreeMap::from([(
            web.key.clone(),
            RouteChange {
                direction,
                decided_on: rig.generation(&web.key),
                route: Some(web.back.clone()),
            },
        )]),
        relies_on: BTreeMap::from([(key("api"), Generation(7))]),
        ..TableChange::default()
    };
    let moved = Refusal::Generation {
        service: key("api"),
        now: Generation(0),
    };
    assert_eq!(rig.swap(rig.epoch, change(Direction::Raise)), Err(moved));
    assert!(rig.swap(rig.epoch, change(Direction::Return)).is_ok());
}
