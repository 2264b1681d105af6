//! The file of a router that runs alone, read again.

use std::net::SocketAddr;

use rustix::process::{Signal, kill_process};
use windlass_control::{Generation, Refusal, Reloaded, RouterReply, RouterRequest, Split};
use windlass_model::{Percent, Rate, SlotId};

use crate::alone::{file, free};
use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};

fn reload(rig: &Rig) -> RouterReply {
    rig.call(&RouterRequest::Reload)
}

fn took_up(names: &[&str], gone: &[&str]) -> RouterReply {
    let keys = |names: &[&str]| names.iter().map(|name| key(name)).collect();
    RouterReply::Reloaded(Reloaded {
        taken_up: keys(names),
        gone: keys(gone),
    })
}

fn says(listener: SocketAddr) -> String {
    Client::connect(listener).get("/").text()
}

fn generation(rig: &Rig) -> Generation {
    rig.generation(&key("web"))
}

/// The newcomer of `web` gets so much.
fn split(rig: &Rig, share: u64) {
    let reply = rig.call(&RouterRequest::Split(Split {
        service: key("web"),
        slot: SlotId(2),
        share: Percent::new(share).expect("a share"),
        decided_on: generation(rig),
        errors_above: Rate::from_parts(500),
        slower: None,
        again: false,
    }));
    assert!(matches!(reply, RouterReply::Applied(_)), "{reply:?}");
}

#[test]
fn a_changed_file_is_in_effect_and_what_it_does_not_say_any_more_is_gone() {
    let (one, other) = (Origin::plain("one"), Origin::plain("other"));
    let (web, api) = (free(), free());
    let only = |listener, origin: &Origin| serving(listener, vec![slot(1, 100, &[origin.address])]);
    let rig = Rig::alone(&[(key("web"), only(web, &one))].into());
    assert_eq!(reload(&rig), took_up(&[], &[]));
    let mut kept = Client::connect(web);
    assert_eq!(kept.get("/").text(), "one");

    rig.file(
        &[
            (key("api"), only(api, &one)),
            (key("web"), only(web, &other)),
        ]
        .into(),
    );
    assert_eq!(reload(&rig), took_up(&["api", "web"], &[]));
    assert_eq!(
        (says(api), says(web)),
        ("one".to_owned(), "other".to_owned())
    );
    assert_eq!(kept.get("/").text(), "other", "no connection is cut");

    rig.file(&[(key("web"), only(web, &other))].into());
    assert_eq!(reload(&rig), took_up(&[], &["api"]));
    eventually("its listener is closed", || {
        Client::try_connect(api).is_err()
    });
    rig.kill();
    rig.begin();
    assert_eq!(says(web), "other");
}

#[test]
fn a_file_with_anything_wrong_changes_nothing() {
    let (one, other) = (Origin::plain("one"), Origin::plain("other"));
    let (web, api) = (free(), free());
    let only = |listener, origin: &Origin| serving(listener, vec![slot(1, 100, &[origin.address])]);
    let rig = Rig::alone(&[(key("web"), only(web, &one))].into());
    let before = rig.observe();

    // Taken by somebody else: the other service of the file is not taken up either.
    let taken = std::net::TcpListener::bind(api).expect("free");
    rig.file(
        &[
            (key("api"), only(api, &one)),
            (key("web"), only(web, &other)),
        ]
        .into(),
    );
    let refused = reload(&rig);
    let RouterReply::Refused(Refusal::Invalid(why)) = &refused else {
        unreachable!("not refused: {refused:?}");
    };
    assert!(why.contains(&api.to_string()), "{why}");
    std::fs::write(rig.path("alone.json"), "{").expect("written");
    assert!(matches!(
        reload(&rig),
        RouterReply::Refused(Refusal::Invalid(_))
    ));
    assert_eq!(rig.observe(), before);
    assert_eq!(says(web), "one");

    drop(taken);
    rig.file(&[(key("web"), only(web, &other))].into());
    std::fs::write(rig.config().halted, r#"{"by":"ann","at_us":0}"#).expect("written");
    let halted = reload(&rig);
    assert!(
        matches!(halted, RouterReply::Refused(Refusal::Halted(_))),
        "{halted:?}"
    );
}

#[test]
fn a_signal_is_enough_and_a_split_outlives_what_does_not_concern_it() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (listener, next) = (free(), free());
    let rig = Rig::alone(&file(listener, old.address, new.address, 0));
    split(&rig, 100);
    assert_eq!(says(listener), "new");
    rig.file(&file(next, old.address, new.address, 0));
    kill_process(rig.pid(), Signal::HUP).expect("it runs");
    eventually("it listens there", || Client::try_connect(next).is_ok());
    assert_eq!(says(next), "new", "only the address was another one");
    let back = rig.call(&RouterRequest::GoBack { service: None });
    assert!(matches!(back, RouterReply::WentBack(went) if went.len() == 1));
    assert_eq!(says(next), "old", "the way back knows of it");

    // Who says another split means it.
    rig.file(&file(next, old.address, new.address, 30));
    assert_eq!(reload(&rig), took_up(&["web"], &[]));
    let now = rig.observe().services[&key("web")].route.clone();
    assert_eq!(now.weight(SlotId(2)).get(), 30);
}

#[test]
fn a_router_under_a_controller_has_no_file() {
    let rig = Rig::start();
    assert_eq!(reload(&rig), RouterReply::Refused(Refusal::Controlled));
}
