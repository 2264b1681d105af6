//! What a table change is refused for, and what survives a restart.

use std::collections::BTreeMap;

use windlass_control::{Direction, Generation, Refusal, RouteChange, RouterReply, RouterRequest};
use windlass_model::{Epoch, SlotId};

use crate::client::Client;
use crate::origin::{Origin, Refuses};
use crate::rig::{Control, Rig, eventually, key, serving, slot};

#[test]
fn a_raise_decided_on_another_generation_is_refused_and_a_return_is_not() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let web = key("web");
    let route = serving(listener, vec![slot(1, 100, &[origin.address])]);
    let change = |direction, decided_on| {
        let change = RouteChange {
            direction,
            decided_on: Generation(decided_on),
            route: Some(route.clone()),
        };
        rig.apply(rig.epoch, BTreeMap::from([(web.clone(), change)]))
    };
    let now = |generation| BTreeMap::from([(web.clone(), Generation(generation))]);
    assert_eq!(change(Direction::Raise, 0), Ok(now(1)));
    assert_eq!(change(Direction::Raise, 1), Ok(now(2)));
    let refusal = Refusal::Generation {
        service: web.clone(),
        now: Generation(2),
    };
    assert_eq!(change(Direction::Raise, 1), Err(refusal.clone()));
    assert_eq!(change(Direction::Raise, 3), Err(refusal));
    assert_eq!(change(Direction::Return, 0), Ok(now(3)));
}

#[test]
fn several_services_change_together_or_not_at_all() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let (one, two) = (rig.listener(), rig.listener());
    let change = |listener, decided_on| RouteChange {
        direction: Direction::Raise,
        decided_on: Generation(decided_on),
        route: Some(serving(listener, vec![slot(1, 100, &[origin.address])])),
    };
    let mixed = BTreeMap::from([(key("a"), change(one, 0)), (key("b"), change(two, 7))]);
    let (again_one, again_two) = (one, two);
    assert!(rig.apply(rig.epoch, mixed).is_err());
    assert!(rig.observe().services.is_empty());
    assert!(
        rig.listeners().0.is_empty(),
        "and nobody waits at a listener"
    );
    eventually("both are closed", || {
        Client::try_connect(again_one).is_err() && Client::try_connect(again_two).is_err()
    });
    let (one, two) = (rig.listener(), rig.listener());
    let both = BTreeMap::from([(key("a"), change(one, 0)), (key("b"), change(two, 0))]);
    assert_eq!(rig.apply(rig.epoch, both).expect("applied").len(), 2);
}

#[test]
fn an_older_epoch_is_refused_everything() {
    let origin = Origin::plain("hello");
    let mut rig = Rig::start();
    let hello = |epoch| {
        rig.call(&RouterRequest::Hello {
            epoch: Epoch(epoch),
        })
    };
    assert!(matches!(hello(5), RouterReply::Welcome { .. }));
    let old = RouterReply::Refused(Refusal::OldEpoch(Epoch(5)));
    assert_eq!(hello(4), old);
    let shutdown = rig.call(&RouterRequest::Shutdown { epoch: Epoch(4) });
    assert_eq!(shutdown, old);
    rig.epoch = Epoch(5);
    let listener = rig.listener();
    let change = RouteChange {
        direction: Direction::Return,
        decided_on: Generation(0),
        route: Some(serving(listener, vec![slot(1, 100, &[origin.address])])),
    };
    let changes = BTreeMap::from([(key("web"), change)]);
    let refused = rig.apply(Epoch(4), changes.clone());
    assert_eq!(refused, Err(Refusal::OldEpoch(Epoch(5))));
    assert_eq!(
        rig.listeners().0,
        [listener],
        "an old controller closes nothing of the new one's"
    );
    assert!(rig.apply(Epoch(5), changes).is_ok());
    rig.end();
    rig.begin();
    assert_eq!(rig.observe().epoch, Epoch(5), "kept over a restart");
}

