//! A router whose place another process takes, while requests come.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use windlass_control::{Passage, Pause, Refusal, RouterReply, RouterRequest, TripRule};
use windlass_model::{
    Acme, Host, Listen, Millis, Percent, Probe, ProbeKind, Rate, SlotId, Speaks, Tls,
};

use crate::alone::{file, free};
use crate::client::Client;
use crate::multiplexed::{Speaker, get, speaking, text};
use crate::origin::{After, Origin};
use crate::rig::{Control, Rig, eventually, is_gone, key, serving as route, slot};
use crate::scrape::{REQUESTS, measured, scraped, sum};
use crate::tripwire::failing;

/// More than enough for what is open.
const LONG: Duration = Duration::from_secs(20);

fn ourselves() -> PathBuf {
    std::env::current_exe().expect("this program")
}

pub(crate) fn upgraded(rig: &Rig, within: Duration) {
    let before = rig.pid();
    let reply = rig.upgrade(&ourselves(), within);
    assert!(matches!(reply, RouterReply::Upgraded { .. }), "{reply:?}");
    assert_ne!(rig.pid(), before);
}

/// One service of which nothing goes to the second origin.
fn serving(one: &Origin, two: &Origin) -> (Rig, SocketAddr) {
    let listener = free();
    let rig = Rig::alone(&file(listener, one.address, two.address, 0));
    (rig, listener)
}

fn split(rig: &Rig, share: u64) -> RouterReply {
    let decided_on = rig.generation(&key("web"));
    rig.call(&RouterRequest::Split(windlass_control::Split {
        service: key("web"),
        slot: SlotId(2),
        share: Percent::new(share).expect("a share"),
        decided_on,
        errors_above: Rate::from_parts(500),
        slower: None,
        again: false,
    }))
}

/// Requests in turn until they are to stop; how many were answered.
struct Load {
    stop: Arc<AtomicBool>,
    asking: Vec<JoinHandle<usize>>,
}

impl Load {
    /// Some on connections that are kept until an answer says that it was the last, some on new ones.
    fn on(listener: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asking = (0..4).map(|number| {
            let stop = stop.clone();
            std::thread::spawn(move || {
                let mut client = Client::connect(listener);
                let mut answered = 0;
                while !stop.load(Ordering::Relaxed) {
                    let answer = client.get("/");
                    assert_eq!((answer.status, answer.text().as_str()), (200, "old"));
                    answered += 1;
                    if number % 2 == 0 || answer.header("connection") == Some("close") {
                        client = Client::connect(listener);
                    }
                }
                answered
            })
        });
        let asking = asking.collect();
        Self { stop, asking }
    }

    /// Every one was answered, if this returns.
    fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let answered = self.asking.into_iter();
        answered.map(|one| one.join().expect("none failed")).sum()
    }
}

#[test]
fn no_request_fails_while_two_others_take_its_place_one_after_the_other() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (rig, listener) = serving(&old, &new);
    let load = Load::on(listener);
    for _ in 0..2 {
        let before = old.requests();
        eventually("it is asked", || old.requests() > before + 200);
        let pid = rig.pid();
        upgraded(&rig, LONG);
        eventually("the one before has ended", || is_gone(pid));
    }
    let before = old.requests();
    eventually("it is asked", || old.requests() > before + 200);
    assert!(load.stop() > 600);
    let refused = windlass_router::run(rig.config());
    let taken = windlass_router::RouterError::Taken {
        by: u32::try_from(rig.pid().as_raw_nonzero().get()).ok(),
        path: rig.path("state"),
    };
    assert_eq!(
        refused.map_err(|why| why.to_string()),
        Err(taken.to_string())
    );
}

#[test]
fn what_was_begun_is_answered_whole_and_counts_until_then() {
    let (begun, begins) = channel();
    let (finish, finished) = channel::<()>();
    let shared = Mutex::new((begun, finished));
    let slow = Origin::start(move |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nslo");
        let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.0.send(()).expect("waited for");
        shared.1.recv().expect("told");
        exchange.write("wly");
        After::Close
    });
    let (rig, listener) = serving(&slow, &Origin::plain("new"));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    begins.recv().expect("it has begun");
    upgraded(&rig, LONG);
    eventually(
        "the other one says what it carries, no more and no less",
        || rig.in_flight(&key("web"), 1) == 1,
    );
    finish.send(()).expect("waited for");
    assert_eq!(client.answer().text(), "slowly");
    eventually("nothing is open", || rig.in_flight(&key("web"), 1) == 0);
}

