//! A trip outlives the router's death and a full disk.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::Command;

use windlass_control::{
    Direction, Generation, Refusal, RouteChange, RouterReply, RouterRequest, Table,
};
use windlass_model::Epoch;

use crate::client::Client;
use crate::disk::SmallDisk;
use crate::origin::Origin;
use crate::rig::{Control, Rig, eventually, slot};
use crate::tripwire::{Split, failing, split, wire};

/// A router process with `web` armed at 100 %, and a duplicate of its listener.
fn armed(rig: &Rig, old: &Origin, new: &Origin) -> (Split, TcpListener) {
    let slots = [slot(1, 0, &[old.address]), slot(2, 0, &[new.address])];
    let web = split(rig, "web", slots, 100);
    let (_, mut sockets) = rig.listeners();
    let duplicate = TcpListener::from(sockets.remove(0));
    rig.route(&web.key, web.back.clone());
    let tripwire = wire("dep_1/web/1", &[(&web.key, &web.back)]);
    rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &tripwire)])
        .expect("armed");
    (web, duplicate)
}

fn trip(rig: &Rig, web: &Split) {
    let mut client = Client::connect(web.listener);
    eventually("it is taken back", || {
        client.get("/");
        rig.share(&web.key, 2) == 0
    });
}

fn begin_again(rig: &Rig, web: &Split, duplicate: &TcpListener) {
    rig.begin();
    let taken = rig.hand_over(web.listener, duplicate.as_fd());
    assert_eq!(taken, RouterReply::Done);
}

fn on_disk(rig: &Rig) -> Table {
    let text = std::fs::read_to_string(rig.table_path()).expect("a table");
    let (_, json) = text.split_once('\n').expect("a checksum");
    serde_json::from_str(json).expect("a table")
}

/// The disk takes no table as long as this lies in its way.
struct NoTable(PathBuf);

impl NoTable {
    fn new(rig: &Rig) -> Self {
        let path = rig.path("state/table.json.new");
        std::fs::create_dir(&path).expect("in the way");
        Self(path)
    }

    fn lift(self) {
        std::fs::remove_dir(self.0).expect("out of the way");
    }
}

#[test]
fn a_trip_is_found_again_after_a_kill_although_the_table_could_not_be_written() {
    let (old, new) = (Origin::plain("old"), failing());
    let rig = Rig::outside();
    rig.begin();
    let (web, duplicate) = armed(&rig, &old, &new);
    let no_table = NoTable::new(&rig);
    trip(&rig, &web);
    let before = rig.trips();
    assert_eq!(before.len(), 1);
    rig.kill();
    let stale = on_disk(&rig);
    assert_eq!(stale.services[&web.key].route, web.raised);
    assert!(stale.services[&web.key].tripwire.is_some());

    begin_again(&rig, &web, &duplicate);
    let table = rig.observe();
    assert_eq!(table.services[&web.key].route, web.back);
    assert_eq!(table.services[&web.key].generation, Generation(3));
    assert_eq!(table.services[&web.key].tripwire, None);
    assert_eq!(table.trips, before);
    assert_eq!(Client::connect(web.listener).get("/").text(), "old");
    let raise = rig.change(Direction::Raise, &web.key, Some(web.raised.clone()));
    assert_eq!(raise, Err(Refusal::Tripped(before[0].id.clone())));

    // Acknowledged, but the table still can't be written: it must not come back raised.
    assert_eq!(rig.acknowledge(rig.epoch, &before[0].id), RouterReply::Done);
    rig.kill();
    begin_again(&rig, &web, &duplicate);
    assert_eq!(rig.trips(), []);
    assert_eq!(rig.share(&web.key, 2), 0);

    no_table.lift();
    eventually("the table is written", || {
        on_disk(&rig).services[&web.key].route == web.back
    });
    rig.kill();
    begin_again(&rig, &web, &duplicate);
    assert_eq!(rig.trips(), []);
    assert_eq!(rig.generation(&web.key), Generation(3), "taken back once");
}