#[test]
fn a_table_that_is_not_valid_says_why() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let refused = |name: &str, route| {
        let done = rig.change(Direction::Raise, &key(name), Some(route));
        match done {
            Err(Refusal::Invalid(what)) => what,
            other => format!("not invalid: {other:?}"),
        }
    };
    let at = [origin.address];
    rig.route(&key("web"), serving(listener, vec![slot(1, 100, &at)]));
    assert_eq!(
        refused("web", serving(listener, vec![slot(1, 99, &at)])),
        "the weights of shop/default/web add up to 99, not 100"
    );
    assert_eq!(
        refused(
            "web",
            serving(listener, vec![slot(1, 50, &at), slot(1, 50, &at)])
        ),
        "shop/default/web names slot 1 twice"
    );
    assert_eq!(
        refused("zoo", serving(listener, vec![slot(1, 100, &at)])),
        format!("{listener} of shop/default/zoo belongs to shop/default/web")
    );
    let never = Refuses::new().address;
    assert_eq!(
        refused("zoo", serving(never, vec![slot(1, 100, &at)])),
        format!("no listening socket for {never} of shop/default/zoo was handed over")
    );
    let empty = rig.change(
        Direction::Raise,
        &key("web"),
        Some(serving(listener, vec![slot(2, 100, &[])])),
    );
    let refusal = Refusal::NoCapacity {
        service: key("web"),
        slot: SlotId(2),
    };
    assert_eq!(empty, Err(refusal));
    assert_eq!(Client::connect(listener).get("/").text(), "hello");
}

#[test]
fn a_full_disk_stops_a_raise_and_not_a_return() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::start();
    let listener = rig.listener();
    let web = key("web");
    let to = |origin: &Origin, id| serving(listener, vec![slot(id, 100, &[origin.address])]);
    rig.route(&web, to(&new, 2));
    // Where the next table would be written there is no room for a file.
    let beside = rig.table_path().with_extension("json.new");
    std::fs::create_dir(&beside).expect("a folder");
    let raise = rig.change(Direction::Raise, &web, Some(to(&old, 1)));
    assert!(matches!(raise, Err(Refusal::NotKept(_))), "{raise:?}");
    assert_eq!(Client::connect(listener).get("/").text(), "new");
    let back = rig.change(Direction::Return, &web, Some(to(&old, 1)));
    assert!(back.is_ok(), "{back:?}");
    assert_eq!(Client::connect(listener).get("/").text(), "old");

    std::fs::remove_dir(&beside).expect("removed");
    eventually("it is kept as soon as there is room", || {
        let kept = std::fs::read_to_string(rig.table_path()).expect("a table");
        kept.contains("\"slot\":1")
    });
}

#[test]
fn the_last_good_table_serves_after_a_restart() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let fd = std::os::fd::AsFd::as_fd(&listener);
    rig.hand_over(address, fd);
    let web = key("web");
    rig.route(
        &web,
        serving(address, vec![slot(1, 100, &[origin.address])]),
    );
    let before = rig.observe().services;
    rig.end();

    // Comes while nobody accepts, and waits in the socket that this side kept.
    let mut client = Client::connect(address);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    rig.begin();
    assert_eq!(rig.observe().services, before);
    assert_eq!(rig.hand_over(address, fd), RouterReply::Done);
    assert_eq!(client.answer().text(), "hello");
}

#[test]
fn a_corrupt_table_is_refused_whole() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let web = key("web");
    rig.route(
        &web,
        serving(listener, vec![slot(1, 100, &[origin.address])]),
    );
    rig.end();
    let good = std::fs::read_to_string(rig.table_path()).expect("a table");
    let bad = good.replace("\"weight\":100", "\"weight\":99");
    assert_ne!(good, bad);
    std::fs::write(rig.table_path(), &bad).expect("written");
    std::fs::write(second(&rig), &bad).expect("written");
    rig.begin();
    let observed = rig.observe();
    assert!(observed.services.is_empty());
    let damaged = observed.damaged.expect("it says so");
    assert!(
        !damaged.second_taken && damaged.why.contains("SHA-256"),
        "{damaged:?}"
    );
    let aside = std::fs::read_to_string(damaged.aside.expect("a place"));
    assert_eq!(aside.expect("kept"), bad);
    let older = Epoch(rig.epoch.0 - 1);
    assert_eq!(observed.epoch, rig.epoch);
    assert_eq!(
        rig.apply(older, BTreeMap::new()),
        Err(Refusal::OldEpoch(rig.epoch)),
        "who is older is so without a table too"
    );
    let listener = rig.listener();
    rig.route(
        &web,
        serving(listener, vec![slot(1, 100, &[origin.address])]),
    );
    rig.end();
    rig.begin();
    assert_eq!(
        rig.observe().services.len(),
        1,
        "a good one takes its place"
    );
    assert_eq!(rig.observe().damaged, None);
}

