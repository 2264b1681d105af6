//! Ticks: every request is counted once.

use std::time::Duration;

use windlass_control::{SlotCounts, Tick};
use windlass_model::{LATENCY_EDGES_US, Millis, Percent, Route, SlotId};

use crate::client::Client;
use crate::drain::slow;
use crate::origin::{After, Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::slow::pass;

/// All ticks, read in pieces.
fn all(rig: &Rig) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut after = 0;
    loop {
        let some = rig.ticks(after);
        let Some(last) = some.last() else {
            return ticks;
        };
        after = last.number;
        ticks.extend(some);
    }
}

fn sums(rig: &Rig, slot: Option<u32>) -> ([u64; 5], u64, u64) {
    let mut sums = ([0; 5], 0, 0);
    let ticks = all(rig);
    let counts = ticks
        .iter()
        .flat_map(|tick| tick.services.values().flatten());
    for SlotCounts {
        answers,
        connect_failures,
        broken,
        latency,
        ..
    } in counts.filter(|c| c.slot == slot.map(SlotId))
    {
        for (sum, count) in sums.0.iter_mut().zip(answers) {
            *sum += count;
        }
        sums.1 += connect_failures;
        sums.2 += broken;
        assert!(latency.iter().sum::<u64>() <= answers.iter().sum());
    }
    sums
}

#[test]
fn answers_beyond_a_threshold_between_two_edges_are_counted_where_its_route_has_one() {
    let origin = Origin::start(|exchange| {
        if exchange.line().contains("/slow") {
            pass(Duration::from_millis(30));
        }
        exchange.ok("hello")
    });
    let rig = Rig::start();
    let listener = rig.listener();
    let than = Millis::from_millis(17);
    let plain = serving(listener, vec![slot(1, 100, &[origin.address])]);
    let counted = Route {
        thresholds: vec![than],
        ..plain.clone()
    };
    let mut client = Client::connect(listener);
    let ask = |client: &mut Client| {
        // A tick of its own, so that the change of the table is in none of these.
        let last = all(&rig).last().map_or(0, |tick| tick.number);
        eventually("a tick has ended", || {
            all(&rig).last().is_some_and(|tick| tick.number > last + 1)
        });
        for path in ["/", "/slow", "/", "/slow", "/"] {
            client.get(path);
        }
        let mut answered = 0;
        let mut seen = Vec::new();
        eventually("all are told", || {
            let ticks = all(&rig);
            let ticks = ticks.into_iter().filter(|tick| tick.number > last);
            seen = ticks
                .flat_map(|tick| tick.services.into_values().flatten())
                .collect();
            answered = seen.iter().map(SlotCounts::answered).sum();
            answered == 5
        });
        seen
    };
    rig.route(&key("web"), plain);
    assert!(
        ask(&mut client)
            .iter()
            .all(|counts| counts.beyond.is_empty())
    );
    rig.route(&key("web"), counted);
    let edges = |than| LATENCY_EDGES_US.partition_point(|edge| *edge <= than);
    let (mut slow, mut certain, mut possible) = (0, 0, 0);
    // A tick may have ended between a request and its answer.
    let answered = ask(&mut client).into_iter();
    for counts in answered.filter(|counts| counts.answered() > 0) {
        let [only] = counts.beyond[..] else {
            panic!("{counts:?}");
        };
        assert_eq!(only.than, than);
        slow += only.answers;
        certain += counts.latency[edges(17_500)..].iter().sum::<u64>();
        possible += counts.latency[edges(15_000)..].iter().sum::<u64>();
    }
    assert!(slow >= 2 && (certain..=possible).contains(&slow), "{slow}");
}

