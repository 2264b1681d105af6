//! The adapters keep the promises of the traits, against the real thing.

use std::cell::Cell;

use windlass_adapters::NetworkProber;
use windlass_model::{Instance, InstanceId, Millis, Probe, ProbeKind, Speaks};
use windlass_testkit::conformance::{
    ProberCase, RouterCase, TargetCase, prober, target, traffic_router,
};

use crate::process::bench::{Bench, listener, run, service};
use crate::router::rig::{Place, answering, free_address, instance, key, origin};

fn named(name: &str, instance: Instance) -> Instance {
    Instance {
        id: InstanceId::from_tail(name).expect("an id"),
        ..instance
    }
}

fn http() -> Probe {
    Probe {
        kind: ProbeKind::Http {
            path: "/ready".to_owned(),
            speaks: Speaks::Http1,
        },
        every: Millis::from_millis(50),
        timeout: Millis::from_millis(500),
        ..Probe::default()
    }
}

#[test]
fn the_process_target_is_a_target() {
    run(async {
        let bench = Bench::new("exec sleep 300");
        let made = Cell::new(0);
        let case = TargetCase {
            target: &bench.target,
            good: bench.request(listener()),
            missing: bench.request(service(&["./nothing"])),
            instance: &|| {
                made.set(made.get() + 1);
                bench.instance(&made.get().to_string())
            },
        };
        target(&case).await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_embedded_router_is_a_router() {
    let place = Place::new();
    let router = place.connect(1).await;
    let case = RouterCase {
        router: &router,
        services: [(key("a"), free_address()), (key("b"), free_address())],
        ready: [
            named("one", instance(origin("one"))),
            named("other", instance(origin("other"))),
        ],
        dead: named("dead", instance(free_address())),
        probe: http(),
    };
    traffic_router(&case).await;
}

#[tokio::test]
async fn the_network_prober_is_a_prober() {
    let refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    let case = ProberCase {
        prober: &NetworkProber,
        probe: http(),
        good: instance(origin("good")),
        bad: instance(answering(refusal.to_owned())),
        closed: instance(free_address()),
    };
    prober(&case).await;
}