#[test]
fn http_2_is_told_to_go_and_what_it_asked_is_answered() {
    let (finish, finished) = channel::<()>();
    let finished = Mutex::new(finished);
    let old = Origin::start(move |exchange| {
        if exchange.line().contains("/slow") {
            let finished = finished.lock().unwrap_or_else(PoisonError::into_inner);
            finished.recv().expect("told");
        }
        exchange.ok("old")
    });
    let (rig, listener) = serving(&old, &Origin::plain("new"));
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        assert_eq!(text(speaker.ask(get("/")).await).await, "old");
        let under_way = speaker.ask(get("/slow"));
        while old.requests() < 2 {
            tokio::task::yield_now().await;
        }
        upgraded(&rig, LONG);
        finish.send(()).expect("waited for");
        assert_eq!(text(under_way.await).await, "old");
        let mut again = Speaker::connect(listener).await;
        assert_eq!(text(again.ask(get("/")).await).await, "old");
    });
    rig.elders_end();
}

#[test]
fn a_websocket_ends_with_a_close_frame_when_its_time_is_over() {
    let chat = Origin::start(|exchange| {
        exchange.write(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        );
        let mut byte = [0];
        while let Ok(1..) = exchange.reader.read(&mut byte) {}
        After::Close
    });
    let (rig, listener) = serving(&chat, &Origin::plain("new"));
    let mut client = Client::connect(listener);
    client.send(
        "GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(client.head().expect("a head").status, 101);
    let within = Duration::from_millis(300);
    let begun = Instant::now();
    upgraded(&rig, within);
    assert_eq!(client.rest(), b"\x88\x02\x03\xe9", "going away");
    assert!(begun.elapsed() >= within);
    rig.elders_end();
}

#[test]
fn a_connection_that_has_asked_nothing_yet_is_answered() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (rig, listener) = serving(&old, &new);
    let mut quiet = Client::connect(listener);
    let mut kept = Client::connect(listener);
    kept.get("/");
    eventually("both are accepted", || rig.observe().connections.open == 2);
    upgraded(&rig, LONG);
    for client in [&mut quiet, &mut kept] {
        let answer = client.get("/");
        assert_eq!(answer.text(), "old");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    rig.elders_end();
}

/// Which file it is, if it is there.
fn number(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|about| about.ino())
}

#[test]
fn a_program_that_is_no_router_or_hangs_changes_nothing() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (rig, listener) = serving(&old, &new);
    let pid = rig.pid();
    let load = Load::on(listener);
    let why = |program: &Path| {
        let reply = rig.upgrade(program, LONG);
        let RouterReply::Refused(Refusal::NotHandedOver(why)) = reply else {
            unreachable!("not refused: {reply:?}");
        };
        why
    };
    let failed = why(Path::new("/bin/false"));
    assert!(failed.contains("exit status: 1"), "{failed}");
    std::fs::write(rig.path("hangs"), "").expect("written");
    let socket = rig.path("router.sock");
    let heirs = std::thread::spawn({
        let socket = socket.clone();
        move || {
            eventually("it is started", || child_of(pid).is_some());
            // As one that takes the place does a moment before it serves.
            std::fs::remove_file(&socket).expect("it was there");
            let listener = UnixListener::bind(&socket).expect("a socket");
            let heirs = number(&socket);
            eventually("it is gone", || {
                let now = number(&socket);
                // Looked at before: as long as there is an heir, nobody takes its socket away.
                let is_gone = child_of(pid).is_none();
                assert!(is_gone || now == heirs, "it was taken away");
                is_gone
            });
            listener
        }
    });
    let hung = why(&ourselves());
    assert!(hung.contains("not ready in"), "{hung}");
    drop(heirs.join().expect("its socket stays"));
    eventually("the router is found again", || {
        UnixStream::connect(&socket).is_ok()
    });
    std::fs::remove_file(rig.path("hangs")).expect("it was there");
    assert!(load.stop() > 0);
    assert_eq!(rig.pid(), pid);
    assert!(matches!(split(&rig, 30), RouterReply::Applied(_)));
    upgraded(&rig, LONG);
    assert_eq!(rig.share(&key("web"), 2), 30);
}

#[test]
fn a_tripwire_that_was_armed_before_fires_after_and_a_trip_stays() {
    let (old, new) = (Origin::plain("old"), failing());
    let (rig, listener) = serving(&old, &new);
    assert!(matches!(split(&rig, 50), RouterReply::Applied(_)));
    upgraded(&rig, LONG);
    eventually("it goes back", || {
        // Each on its own connection: the router that leaves may have taken it, and ends it then.
        Client::connect(listener).get("/");
        rig.share(&key("web"), 2) == 0
    });
    let trips = rig.trips();
    assert_eq!(trips[0].rule, TripRule::Errors);
    upgraded(&rig, LONG);
    assert_eq!(rig.trips(), trips);
    let refused = Refusal::Tripped(trips[0].id.clone());
    assert_eq!(split(&rig, 1), RouterReply::Refused(refused));
}