#[test]
fn the_sum_of_all_ticks_is_what_was_sent() {
    let by_path = || {
        Origin::start(|exchange| {
            let line = exchange.line();
            let status = line.split(['/', ' ']).nth(2).unwrap_or("200").to_owned();
            exchange.write(&format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
            After::Keep
        })
    };
    let (origin, other) = (by_path(), by_path());
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![
        slot(1, 75, &[origin.address]),
        slot(2, 25, &[other.address]),
    ];
    rig.route(&key("web"), serving(listener, slots));
    std::thread::scope(|scope| {
        for status in [200, 301, 404, 503] {
            scope.spawn(move || {
                let mut client = Client::connect(listener);
                for _ in 0..100 {
                    client.get(&format!("/{status}"));
                }
            });
        }
    });
    let both = || (sums(&rig, Some(1)).0, sums(&rig, Some(2)).0);
    eventually("all are counted", || {
        let (one, two) = both();
        one.iter().sum::<u64>() == 300 && two.iter().sum::<u64>() == 100
    });
    let (one, two) = both();
    let classes: Vec<u64> = one.iter().zip(two).map(|(a, b)| a + b).collect();
    assert_eq!(classes, [0, 100, 100, 100, 100]);
    assert_eq!(sums(&rig, None), ([0; 5], 0, 0));
}

/// What the ticks say of one slot, one after the other.
fn of(rig: &Rig, slot: u32) -> Vec<SlotCounts> {
    let ticks = all(rig).into_iter();
    let counts = ticks.flat_map(|tick| tick.services.into_values().flatten());
    counts.filter(|c| c.slot == Some(SlotId(slot))).collect()
}

#[test]
fn an_answer_belongs_to_the_split_under_which_its_request_came() {
    let (old, go_on) = slow();
    let new = Origin::plain("new");
    let rig = Rig::start();
    let listener = rig.listener();
    let to = |first| {
        let slots = vec![
            slot(1, first, &[old.address]),
            slot(2, 100 - first, &[new.address]),
        ];
        serving(listener, slots)
    };
    rig.route(&key("web"), to(100));
    let mut early = Client::connect(listener);
    early.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    early.head().expect("a head");
    rig.route(&key("web"), to(50));
    go_on.send(()).expect("said");
    assert_eq!(early.bytes(10), b"first-last");
    let sum = |of: fn(&SlotCounts) -> u64| of_slot(&rig, 1, of);
    let late = |counts: &SlotCounts| counts.late.as_ref().map_or(0, |late| late.answers[1]);
    eventually("it is counted", || sum(SlotCounts::answered) == 1);
    assert_eq!(sum(late), 1, "it came at another share");

    // Both of these come at the present one.
    go_on.send(()).expect("said");
    for _ in 0..2 {
        Client::connect(listener).get("/");
    }
    eventually("all are counted", || sum(SlotCounts::answered) == 2);
    assert_eq!((sum(late), sum(|counts| counts.dealt)), (1, 2));
    let shares: Vec<u8> = of(&rig, 2)
        .iter()
        .filter_map(|c| c.share)
        .map(Percent::get)
        .collect();
    assert!(shares.iter().all(|share| *share == 50), "{shares:?}");
}

fn of_slot(rig: &Rig, slot: u32, count: fn(&SlotCounts) -> u64) -> u64 {
    of(rig, slot).iter().map(count).sum()
}

#[test]
fn ticks_are_numbered_without_a_gap_and_can_be_read_again() {
    let rig = Rig::start();
    eventually("there are some", || rig.ticks(0).len() >= 5);
    let first = rig.ticks(0);
    let numbers: Vec<u64> = first.iter().map(|t| t.number).collect();
    assert_eq!(numbers, (1..).take(first.len()).collect::<Vec<u64>>());
    assert!(first.is_sorted_by(|a, b| a.until_ms < b.until_ms));
    let again = rig.ticks(0);
    assert_eq!(again[..first.len()], first);
    assert_eq!(rig.ticks(3)[0].number, 4);
}

#[test]
fn failures_and_own_answers_are_counted_apart() {
    let dead = Refuses::new();
    let half = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        After::Close
    });
    let rig = Rig::start();
    let listener = rig.listener();
    rig.route(
        &key("web"),
        serving(listener, vec![slot(1, 100, &[dead.address])]),
    );
    assert_eq!(Client::connect(listener).get("/").status, 502);
    rig.route(
        &key("web"),
        serving(listener, vec![slot(2, 100, &[half.address])]),
    );
    assert!(Client::connect(listener).try_get("/").is_err());
    rig.route(&key("web"), serving(listener, vec![]));
    assert_eq!(Client::connect(listener).get("/").status, 503);
    eventually("all are counted", || {
        sums(&rig, Some(1)) == ([0; 5], 1, 0)
            && sums(&rig, Some(2)) == ([0, 1, 0, 0, 0], 0, 1)
            && sums(&rig, None) == ([0, 0, 0, 0, 2], 0, 0)
    });
}
