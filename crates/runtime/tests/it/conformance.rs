//! The fakes keep the promises of the traits that they stand for.

use std::cell::Cell;
use std::collections::BTreeMap;

use windlass_edge::{Ids, KeepRelease, StartInstance, StoredDeployment, Target};
use windlass_model::{Environment, Epoch, Instance, Probe, ProbeKind, Speaks};
use windlass_testkit::conformance::{
    ProberCase, RouterCase, StoreCase, TargetCase, prober, store, target, traffic_router,
};
use windlass_testkit::{
    FakeProber, FakeRouter, FakeStore, FakeTarget, Lab, Script, World, address, run, service_name,
};

use crate::fixture::{put, shop, web};

/// Makes instances of a world.
struct Maker {
    world: World,
    target: FakeTarget,
    port: Cell<u16>,
}

impl Maker {
    fn new() -> Self {
        let world = World::new();
        let target = FakeTarget::new(&world.host, Epoch(1));
        world.host.put(&service_name("web"), "good");
        Self {
            world,
            target,
            port: Cell::new(30_000),
        }
    }

    fn instance(&self) -> Instance {
        self.port.set(self.port.get() + 1);
        let id = self.world.ids.instance();
        Instance {
            id,
            place: "local".to_owned(),
            address: address(self.port.get()),
        }
    }

    fn keep(service: &str) -> KeepRelease {
        KeepRelease {
            service: shop([]).key(service),
            spec: shop([web()]).spec().services[&service_name("web")].clone(),
            folder: "/srv/shop".into(),
            values: BTreeMap::new(),
            need_urls: BTreeMap::new(),
            surroundings: BTreeMap::new(),
        }
    }

    /// One that runs a content of this name.
    async fn running(&self, content: &str) -> Instance {
        self.world.host.put(&service_name("web"), content);
        let keep = Self::keep("web");
        let release = self.target.keep(&keep).await.expect("it is kept").release;
        let instance = self.instance();
        let request = StartInstance {
            service: keep.service,
            instance: instance.clone(),
            release,
            spec: keep.spec,
            ordinal: 0,
            slot: windlass_model::SlotId::default(),
            again: false,
            command: None,
            restart: windlass_control::Restart::Never,
        };
        self.target.start(&request).await.expect("it starts");
        self.world.pass(windlass_model::Millis::from_secs(1)).await;
        instance
    }
}

fn http() -> Probe {
    Probe {
        kind: ProbeKind::Http {
            path: "/ready".to_owned(),
            speaks: Speaks::Http1,
        },
        ..Probe::default()
    }
}

#[test]
fn the_fake_target_is_a_target() {
    run(async {
        let maker = Maker::new();
        let case = TargetCase {
            target: &maker.target,
            good: Maker::keep("web"),
            missing: Maker::keep("nobody"),
            instance: &|| maker.instance(),
        };
        target(&case).await;
    });
}

#[test]
fn the_fake_router_is_a_router() {
    run(async {
        let maker = Maker::new();
        let router = FakeRouter::new(&maker.world.front, Epoch(1));
        let case = RouterCase {
            router: &router,
            services: [
                (shop([]).key("a"), address(8_001)),
                (shop([]).key("b"), address(8_002)),
            ],
            ready: [maker.running("good").await, maker.running("good").await],
            dead: maker.instance(),
            probe: http(),
        };
        traffic_router(&case).await;
        let newer = FakeRouter::new(&maker.world.front, Epoch(2));
        assert!(windlass_edge::TrafficRouter::observe(&newer).await.is_ok());
        let over = windlass_edge::TrafficRouter::shutdown(&router)
            .await
            .expect_err("it is over");
        assert_eq!(over.kind, windlass_edge::ErrorKind::Refused);
    });
}

#[test]
fn the_fake_prober_is_a_prober() {
    run(async {
        let maker = Maker::new();
        maker
            .world
            .host
            .script(&service_name("web"), "bad", Script::never_ready());
        let asks = FakeProber::new(&maker.world.host);
        let case = ProberCase {
            prober: &asks,
            probe: http(),
            good: maker.running("good").await,
            bad: maker.running("bad").await,
            closed: maker.instance(),
        };
        prober(&case).await;
    });
}

#[test]
fn the_fake_store_is_a_store() {
    run(async {
        let lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let plan = lab
            .handle()
            .plan(shop([web()]).wanted())
            .await
            .expect("a plan")
            .plan;
        let world = World::new();
        let environment = Environment::empty(plan.app.clone(), plan.environment.clone());
        let deployment = StoredDeployment {
            id: world.ids.deployment(),
            plan,
            started_us: 1,
            ended_us: None,
            by: "ana".to_owned(),
            opening: "{}".to_owned(),
            asked_as: Some("7f3a".to_owned()),
        };
        let opened = FakeStore::open(&world.disk);
        store(&StoreCase {
            store: &opened,
            deployment,
            environment,
        })
        .await;
    });
}
