//! Who gets which request.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use windlass_control::Direction;

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, key, serving, slot};

#[test]
fn five_percent_are_five_of_any_hundred() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 95, &[old.address]), slot(2, 5, &[new.address])];
    rig.route(&key("web"), serving(listener, slots));

    let answers: Vec<bool> = (0..400)
        // A connection each, so that both data threads take part.
        .map(|_| Client::connect(listener).get("/").text() == "new")
        .collect();

    let new = |answers: &[bool]| answers.iter().filter(|new| **new).count();
    assert_eq!(new(&answers), 20);
    for window in answers.windows(100) {
        assert_eq!(new(window), 5);
    }
}

#[test]
fn five_percent_are_five_of_a_hundred_also_of_many_who_ask_at_once() {
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 95, &[old.address]), slot(2, 5, &[new.address])];
    rig.route(&key("web"), serving(listener, slots));
    for round in 1..=5 {
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    let mut client = Client::connect(listener);
                    for _ in 0..10 {
                        assert_eq!(client.get("/").status, 200);
                    }
                });
            }
        });
        assert_eq!((old.requests(), new.requests()), (95 * round, 5 * round));
    }
}

#[test]
fn a_switch_under_load_fails_nothing_and_no_old_answer_follows_its_reply() {
    const FLIPS: u64 = 40;
    let (blue, green) = (Origin::plain("1"), Origin::plain("2"));
    let rig = Rig::start();
    let listener = rig.listener();
    let web = key("web");
    let to = |flip: u64| {
        let first = if flip.is_multiple_of(2) { 100 } else { 0 };
        let slots = vec![
            slot(1, first, &[blue.address]),
            slot(2, 100 - first, &[green.address]),
        ];
        serving(listener, slots)
    };
    rig.route(&web, to(0));

    let (asked, replied, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let answers = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::connect(listener);
                    let mut count = 0;
                    while !over.load(SeqCst) {
                        let before = replied.load(SeqCst);
                        let answer = client.get("/");
                        let after = asked.load(SeqCst);
                        assert_eq!(answer.status, 200);
                        if before == after {
                            let expected = if before.is_multiple_of(2) { "1" } else { "2" };
                            assert_eq!(answer.text(), expected, "after flip {before}");
                        }
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let seen = |origin: &Origin| origin.requests();
        for flip in 1..=FLIPS {
            let before = seen(&blue) + seen(&green);
            asked.store(flip, SeqCst);
            let done = rig.change(Direction::Raise, &web, Some(to(flip)));
            assert!(done.is_ok(), "{done:?}");
            replied.store(flip, SeqCst);
            crate::rig::eventually("traffic goes on", || {
                seen(&blue) + seen(&green) > before + 20
            });
        }
        over.store(true, SeqCst);
        let counts = clients.into_iter().map(|c| c.join().expect("a client"));
        counts.sum::<usize>()
    });
    assert!(answers >= 40 * 20);
    assert_eq!(answers, blue.requests() + green.requests());
}
