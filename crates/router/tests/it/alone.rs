//! A router that runs alone: a file's routes, a person's splits.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use windlass_control::{
    Direction, Generation, ObservedRoute, Passage, Refusal, RouterReply, RouterRequest, Split,
    TableChange, TripRule,
};
use windlass_model::{Percent, Rate, Route, ServiceKey, SlotId};
use windlass_router::{Alone, RouterConfig, RouterError, Routes, run};

use crate::client::Client;
use crate::disk::SmallDisk;
use crate::origin::{Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::tripwire::{failing, wire};

/// Where nobody listens, until somebody is told to: this process has a loopback network of its own, in which no
/// connection of another test takes the port meanwhile.
pub(crate) fn free() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(8_000);

    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, 64 | (high & 63), middle, low);
    SocketAddr::from((own, NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// A file with two origins, of which the second one has a share.
pub(crate) fn file(
    listener: SocketAddr,
    one: SocketAddr,
    two: SocketAddr,
    share: u64,
) -> BTreeMap<ServiceKey, Route> {
    let slots = vec![slot(1, 100 - share, &[one]), slot(2, share, &[two])];
    [(key("web"), serving(listener, slots))].into()
}

/// A file that is not read again.
fn once(routes: Routes) -> Alone {
    Alone::new(routes, || Err("it is not read again".to_owned()))
}

fn now(rig: &Rig) -> ObservedRoute {
    rig.observe().services[&key("web")].clone()
}

fn asked(rig: &Rig, slot: u32, share: u64) -> Split {
    Split {
        service: key("web"),
        slot: SlotId(slot),
        share: Percent::new(share).expect("a share"),
        decided_on: now(rig).generation,
        errors_above: Rate::from_parts(500),
        slower: None,
        again: false,
    }
}

fn split(rig: &Rig, slot: u32, share: u64) -> RouterReply {
    rig.call(&RouterRequest::Split(asked(rig, slot, share)))
}

fn go_back(rig: &Rig) -> RouterReply {
    rig.call(&RouterRequest::GoBack { service: None })
}

/// How many of a hundred requests the second origin answers.
fn of_a_hundred(listener: SocketAddr) -> usize {
    let mut client = Client::connect(listener);
    let answers = (0..100).map(|_| client.get("/").text());
    answers.filter(|text| text == "new").count()
}

#[test]
fn a_file_is_served_and_a_split_moves_exactly_its_share() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let listener = free();
    let rig = Rig::alone(&file(listener, old.address, new.address, 0));
    assert_eq!(of_a_hundred(listener), 0);
    for (slot, share, to_new) in [(2, 5, 5), (1, 75, 25), (2, 100, 100)] {
        assert!(matches!(split(&rig, slot, share), RouterReply::Applied(_)));
        assert_eq!(of_a_hundred(listener), to_new);
        let watched = now(&rig).tripwire.map(|wire| wire.slot);
        assert_eq!(watched, Some(SlotId(2)), "the newcomer, whoever is named");
    }
    let back = go_back(&rig);
    let RouterReply::WentBack(trips) = back else {
        unreachable!("did not go back: {back:?}");
    };
    assert_eq!(trips[0].rule, TripRule::Asked);
    assert_eq!(of_a_hundred(listener), 0);
    assert_eq!(
        go_back(&rig),
        RouterReply::WentBack(Vec::new()),
        "nothing is armed"
    );
    assert!(rig.trips().is_empty(), "there is no controller to be told");
}

#[test]
fn a_split_outlives_a_kill_until_the_file_says_something_else() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let listener = free();
    let rig = Rig::alone(&file(listener, old.address, new.address, 0));
    assert!(matches!(split(&rig, 2, 30), RouterReply::Applied(_)));
    rig.kill();
    rig.begin();
    assert_eq!(of_a_hundred(listener), 30);
    assert!(matches!(go_back(&rig), RouterReply::WentBack(_)));
    eventually("the way back is on disk", || {
        let table = std::fs::read_to_string(rig.table_path()).unwrap_or_default();
        !table.contains("\"weight\":30")
    });
    rig.kill();
    rig.begin();
    assert_eq!(of_a_hundred(listener), 0, "what went back stays back");
    rig.kill();
    rig.file(&file(listener, old.address, new.address, 40));
    rig.begin();
    assert_eq!(of_a_hundred(listener), 40);
}

