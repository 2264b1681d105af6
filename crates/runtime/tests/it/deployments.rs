//! Deployments that go as planned.

use windlass_model::Outcome;
use windlass_testkit::{App, Ending, Lab, Service, run, service_name};

#[test]
fn a_first_deployment_is_promoted() {
    run(async {
        let mut lab = Lab::new().await;
        let web = service_name("web");
        lab.world.host.put(&web, "one");
        let app = App::new("shop", [Service::new("web").listen(8080)]);
        let (id, ending) = lab.deployed(&app).await;
        for row in lab.world.disk.rows(&id) {
            println!("{} {} {:?}", row.number, row.event, row.facts);
        }
        for line in lab.world.ledger.lines() {
            println!("{line:?}");
        }
        assert_eq!(ending, Ending::Ended(Outcome::Promoted));
    });
}
