//! Clients that leave before they have their answer.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use windlass_control::RouterReply;
use windlass_model::SlotId;

use crate::client::Client;
use crate::multiplexed::{Speaker, get, speaking};
use crate::origin::{After, Exchange, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::scrape::{REQUESTS, measured, scraped, sum};
use crate::tripwire::newcomer;

/// Far more than all buffers on the way take.
const LARGE: usize = 32 * 1024 * 1024;

const UPLOAD: &str = "POST /stuck HTTP/1.1\r\nHost: shop\r\nContent-Length: 268435456\r\n\r\n";
const CHUNKED: &str = "POST /stuck HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n\
    8000000\r\n";

/// Waits until the router has let go of it, and reads nothing meanwhile.
fn until_left(exchange: &Exchange<'_>) -> After {
    let mut one = [PollFd::new(exchange.reader.get_ref(), PollFlags::RDHUP)];
    let patience = Timespec {
        tv_sec: 60,
        tv_nsec: 0,
    };
    poll(&mut one, Some(&patience)).expect("looked at");
    After::Close
}

/// Never reads a body of `/stuck`, nor answers it; answers others.
fn stuck(exchange: &mut Exchange<'_>) -> After {
    if exchange.line().contains("/stuck") {
        return until_left(exchange);
    }
    exchange.body();
    exchange.ok("answered")
}

fn routed(origin: &Origin) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

fn ask(listener: SocketAddr, request: &str) -> Client {
    let client = Client::connect(listener);
    client.send(request);
    client
}

/// Bytes of what a client sent that the router has and has not read.
pub(crate) fn unread(client: &TcpStream) -> u64 {
    let port = |address: std::io::Result<SocketAddr>| address.expect("an address").port();
    let router = port(client.peer_addr());
    let ends = format!(
        "0100007F:{router:04X} 0100007F:{:04X}",
        port(client.local_addr())
    );
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the sockets");
    let line = sockets.lines().find(|line| line.contains(&ends));
    let queues = line.and_then(|line| line.split_whitespace().nth(4));
    let (_, unread) = queues.and_then(|it| it.split_once(':')).expect("its end");
    u64::from_str_radix(unread, 16).expect("a number")
}

/// Sends of a body until the instance takes no more, so that the router reads no more.
fn fill(client: &Client) {
    let mut stuck = 0;
    eventually("it is not read any more", || {
        if unread(client.stream()) == 0 {
            stuck = 0;
            client.try_send(&vec![b'x'; 32 * 1024]).expect("sent");
        } else {
            stuck += 1;
        }
        stuck == 50
    });
}

/// The same until nobody on the way has room for a byte.
fn cram(client: &Client) {
    let mut stream = client.stream();
    stream.set_nonblocking(true).expect("set");
    let mut refused = 0;
    eventually("nobody takes more", || {
        match stream.write(&vec![b'x'; 64 * 1024]) {
            Ok(_) => refused = 0,
            Err(why) => {
                assert_eq!(why.kind(), ErrorKind::WouldBlock);
                refused += 1;
            }
        }
        refused == 100
    });
    stream.set_nonblocking(false).expect("set");
}

/// Closes so that the other side is told at once: what was sent and not yet taken is lost.
pub(crate) fn reset(client: Client) {
    let now = Some(Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(client.stream(), now).expect("set");
    drop(client);
}

fn ends(rig: &Rig, origin: &Origin) {
    eventually("nothing is in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
    eventually("the instance is told", || origin.closed() == 1);
}

#[test]
fn who_leaves_a_body_that_nobody_takes_is_no_longer_in_flight() {
    for request in [UPLOAD, CHUNKED] {
        let origin = Origin::narrow(stuck);
        let (rig, listener) = routed(&origin);
        let client = ask(listener, request);
        fill(&client);
        assert_eq!(rig.in_flight(&key("web"), 1), 1);
        drop(client);
        ends(&rig, &origin);
    }
}

#[test]
fn a_reset_comes_through_also_where_there_is_no_room_for_a_byte() {
    let origin = Origin::start(stuck);
    let (rig, listener) = routed(&origin);
    let client = ask(listener, UPLOAD);
    cram(&client);
    reset(client);
    ends(&rig, &origin);
}

#[test]
fn who_leaves_with_requests_behind_the_first_is_no_longer_in_flight() {
    let both = "GET /stuck HTTP/1.1\r\nHost: shop\r\n\r\nGET /next HTTP/1.1\r\nHost: shop\r\n\r\n";
    for leave in [drop, reset] {
        let origin = Origin::start(stuck);
        let (rig, listener) = routed(&origin);
        let client = ask(listener, both);
        eventually("it is there", || origin.requests() == 1);
        leave(client);
        ends(&rig, &origin);
        assert_eq!(origin.requests(), 1, "nobody asks for the second any more");
    }
}

#[test]
fn who_leaves_while_the_answer_is_silent_is_no_longer_in_flight() {
    let begun = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nfirst";
    for request in [UPLOAD, "GET /stuck HTTP/1.1\r\nHost: shop\r\n\r\n"] {
        let origin = Origin::start(move |exchange| {
            exchange.write(begun);
            until_left(exchange)
        });
        let (rig, listener) = routed(&origin);
        let mut client = ask(listener, request);
        assert_eq!(client.head().expect("a head").status, 200);
        drop(client);
        ends(&rig, &origin);
    }
}

/// An origin that answers as soon as it is told to.
fn told() -> (Origin, Sender<()>) {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |exchange| {
        let length = exchange.body().len();
        wait.lock().expect("a lock").recv().expect("the word");
        exchange.ok(&format!("{length} bytes"))
    });
    (origin, go_on)
}

#[test]
fn who_has_sent_all_and_closed_that_side_still_gets_the_answers() {
    let (origin, go_on) = told();
    let (_rig, listener) = routed(&origin);
    let post = "POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello";
    for (requests, lengths) in [
        ("GET / HTTP/1.0\r\nHost: shop\r\n\r\n".to_owned(), &[0][..]),
        (post.to_owned(), &[5]),
        (post.repeat(3), &[5, 5, 5]),
    ] {
        let before = origin.requests();
        let mut client = ask(listener, &requests);
        client.end_sending();
        eventually("it is there", || origin.requests() == before + 1);
        for length in lengths {
            go_on.send(()).expect("said");
            assert_eq!(client.answer().text(), format!("{length} bytes"));
        }
        assert!(client.rest().is_empty(), "and then it is closed");
    }
}

#[test]
fn who_closes_in_the_middle_of_a_body_is_told_so_at_once() {
    let origin = Origin::start(|exchange| {
        while exchange.chunk_or_end().is_some() {}
        After::Close
    });
    let (rig, listener) = routed(&origin);
    let post = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhell";
    let mut client = ask(listener, post);
    eventually("it is there", || origin.requests() == 1);
    client.end_sending();
    let answer = client.answer();
    assert_eq!((answer.status, answer.error()), (400, Some("bad_request")));
    ends(&rig, &origin);
}

#[test]
fn clients_that_leave_are_no_evidence_against_a_candidate() {
    let new = Origin::start(stuck);
    let (rig, web, _old) = newcomer(&new);
    for _ in 0..3 {
        let clients: Vec<Client> = (0..4).map(|_| ask(web.listener, UPLOAD)).collect();
        eventually("all are there", || rig.in_flight(&web.key, 2) == 4);
        drop(clients);
        eventually("nothing is in flight", || rig.in_flight(&web.key, 2) == 0);
    }
    assert_eq!(Client::connect(web.listener).get("/").text(), "answered");
    eventually("that one is counted", || {
        let ticks = rig.ticks(0);
        let counts = ticks
            .iter()
            .flat_map(|tick| tick.services.values().flatten());
        let of_new = counts.filter(|counts| counts.slot == Some(SlotId(2)));
        let sums = of_new.fold((0, 0, 0), |(good, bad, broken), counts| {
            let [_, answered, _, _, failed] = counts.answers;
            (good + answered, bad + failed, broken + counts.broken)
        });
        assert_eq!((sums.1, sums.2), (0, 0));
        sums.0 == 1
    });
    assert_eq!(rig.trips(), []);
    assert_eq!(rig.share(&web.key, 2), 100);
}

#[test]
fn clients_that_leave_are_told_apart_from_errors() {
    let origin = Origin::start(stuck);
    let rig = Rig::with_threads(1);
    let (listener, metrics) = (rig.listener(), rig.listener());
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(measured(listener, metrics), slots));
    assert_eq!(Client::connect(listener).get("/").text(), "answered");
    let half = "POST /stuck HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhell";
    for request in ["GET /stuck HTTP/1.1\r\nHost: shop\r\n\r\n", UPLOAD, half] {
        let client = ask(listener, request);
        eventually("it is there", || rig.in_flight(&key("web"), 1) == 1);
        drop(client);
        eventually("it has ended", || rig.in_flight(&key("web"), 1) == 0);
    }
    eventually("all of it is told", || {
        let page = scraped(metrics);
        let of = |name: &str| sum(&page, name, &["\"web\""]);
        of("windlass_router_client_aborts_total") == 3
            && of("windlass_router_broken_answers_total") == 0
            && of(REQUESTS) == 1
    });
}

#[test]
fn a_client_that_leaves_in_the_middle_of_an_answer_is_neither_good_nor_bad() {
    let new = Origin::start(|exchange| {
        if exchange.line().contains("/half") {
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            return until_left(exchange);
        }
        exchange.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
        After::Keep
    });
    let (rig, web, _old) = newcomer(&new);
    for _ in 0..20 {
        let mut client = ask(web.listener, "GET /half HTTP/1.1\r\nHost: shop\r\n\r\n");
        assert_eq!(client.head().expect("a head").status, 200);
    }
    eventually("nothing is in flight", || rig.in_flight(&web.key, 2) == 0);
    assert_eq!(rig.trips(), []);
    eventually("it is taken back", || {
        Client::connect(web.listener).get("/");
        rig.share(&web.key, 2) == 0
    });
    let trip = &rig.trips()[0];
    assert!(trip.errors > 0);
    assert_eq!(trip.answers, trip.errors, "those that left are no answers");
}

#[test]
fn an_answer_with_trailers_is_whole_and_its_connection_is_kept() {
    let origin = Origin::start(|exchange| {
        exchange.write(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: sum\r\n\r\n\
             5\r\nhello\r\n0\r\nsum: 1\r\n\r\n",
        );
        After::Keep
    });
    let rig = Rig::with_threads(1);
    let (listener, metrics) = (rig.listener(), rig.listener());
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(measured(listener, metrics), slots));
    for _ in 0..3 {
        let asks = "GET / HTTP/1.1\r\nHost: shop\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n";
        let text = String::from_utf8(ask(listener, asks).rest()).expect("text");
        assert!(text.ends_with("hello\r\n0\r\nsum: 1\r\n\r\n"), "{text}");
        eventually("it has ended", || rig.in_flight(&key("web"), 1) == 0);
    }
    counts_no_abort(metrics, 3);
    assert_eq!(origin.connections(), 1);
}

