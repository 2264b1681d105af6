//! What is still open on a slot when its time to drain is over.

use std::net::SocketAddr;

use http_body_util::BodyExt;
use windlass_control::{Refusal, RouterReply, RouterRequest, SlotCounts};
use windlass_model::{Epoch, SlotId};

use crate::client::Client;
use crate::multiplexed::{Speaker, get, speaking};
use crate::origin::{After, Exchange, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\n\r\n";

/// A router whose slot 1 has `old`, and slot 2 something new that takes all once `old` drains.
struct Shop {
    rig: Rig,
    listener: SocketAddr,
    old: Origin,
    new: Origin,
}

impl Shop {
    fn open(old: impl Fn(&mut Exchange<'_>) -> After + Send + Sync + 'static) -> Self {
        let rig = Rig::start();
        let listener = rig.listener();
        let (old, new) = (Origin::start(old), Origin::plain("new"));
        let shop = Self {
            rig,
            listener,
            old,
            new,
        };
        shop.give_old(100);
        shop
    }

    fn give_old(&self, share: u64) {
        let old = slot(1, share, &[self.old.address]);
        let new = slot(2, 100 - share, &[self.new.address]);
        let route = serving(self.listener, vec![old, new]);
        self.rig.route(&key("web"), route);
    }

    fn cut(&self, epoch: Epoch, slot: u32) -> RouterReply {
        self.rig.call(&RouterRequest::Cut {
            epoch,
            service: key("web"),
            slot: SlotId(slot),
        })
    }

    fn cut_old(&self) -> RouterReply {
        self.cut(self.rig.epoch, 1)
    }

    fn ask(&self, request: &str) -> Client {
        let client = Client::connect(self.listener);
        client.send(request);
        client
    }

    fn get(&self, path: &str) -> Client {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n"))
    }
}

/// Says nothing, or begins to answer and goes no further; other paths are answered.
fn slow(exchange: &mut Exchange<'_>) -> After {
    let path = exchange.line().to_owned();
    let begun = match path.split(' ').nth(1) {
        Some("/head") => "",
        Some("/open") => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
        Some("/body") => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst",
        Some("/ws") => {
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\
             \x01\x05hello"
        }
        Some("/half") => {
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\
             \x01\x05hel"
        }
        _ => return exchange.ok("old"),
    };
    exchange.write(begun);
    // Until the router lets go of it.
    while exchange.chunk_or_end().is_some() {}
    After::Close
}

#[test]
fn a_cut_ends_what_is_open_on_a_slot_and_nothing_that_comes_later() {
    let shop = Shop::open(slow);
    let mut pending = shop.get("/head");
    let mut body = shop.get("/body");
    assert_eq!(body.head().expect("a head").status, 200);
    assert_eq!(body.bytes(5), b"first");
    eventually("both are there", || shop.old.requests() == 2);
    shop.give_old(0);
    let mut other = shop.get("/");
    assert_eq!(other.answer().text(), "new");

    assert_eq!(shop.cut_old(), RouterReply::Cut(2));
    let answer = pending.answer();
    assert_eq!((answer.status, answer.error()), (504, Some("drained")));
    assert_eq!(pending.get("/").text(), "new", "its connection goes on");
    assert_eq!(body.rest(), b"", "an answer that had begun breaks off");
    eventually("nothing is in flight", || {
        shop.rig.in_flight(&key("web"), 1) == 0 && shop.old.closed() == 2
    });
    assert_eq!(other.get("/").text(), "new", "the other slot goes on");
    assert_eq!(shop.cut_old(), RouterReply::Cut(0), "again changes nothing");

    shop.give_old(100);
    let mut back = shop.get("/body");
    assert_eq!(back.head().expect("a head").status, 200);
    assert_eq!(
        other.get("/").text(),
        "old",
        "the slot is as good as before"
    );
    assert_eq!(shop.rig.in_flight(&key("web"), 1), 1);
}

#[test]
fn what_is_cut_is_no_evidence_against_the_slot() {
    let shop = Shop::open(slow);
    let mut pending = shop.get("/head");
    let mut body = shop.get("/body");
    body.head().expect("a head");
    eventually("both are there", || shop.old.requests() == 2);
    shop.give_old(0);
    shop.cut_old();
    pending.answer();
    body.rest();
    let counted = |what: fn(&SlotCounts) -> u64| {
        let ticks = shop.rig.ticks(0);
        let counts = ticks
            .iter()
            .flat_map(|tick| tick.services.values().flatten());
        let of_old = counts.filter(|counts| counts.slot == Some(SlotId(1)));
        of_old.map(what).sum::<u64>()
    };
    eventually("the answer is counted", || {
        counted(|counts| counts.answers[1]) == 1
    });
    assert_eq!(counted(|counts| counts.broken + counts.answers[4]), 0);
}

#[test]
fn an_answer_that_only_its_connection_ends_is_cut_by_a_reset() {
    let shop = Shop::open(slow);
    let mut body = shop.ask("GET /open HTTP/1.0\r\nHost: shop\r\n\r\n");
    body.head().expect("a head");
    assert_eq!(body.bytes(3), b"hel");
    shop.give_old(0);
    assert_eq!(shop.cut_old(), RouterReply::Cut(1));
    assert!(body.is_reset());
}

#[test]
fn a_websocket_that_is_cut_gets_a_close_frame_where_one_may_stand() {
    let shop = Shop::open(slow);
    let mut whole = shop.ask(UPGRADE);
    let mut half = shop.ask(&UPGRADE.replace("/ws", "/half"));
    for socket in [&mut whole, &mut half] {
        assert_eq!(socket.head().expect("a head").status, 101);
    }
    assert_eq!(whole.bytes(7), b"\x01\x05hello");
    assert_eq!(half.bytes(5), b"\x01\x05hel");
    shop.give_old(0);
    assert_eq!(shop.cut_old(), RouterReply::Cut(2));
    whole
        .try_send(b"\x81\x80\0\0\0\0")
        .expect("on its way meanwhile");
    assert_eq!(whole.rest(), b"\x88\x02\x03\xe9", "1001, then the end");
    assert_eq!(half.rest(), b"", "inside a frame only the end can be told");
    eventually("nothing is in flight", || {
        shop.rig.in_flight(&key("web"), 1) == 0 && shop.old.closed() == 2
    });
}

#[test]
fn a_cut_resets_the_streams_of_its_slot_and_leaves_the_connection() {
    let shop = Shop::open(slow);
    speaking(async {
        let mut speaker = Speaker::connect(shop.listener).await;
        let pending = speaker.ask(get("/head"));
        let mut body = speaker.ask(get("/body")).await.into_body();
        body.frame().await.expect("a frame").expect("whole");
        eventually("both are there", || shop.old.requests() == 2);
        shop.give_old(0);
        assert_eq!(shop.cut_old(), RouterReply::Cut(2));
        let answer = pending.await;
        assert_eq!(answer.status(), 504);
        assert_eq!(answer.headers()["windlass-error"], "drained");
        assert!(body.frame().await.expect("an end").is_err());
        let after = speaker.ask(get("/")).await;
        assert_eq!(after.status(), 200);
    });
}

#[test]
fn a_slot_that_gets_traffic_is_not_cut_nor_any_by_an_older_controller() {
    let mut shop = Shop::open(slow);
    let mut body = shop.get("/body");
    body.head().expect("a head");
    body.bytes(5);
    let refused = RouterReply::Refused(Refusal::TakesRequests {
        service: key("web"),
        slot: SlotId(1),
    });
    assert_eq!(shop.cut_old(), refused);
    assert_eq!(
        shop.cut(Epoch(5), 9),
        RouterReply::Cut(0),
        "nobody knows it"
    );
    shop.rig.epoch = Epoch(5);
    shop.give_old(0);
    let old_epoch = RouterReply::Refused(Refusal::OldEpoch(Epoch(5)));
    assert_eq!(shop.cut(Epoch(4), 1), old_epoch);
    assert_eq!(shop.rig.in_flight(&key("web"), 1), 1);
}
