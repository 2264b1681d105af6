//! The rate, the connections and the clock.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use windlass_load::{LoadPlan, start};

use crate::server::{Reply, Server, every, wait_until};

/// What `per_second` gives in `time`, as a whole number.
fn expected(per_second: u32, time: Duration) -> u64 {
    u64::try_from(time.as_micros() * u128::from(per_second) / 1_000_000).expect("a small number")
}

#[test]
fn the_count_is_rate_times_time() {
    let server = Server::good();
    let plan = server.plan();
    let before = Instant::now();
    let load = start(plan.clone()).expect("started");
    let started = Instant::now();
    wait_until(&load, |counts| counts.sent >= 800);
    let least = expected(plan.per_second, started.elapsed());
    let counts = load.stop();
    let most = expected(plan.per_second, before.elapsed()) + 1;
    assert!(
        (least..=most).contains(&counts.sent),
        "{least} <= {} <= {most}",
        counts.sent
    );
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
    assert_eq!(counts.answered, counts.sent);
    assert_eq!(
        counts.by_chain.get("web=1").map(|c| c.ok),
        Some(counts.sent)
    );
    assert_eq!(
        server.seen.requests.load(Ordering::Relaxed),
        counts.sent,
        "nothing sent twice"
    );
    let connections = server.seen.connections.load(Ordering::Relaxed);
    assert!(connections <= 16, "{connections} connections");
}

#[test]
fn a_stall_is_charged_to_every_request_that_was_due_in_it() {
    let stall = Duration::from_millis(500);
    let server = Server::start(Arc::new(move |number| Reply {
        after: if number == 0 { stall } else { Duration::ZERO },
        ..Reply::good()
    }));
    let plan = LoadPlan {
        connections: 1,
        per_second: 100,
        ..server.plan()
    };
    let load = start(plan).expect("started");
    wait_until(&load, |counts| counts.answered >= 50);
    let counts = load.stop();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
    // 50 requests were due in the stall: evenly spread, half of them waited half of it.
    let share = 25.0 / f64::from(u32::try_from(counts.answered).expect("a small number"));
    let waited = counts.latency.quantile(1.0 - share);
    assert!(
        waited >= stall / 2,
        "a request of the middle waited {waited:?}"
    );
}

#[test]
fn every_nth_request_has_a_connection_of_its_own() {
    let server = Server::good();
    let plan = LoadPlan {
        fresh_every: every(4),
        ..server.plan()
    };
    let load = start(plan).expect("started");
    wait_until(&load, |counts| counts.sent >= 100);
    let counts = load.stop();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
    assert_eq!(
        server.seen.asked_to_close.load(Ordering::Relaxed),
        counts.sent / 4
    );
    assert!(server.seen.connections.load(Ordering::Relaxed) > counts.sent / 4);

    let server = Server::good();
    let plan = LoadPlan {
        fresh_every: every(1),
        ..server.plan()
    };
    let load = start(plan).expect("started");
    wait_until(&load, |counts| counts.sent >= 100);
    let counts = load.stop();
    assert_eq!(counts.failed, 0, "{:?}", counts.failures);
    assert_eq!(server.seen.connections.load(Ordering::Relaxed), counts.sent);
}

#[test]
fn a_segment_counts_what_came_in_it() {
    let server = Server::start(Arc::new(|number| Reply {
        headers: vec![(
            "Version-Chain",
            if number < 50 { "web=1" } else { "web=2" }.to_owned(),
        )],
        ..Reply::good()
    }));
    let load = start(server.plan()).expect("started");
    wait_until(&load, |counts| counts.by_chain.contains_key("web=2"));
    let mark = load.mark();
    wait_until(&load, |counts| counts.sent >= mark.sent + 50);
    let counts = load.stop();
    let segment = counts.since(&mark);
    assert_eq!(segment.sent, counts.sent - mark.sent);
    assert_eq!(segment.answered, counts.answered - mark.answered);
    assert_eq!(counts.by_chain.get("web=1").map(|c| c.ok), Some(50));
    let two = counts.by_chain.get("web=2").expect("seen");
    assert!(two.first_ms > 0 && two.last_ms >= two.first_ms);
}