#[test]
fn an_armed_tripwire_survives_a_kill_and_fires_then() {
    let (old, new) = (Origin::plain("old"), failing());
    let rig = Rig::outside();
    rig.begin();
    let (web, duplicate) = armed(&rig, &old, &new);
    rig.kill();
    begin_again(&rig, &web, &duplicate);
    assert_eq!(rig.share(&web.key, 2), 100);
    assert!(rig.observe().services[&web.key].tripwire.is_some());
    trip(&rig, &web);
    assert_eq!(rig.trips().len(), 1);
}

/// A pipe in the place of the new table: who writes there waits until somebody reads.
#[test]
fn a_trip_does_not_wait_for_a_raise_that_waits_for_the_disk() {
    let (old, new) = (Origin::plain("old"), failing());
    let rig = Rig::start();
    let (web, _duplicate) = armed(&rig, &old, &new);
    let pipe = rig.path("state/table.json.new");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    let other = Control::connect(&rig.config().socket);
    let raise = RouteChange {
        direction: Direction::Raise,
        decided_on: rig.generation(&web.key),
        route: Some(web.raised.clone()),
    };
    let request = RouterRequest::Apply {
        epoch: Epoch(2),
        change: BTreeMap::from([(web.key.clone(), raise)]).into(),
    };
    let raising = std::thread::spawn(move || other.call(&request));
    eventually("the raise is decided", || rig.observe().epoch == Epoch(2));
    trip(&rig, &web);
    assert!(!raising.is_finished(), "the disk takes nothing yet");
    assert_eq!(rig.trips().len(), 1);

    let aside = rig.path("aside");
    std::fs::rename(&pipe, &aside).expect("aside");
    let mut text = String::new();
    let mut reader = std::fs::File::open(&aside).expect("opened");
    reader.read_to_string(&mut text).expect("read");
    let said = raising.join().expect("no panic");
    let refused = matches!(said, RouterReply::Refused(Refusal::NotKept(_)));
    assert!(refused, "a pipe can't be synced: {said:?}");
    eventually("the table is written", || {
        on_disk(&rig).services[&web.key].route == web.back
    });
    assert_eq!(rig.generation(&web.key), Generation(3));
}

#[test]
fn a_damaged_file_of_trips_is_no_reason_not_to_start() {
    let (old, new) = (Origin::plain("old"), failing());
    let rig = Rig::outside();
    rig.begin();
    let (web, duplicate) = armed(&rig, &old, &new);
    trip(&rig, &web);
    eventually("the table is written", || {
        on_disk(&rig).services[&web.key].route == web.back
    });
    rig.kill();
    let path = rig.path("state/trips");
    let mut bytes = std::fs::read(&path).expect("trips");
    bytes[50] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    begin_again(&rig, &web, &duplicate);
    assert_eq!(rig.trips(), []);
    assert_eq!(rig.share(&web.key, 2), 0);
}

#[test]
fn a_full_disk_loses_no_trip() {
    let (old, new) = (Origin::plain("old"), failing());
    let rig = Rig::outside();
    let Some(disk) = SmallDisk::mount(&rig.path("state")) else {
        println!("not proven here: only root mounts a small disk");
        return;
    };
    rig.begin();
    let (web, duplicate) = armed(&rig, &old, &new);
    disk.fill();
    let raise = rig.change(Direction::Raise, &web.key, Some(web.raised.clone()));
    assert!(matches!(raise, Err(Refusal::NotKept(_))), "{raise:?}");
    trip(&rig, &web);
    let before = rig.trips();
    rig.kill();
    assert_eq!(on_disk(&rig).services[&web.key].route, web.raised);
    begin_again(&rig, &web, &duplicate);
    assert_eq!(rig.trips(), before);
    assert_eq!(rig.share(&web.key, 2), 0);
    rig.end();
    drop(disk);
}