#[test]
fn a_newcomer_that_fails_goes_back_by_itself_and_stays_back_until_somebody_means_it() {
    let (old, new) = (Origin::plain("old"), failing());
    let listener = free();
    let rig = Rig::alone(&file(listener, old.address, new.address, 0));
    assert!(matches!(split(&rig, 2, 50), RouterReply::Applied(_)));
    let mut client = Client::connect(listener);
    eventually("it goes back", || {
        client.get("/");
        rig.share(&key("web"), 2) == 0
    });
    let trips = rig.trips();
    assert_eq!(trips[0].rule, TripRule::Errors);
    let refused = split(&rig, 2, 1);
    assert_eq!(
        refused,
        RouterReply::Refused(Refusal::Tripped(trips[0].id.clone()))
    );
    let again = Split {
        again: true,
        ..asked(&rig, 2, 1)
    };
    let done = rig.call(&RouterRequest::Split(again));
    assert!(matches!(done, RouterReply::Applied(_)), "{done:?}");
    assert!(rig.trips().is_empty());
}

#[test]
fn what_has_got_everything_is_what_the_next_split_goes_back_to() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::alone(&file(free(), old.address, new.address, 0));
    // Step by step the way back stays what was there before the first step.
    for share in [5, 25, 100] {
        assert!(matches!(split(&rig, 2, share), RouterReply::Applied(_)));
        let wire = now(&rig).tripwire.expect("a tripwire");
        assert_eq!(wire.slot, SlotId(2));
    }
    assert!(matches!(go_back(&rig), RouterReply::WentBack(_)));
    assert_eq!(rig.share(&key("web"), 1), 100);
    // Once the second origin has everything, the first one is the newcomer.
    assert!(matches!(split(&rig, 2, 100), RouterReply::Applied(_)));
    assert!(matches!(split(&rig, 1, 10), RouterReply::Applied(_)));
    let wire = now(&rig).tripwire.expect("a tripwire");
    assert_eq!(wire.slot, SlotId(1));
    assert!(matches!(go_back(&rig), RouterReply::WentBack(_)));
    assert_eq!(rig.share(&key("web"), 2), 100);
}

#[test]
fn of_two_with_the_same_share_the_one_that_gets_more_is_watched() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::alone(&file(free(), old.address, new.address, 50));
    assert!(matches!(split(&rig, 1, 60), RouterReply::Applied(_)));
    assert_eq!(now(&rig).tripwire.expect("a tripwire").slot, SlotId(1));
}

#[test]
fn a_newcomer_that_is_not_there_costs_no_request_and_goes_back() {
    let (old, gone) = (Origin::plain("old"), Refuses::new());
    let listener = free();
    let rig = Rig::alone(&file(listener, old.address, gone.address, 0));
    assert!(matches!(split(&rig, 2, 50), RouterReply::Applied(_)));
    let mut client = Client::connect(listener);
    eventually("it goes back", || {
        client.get("/");
        rig.share(&key("web"), 2) == 0
    });
    assert_eq!(rig.trips()[0].rule, TripRule::ConnectFailures);
    assert_eq!(client.get("/").text(), "old");
}

#[test]
fn a_split_that_was_decided_on_another_one_is_refused() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::alone(&file(free(), old.address, new.address, 0));
    let late = asked(&rig, 2, 10);
    assert!(matches!(split(&rig, 2, 5), RouterReply::Applied(_)));
    let reply = rig.call(&RouterRequest::Split(late));
    let moved = matches!(reply, RouterReply::Refused(Refusal::Generation { .. }));
    assert!(moved, "{reply:?}");
    assert_eq!(rig.share(&key("web"), 2), 5);
}

#[test]
fn a_halt_stops_a_split_and_no_way_back() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::alone(&file(free(), old.address, new.address, 0));
    assert!(matches!(split(&rig, 2, 5), RouterReply::Applied(_)));
    std::fs::write(rig.path("halted"), r#"{"by":"mira","since_us":7}"#).expect("written");
    let refused = RouterReply::Refused(Refusal::Halted("mira".to_owned()));
    assert_eq!(split(&rig, 2, 6), refused);
    assert!(matches!(split(&rig, 2, 0), RouterReply::Applied(_)));
    assert_eq!(rig.share(&key("web"), 2), 0);
}