/// Where the table is kept once more.
fn second(rig: &Rig) -> std::path::PathBuf {
    rig.table_path().with_file_name("table.second.json")
}

#[test]
fn a_corrupt_table_is_laid_aside_and_its_second_serves() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let route = serving(listener, vec![slot(1, 100, &[origin.address])]);
    rig.route(&key("web"), route.clone());
    let before = rig.observe();
    rig.end();
    let bad = "0".repeat(90);
    for _ in 0..2 {
        std::fs::write(rig.table_path(), &bad).expect("written");
        rig.begin();
        let observed = rig.observe();
        assert_eq!(observed.services[&key("web")].route, route);
        assert_eq!(observed.epoch, before.epoch);
        let damaged = observed.damaged.expect("it says so");
        assert!(damaged.second_taken, "{damaged:?}");
        let aside = std::fs::read_to_string(damaged.aside.expect("a place"));
        assert_eq!(aside.expect("kept"), bad);
        rig.end();
    }
    rig.begin();
    assert_eq!(rig.observe().damaged, None, "it was kept anew");
}

#[test]
fn a_router_that_starts_with_a_good_table_alone_keeps_it_once_more() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    rig.route(
        &key("web"),
        serving(listener, vec![slot(1, 100, &[origin.address])]),
    );
    rig.end();
    std::fs::remove_file(second(&rig)).expect("removed");
    for _ in 0..2 {
        rig.begin();
        eventually("it is there twice", || {
            let [one, other] = [rig.table_path(), second(&rig)].map(std::fs::read);
            other.is_ok_and(|other| one.expect("a table") == other)
        });
        rig.end();
        // One that lags behind.
        std::fs::write(second(&rig), "0000\n{}").expect("written");
    }
}

#[test]
fn a_service_that_nobody_serves_says_so_and_the_connection_goes_on() {
    let origin = Origin::plain("hello");
    let rig = Rig::start();
    let listener = rig.listener();
    let to = |slots| rig.route(&key("web"), serving(listener, slots));
    to(vec![]);
    let mut client = Client::connect(listener);
    for _ in 0..2 {
        let answer = client.get("/");
        assert_eq!((answer.status, answer.error()), (503, Some("no_capacity")));
    }
    to(vec![slot(1, 100, &[origin.address])]);
    assert_eq!(client.get("/").text(), "hello");
}

#[test]
fn only_one_router_runs_on_a_folder_and_few_controllers_speak() {
    let rig = Rig::start();
    let mut second = rig.config();
    second.socket.set_extension("second");
    let refused = windlass_router::run(second).expect_err("taken");
    // It runs in this very process.
    let by = format!("another router (pid {}) runs", std::process::id());
    assert!(refused.to_string().contains(&by), "{refused}");

    let socket = rig.config().socket;
    let open: Vec<_> = (0..7).map(|_| Control::connect(&socket)).collect();
    for control in &open {
        let hello = RouterRequest::Hello { epoch: rig.epoch };
        assert!(matches!(control.call(&hello), RouterReply::Welcome { .. }));
    }
    let ninth = std::os::unix::net::UnixStream::connect(&socket).expect("connected");
    let closed = std::io::Read::read(&mut &ninth, &mut [0]).expect("closed");
    assert_eq!(closed, 0);
    drop(open);
    eventually("there is room again", || {
        let stream = std::os::unix::net::UnixStream::connect(&socket).expect("connected");
        stream
            .set_read_timeout(Some(std::time::Duration::from_millis(50)))
            .expect("set");
        std::io::Read::read(&mut &stream, &mut [0]).is_err()
    });
}