/// Waits until so many answers are told, none of which was left.
pub(crate) fn counts_no_abort(metrics: SocketAddr, answers: u64) {
    let mut page = String::new();
    eventually("all are told", || {
        page = scraped(metrics);
        sum(&page, REQUESTS, &["\"web\""]) == answers
    });
    let aborts = sum(&page, "windlass_router_client_aborts_total", &["\"web\""]);
    assert_eq!(aborts, 0, "{page}");
}

#[test]
fn a_client_that_has_left_does_not_hold_a_drain() {
    let (old, new) = (Origin::narrow(stuck), Origin::plain("new"));
    let rig = Rig::start();
    let listener = rig.listener();
    let to = |first| {
        let old = slot(1, first, &[old.address]);
        let new = slot(2, 100 - first, &[new.address]);
        serving(listener, vec![old, new])
    };
    rig.route(&key("web"), to(100));
    let client = ask(listener, UPLOAD);
    fill(&client);
    rig.route(&key("web"), to(0));
    assert_eq!(rig.in_flight(&key("web"), 1), 1);
    drop(client);
    ends(&rig, &old);
    let cut = rig.call(&windlass_control::RouterRequest::Cut {
        epoch: rig.epoch,
        service: key("web"),
        slot: SlotId(1),
    });
    assert_eq!(cut, RouterReply::Cut(0), "there is nothing left to cut");
}