#[test]
fn no_controller_is_obeyed_alone_and_no_person_splits_under_one() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::alone(&file(free(), old.address, new.address, 0));
    let epoch = rig.epoch;
    let change = TableChange::default();
    for request in [
        RouterRequest::Hello { epoch },
        RouterRequest::Apply { epoch, change },
        RouterRequest::Shutdown { epoch },
    ] {
        assert_eq!(rig.call(&request), RouterReply::Refused(Refusal::Alone));
    }
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[old.address]), slot(2, 0, &[new.address])];
    rig.route(&key("web"), serving(listener, slots));
    assert_eq!(split(&rig, 2, 5), RouterReply::Refused(Refusal::Controlled));
}

#[test]
fn a_person_goes_back_under_a_controller_which_hears_of_it_when_it_lives_again() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::start();
    let (listener, web) = (rig.listener(), key("web"));
    let shares = |new_share| {
        let one = slot(1, 100 - new_share, &[old.address]);
        serving(listener, vec![one, slot(2, new_share, &[new.address])])
    };
    let (before, after) = (shares(0), shares(20));
    rig.route(&web, before.clone());
    let armed = rig.arm(&[(&web, &after)], &[(&web, &wire("w", &[(&web, &before)]))]);
    assert!(armed.is_ok(), "{armed:?}");
    assert_eq!(of_a_hundred(listener), 20);

    let RouterReply::WentBack(trips) = go_back(&rig) else {
        unreachable!("did not go back");
    };
    assert_eq!(trips[0].took_back, std::slice::from_ref(&web));
    assert_eq!(of_a_hundred(listener), 0);
    let raised = rig.change(Direction::Raise, &web, Some(after.clone()));
    assert_eq!(raised, Err(Refusal::Tripped(trips[0].id.clone())));
    assert_eq!(rig.trips(), trips, "for the controller to journal");
    let heard = rig.acknowledge(rig.epoch, &trips[0].id);
    assert_eq!(heard, RouterReply::Done);
    let raised = rig.change(Direction::Raise, &web, Some(after));
    assert!(raised.is_ok(), "{raised:?}");
}

#[test]
fn going_back_is_refused_where_nothing_is_ready_to_go_back_to() {
    let new = Origin::plain("new");
    let old = Refuses::new();
    let rig = Rig::start();
    let (listener, web) = (rig.listener(), key("web"));
    let shares = |new_share| {
        let mut one = slot(1, 100 - new_share, &[old.address]);
        one.probe = windlass_model::Probe {
            every: windlass_model::Millis::from_millis(20),
            fall: 1,
            ..windlass_model::Probe::default()
        };
        serving(listener, vec![one, slot(2, new_share, &[new.address])])
    };
    let (before, after) = (shares(0), shares(100));
    rig.route(&web, before.clone());
    let armed = rig.arm(&[(&web, &after)], &[(&web, &wire("w", &[(&web, &before)]))]);
    assert!(armed.is_ok(), "{armed:?}");
    eventually("the old one is known to be gone", || {
        now(&rig).slots[&SlotId(1)].ready.is_empty()
    });
    let reply = go_back(&rig);
    let refused = matches!(reply, RouterReply::Refused(Refusal::NoCapacity { .. }));
    assert!(refused, "{reply:?}");
    assert_eq!(rig.share(&web, 2), 100);
    assert!(rig.trips().is_empty());
}

#[test]
fn a_state_folder_belongs_to_one_kind_of_router() {
    let origin = Origin::plain("old");
    let rig = Rig::start();
    let listener = rig.listener();
    rig.route(
        &key("web"),
        serving(listener, vec![slot(1, 100, &[origin.address])]),
    );
    rig.end();
    let alone = RouterConfig {
        alone: Some(once(file(free(), origin.address, origin.address, 0))),
        ..rig.config()
    };
    let refused = run(alone);
    assert!(
        matches!(refused, Err(RouterError::OtherKind { alone: true, .. })),
        "{refused:?}"
    );

    let rig = Rig::alone(&file(free(), origin.address, origin.address, 0));
    rig.end();
    let controlled = RouterConfig {
        alone: None,
        ..rig.config()
    };
    let refused = run(controlled);
    assert!(
        matches!(refused, Err(RouterError::OtherKind { alone: false, .. })),
        "{refused:?}"
    );
}