#[test]
fn what_waits_in_a_pause_is_let_through_when_the_next_router_is_told_to() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (rig, listener) = serving(&old, &new);
    let pass = |passage| {
        let done = rig.call(&RouterRequest::Passage {
            epoch: rig.observe().epoch,
            service: Some(key("web")),
            passage,
            until_us: None,
        });
        assert_eq!(done, RouterReply::Done);
    };
    pass(Passage::Paused(Pause::default()));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    eventually("it waits", || rig.waiting(&key("web")) == 1);
    upgraded(&rig, LONG);
    let observed = rig.observe();
    let passage = observed.services[&key("web")].passage;
    assert_eq!(passage, Passage::Paused(Pause::default()));
    pass(Passage::Open);
    assert_eq!(client.answer().text(), "old");
}

/// Answers probes when it is let, and everything else at once.
fn probed(held: &Arc<AtomicBool>) -> Origin {
    let held = held.clone();
    Origin::start(move |exchange| {
        while exchange.line().contains("/ready") && held.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        exchange.ok("old")
    })
}

/// A router whose heir can't prove itself for now, and the heir, once it has the lock.
fn proving(one: &Origin, two: &Origin) -> (Rig, SocketAddr, Pid) {
    let listener = free();
    let mut routes = file(listener, one.address, two.address, 0);
    for slot in routes.values_mut().flat_map(|route| &mut route.slots) {
        slot.probe = Probe {
            kind: ProbeKind::Http {
                path: "/ready".to_owned(),
                speaks: Speaks::Http1,
            },
            timeout: Millis::from_secs(60),
            ..Probe::default()
        };
    }
    let rig = Rig::alone(&routes);
    let program = std::fs::File::open(ourselves()).expect("a program");
    let within = Millis::from_secs(1);
    let asks = Control::connect(&rig.path("router.sock"));
    // Nobody waits for its answer.
    std::thread::spawn(move || {
        asks.try_exchange(&RouterRequest::Upgrade { within }, &[program.as_fd()])
            .ok();
    });
    let mut heir = None;
    eventually("the heir has the lock", || {
        heir = child_of(rig.pid()).filter(|heir| has_open(*heir, &rig.path("state/router.lock")));
        heir.is_some()
    });
    (rig, listener, heir.expect("a process"))
}

fn child_of(pid: Pid) -> Option<Pid> {
    let threads = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).ok()?;
    threads.flatten().find_map(|thread| {
        let children = std::fs::read_to_string(thread.path().join("children")).ok()?;
        let child = children.split_whitespace().next()?.parse().ok()?;
        Pid::from_raw(child)
    })
}

/// Whether it is a program of its own by now that has this file open.
fn has_open(pid: Pid, file: &Path) -> bool {
    let told = std::fs::read_to_string(format!("/proc/{}/environ", pid.as_raw_nonzero()));
    if !told.is_ok_and(|told| told.contains("WINDLASS_ROUTER_TAKES_PLACE")) {
        return false;
    }
    let open = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()));
    let mut open = open.into_iter().flatten().flatten();
    open.any(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to == file))
}

#[test]
fn one_that_is_killed_before_it_serves_changes_nothing() {
    let held = Arc::new(AtomicBool::new(true));
    let (old, new) = (probed(&held), Origin::plain("new"));
    let (rig, listener, heir) = proving(&old, &new);
    kill_process(heir, Signal::KILL).expect("it runs");
    held.store(false, Ordering::SeqCst);
    eventually("another one may take over", || {
        matches!(
            rig.upgrade(&ourselves(), LONG),
            RouterReply::Upgraded { .. }
        )
    });
    assert_eq!(Client::connect(listener).get("/").text(), "old");
}

#[test]
fn one_that_is_killed_before_it_has_given_anything_away_is_followed() {
    let held = Arc::new(AtomicBool::new(true));
    let (old, new) = (probed(&held), Origin::plain("new"));
    let (rig, listener, heir) = proving(&old, &new);
    rig.kill();
    eventually("the other one has taken its place", || {
        let by = windlass_router::holder(&rig.path("state"));
        by.and_then(|by| Pid::from_raw(i32::try_from(by).ok()?)) == Some(heir)
    });
    assert_eq!(Client::connect(listener).get("/").text(), "old");
    rig.adopt(heir);
}

#[test]
fn one_that_is_killed_after_it_was_followed_takes_only_what_it_carried() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let (rig, listener) = serving(&old, &new);
    let first = rig.pid();
    let _open = Client::connect(listener);
    upgraded(&rig, LONG);
    kill_process(first, Signal::KILL).expect("it runs");
    eventually("it is gone", || is_gone(first));
    assert_eq!(Client::connect(listener).get("/").text(), "old");
    // It is asked every 20 ms, and until then it counts as if it were there.
    eventually("nothing is open", || rig.in_flight(&key("web"), 1) == 0);
    rig.forget_elders();
}