/// How a client of HTTP/2 may leave.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    TheStream,
    TheConnection,
}

#[test]
fn over_http_2_whoever_resets_a_stream_or_closes_is_no_longer_in_flight() {
    for leaves in [Leaves::TheStream, Leaves::TheConnection] {
        for request in [upload as fn() -> _, || get("/stuck")] {
            let origin = Origin::start(stuck);
            let (rig, listener) = routed(&origin);
            speaking(async {
                let mut speaker = Speaker::connect(listener).await;
                let mut asked = Box::pin(speaker.ask(request()));
                let there = async {
                    while rig.in_flight(&key("web"), 1) == 0 || origin.requests() == 0 {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    answer = &mut asked => panic!("answered {answer:?}"),
                    () = there => {}
                }
                drop(asked);
                match leaves {
                    Leaves::TheStream => {
                        let answer = speaker.ask(get("/")).await;
                        assert_eq!(answer.status(), 200, "the connection goes on");
                    }
                    Leaves::TheConnection => drop(speaker),
                }
                let gone = async {
                    while rig.in_flight(&key("web"), 1) > 0 || origin.closed() == 0 {
                        tokio::task::yield_now().await;
                    }
                };
                let gone = tokio::time::timeout(Duration::from_secs(20), gone).await;
                assert!(
                    gone.is_ok(),
                    "{leaves:?}: {} in flight, {} requests, {} connections closed",
                    rig.in_flight(&key("web"), 1),
                    origin.requests(),
                    origin.closed()
                );
            });
        }
    }
}

/// A request whose body is larger than anybody takes.
fn upload() -> hyper::Request<crate::multiplexed::Body> {
    use http_body_util::{BodyExt as _, Full};
    let body = Full::new(bytes::Bytes::from(vec![b'x'; LARGE]));
    hyper::Request::post("http://shop/stuck")
        .body(body.boxed())
        .expect("a request")
}