#[test]
fn an_address_that_is_taken_is_named_and_nothing_is_served() {
    let origin = Origin::plain("old");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = taken.local_addr().expect("an address");
    let rig = Rig::outside();
    let config = RouterConfig {
        alone: Some(once(file(address, origin.address, origin.address, 0))),
        ..rig.config()
    };
    let refused = run(config);
    let named =
        matches!(&refused, Err(RouterError::Address { address: named, .. }) if *named == address);
    assert!(named, "{refused:?}");
    assert!(!rig.table_path().exists());
}

#[test]
fn where_metrics_are_asked_for_may_be_taken_and_requests_are_served_all_the_same() {
    let origin = Origin::plain("old");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let listener = free();
    let mut routes = file(listener, origin.address, origin.address, 0);
    for route in routes.values_mut() {
        route.listeners[0].metrics = Some(taken.local_addr().expect("an address"));
    }
    let _rig = Rig::alone(&routes);
    assert_eq!(Client::connect(listener).get("/").text(), "old");
}

#[test]
fn a_service_with_one_origin_has_nothing_to_split() {
    let origin = Origin::plain("old");
    let route = serving(free(), vec![slot(1, 100, &[origin.address])]);
    let rig = Rig::alone(&[(key("web"), route)].into());
    let reply = split(&rig, 1, 50);
    let told = matches!(&reply, RouterReply::Refused(Refusal::Invalid(what)) if what.contains("one origin"));
    assert!(told, "{reply:?}");
    assert_eq!(now(&rig).generation, Generation(1));
}

fn pause(rig: &Rig) -> RouterReply {
    rig.call(&RouterRequest::Passage {
        epoch: rig.observe().epoch,
        service: Some(key("web")),
        passage: Passage::Maintenance,
        until_us: None,
    })
}

/// Why the disk does not take what is in effect.
fn unkept(rig: &Rig) -> Option<String> {
    rig.observe().unkept.and_then(|unkept| unkept.why)
}

#[test]
fn a_router_begins_on_a_full_disk_and_keeps_its_table_as_soon_as_there_is_room() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let listener = free();
    let rig = Rig::outside();
    let Some(disk) = SmallDisk::mount(&rig.path("state")) else {
        println!("not proven here: only root mounts a small disk");
        return;
    };
    disk.fill();
    rig.file(&file(listener, old.address, new.address, 0));
    rig.begin();
    assert_eq!(of_a_hundred(listener), 0);
    eventually("it says that it is not kept", || unkept(&rig).is_some());
    assert!(matches!(
        split(&rig, 2, 30),
        RouterReply::Refused(Refusal::NotKept(_))
    ));
    disk.clear();
    eventually("it is kept", || rig.observe().unkept.is_none());
    assert!(matches!(split(&rig, 2, 30), RouterReply::Applied(_)));

    // And with what was kept before.
    disk.fill();
    rig.kill();
    rig.begin();
    assert_eq!(of_a_hundred(listener), 30);
    rig.end();
    drop(disk);
}

#[test]
fn a_pause_on_a_full_disk_is_in_effect_and_known_to_be_lost_with_the_router() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let listener = free();
    let rig = Rig::outside();
    let Some(disk) = SmallDisk::mount(&rig.path("state")) else {
        println!("not proven here: only root mounts a small disk");
        return;
    };
    rig.file(&file(listener, old.address, new.address, 0));
    rig.begin();
    eventually("all is kept", || rig.observe().unkept.is_none());
    disk.fill();
    assert_eq!(pause(&rig), RouterReply::Done);
    assert_eq!(Client::connect(listener).get("/").status, 503);
    eventually("it says that it is not kept", || unkept(&rig).is_some());
    rig.kill();
    rig.begin();
    assert_eq!(Client::connect(listener).get("/").status, 200);
    assert_eq!(pause(&rig), RouterReply::Done);
    disk.clear();
    eventually("it is kept", || rig.observe().unkept.is_none());
    rig.kill();
    rig.begin();
    assert_eq!(Client::connect(listener).get("/").status, 503);
    rig.end();
    drop(disk);
}