#[test]
fn metrics_are_told_on_the_same_address_all_the_while_and_begin_anew() {
    let origin = Origin::plain("old");
    let (listener, metrics) = (free(), free());
    let slots = vec![slot(1, 100, &[origin.address])];
    let measured = route(measured(listener, metrics), slots);
    let rig = Rig::alone(&[(key("web"), measured)].into());
    let told = |page: &str| sum(page, REQUESTS, &[]);
    for _ in 0..3 {
        assert_eq!(Client::connect(listener).get("/").text(), "old");
    }
    eventually("they are told", || told(&scraped(metrics)) == 3);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asks = scope.spawn(|| {
            // Bounded, so that a failure beside it is told.
            let until = Instant::now() + LONG;
            while !stop.load(Ordering::Relaxed) && Instant::now() < until {
                scraped(metrics);
            }
        });
        for _ in 0..3 {
            let before = rig.pid();
            let keeps_it = Client::connect(listener);
            eventually("it is accepted", || rig.observe().connections.open == 1);
            upgraded(&rig, LONG);
            std::thread::park_timeout(Duration::from_millis(200));
            let anew = (0..20).all(|_| told(&scraped(metrics)) == 0);
            assert!(anew, "the new one alone answers, and has counted nothing");
            assert!(!is_gone(before), "and not because the other one has ended");
            drop(keeps_it);
            eventually("the one before has ended", || is_gone(before));
            Client::connect(listener).get("/");
            eventually("it counts", || told(&scraped(metrics)) == 1);
        }
        stop.store(true, Ordering::Relaxed);
        asks.join().expect("every question was answered");
    });
}

#[test]
fn a_question_for_metrics_that_has_begun_is_answered_by_whom_it_was_begun_with() {
    let origin = Origin::plain("old");
    let (listener, metrics) = (free(), free());
    let slots = vec![slot(1, 100, &[origin.address])];
    let rig = Rig::alone(&[(key("web"), route(measured(listener, metrics), slots))].into());
    let mut asks = Client::connect(metrics);
    asks.send("GET /metrics HTTP/1.1\r\n");
    // Whoever came later was answered: it is accepted.
    scraped(metrics);
    upgraded(&rig, LONG);
    // Nothing else keeps the other one.
    std::thread::park_timeout(Duration::from_millis(200));
    asks.send("Host: here\r\n\r\n");
    assert_eq!(asks.answer().status, 200);
    rig.elders_end();
}

/// Whether a note of an order that is under way lies somewhere below `folder`.
fn is_under_way(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        let note = || std::fs::read_to_string(&path).unwrap_or_default();
        let is_note = path.ends_with("order.json") && note().contains("\"under_way\":true");
        is_note || (path.is_dir() && is_under_way(&path))
    })
}

#[test]
fn an_order_that_is_under_way_is_left_and_is_not_made_again_at_once() {
    // It takes connections and never says anything.
    let authority = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let at = authority.local_addr().expect("an address");
    let origin = Origin::plain("old");
    let (secure, clear) = (free(), free());
    let ordered = Listen {
        tls: Some(Tls::Acme {
            acme: Acme {
                directory: format!("https://{at}/directory"),
                email: None,
                ca: None,
                hosts: vec![Host::new("shop.example").expect("a host")],
            },
        }),
        ..secure.into()
    };
    let mut web = route(ordered, vec![slot(1, 100, &[origin.address])]);
    web.listeners.push(clear.into());
    let rig = Rig::alone(&[(key("web"), web)].into());
    let (mut asked, _) = authority.accept().expect("it is asked");
    assert!(is_under_way(&rig.path("state/acme")));
    let before = rig.pid();
    let keeps_it = Client::connect(clear);
    eventually("it is accepted", || rig.observe().connections.open == 1);
    upgraded(&rig, LONG);
    // Less than an authority is waited for.
    let soon = Some(Duration::from_secs(5));
    asked.set_read_timeout(soon).expect("set");
    let mut hello = Vec::new();
    asked.read_to_end(&mut hello).expect("the order is left");
    assert!(!is_gone(before), "and not because its router has ended");
    drop(keeps_it);
    rig.elders_end();
    assert_eq!(Client::connect(clear).get("/").text(), "old");
    authority.set_nonblocking(true).expect("set");
    std::thread::park_timeout(Duration::from_millis(500));
    assert!(authority.accept().is_err(), "nobody orders again so soon");
    rig.end();
}
