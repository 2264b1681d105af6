//! A controller that nobody needs any more.

use windlass_model::Millis;
use windlass_runtime::IDLE_FOR;
use windlass_testkit::{Effect, Lab, run};

use crate::fixture::{alive, count, promoted, put, shop, web};

/// A little longer than it takes until it is seen that nobody asks.
const LONG: Millis = Millis::from_secs(IDLE_FOR.as_millis() / 1_000 + 30);

/// As if a command that only looks had started its controller.
fn started_by_a_command(lab: &Lab) {
    lab.handle().end_when_idle();
}

async fn is_there(lab: &Lab) -> bool {
    lab.handle().status().await.is_ok()
}

#[test]
fn a_controller_that_has_nothing_to_care_for_ends_with_its_router_once_nobody_asks() {
    run(async {
        let mut lab = Lab::new().await;
        started_by_a_command(&lab);
        for _look in 0..3 {
            lab.pass(IDLE_FOR.less(Millis::from_secs(30))).await;
            assert!(is_there(&lab).await, "somebody has asked meanwhile");
        }
        assert_eq!(count(&lab, Effect::ShutDown), 0);
        lab.pass(LONG).await;
        assert!(!is_there(&lab).await);
        assert_eq!(count(&lab, Effect::ShutDown), 1);
    });
}

#[test]
fn one_that_cares_for_something_stays_however_long_nobody_asks() {
    run(async {
        let mut lab = Lab::new().await;
        started_by_a_command(&lab);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        lab.pass(Millis::from_secs(86_400)).await;
        assert!(is_there(&lab).await);
        assert_eq!((alive(&lab), count(&lab, Effect::ShutDown)), (1, 0));
    });
}

#[test]
fn whoever_listens_to_what_happens_keeps_it_there() {
    run(async {
        let mut lab = Lab::new().await;
        started_by_a_command(&lab);
        let listens = lab.handle().events(0, None).await.expect("it is heard");
        lab.pass(LONG).await;
        assert!(is_there(&lab).await);
        drop(listens);
        lab.pass(LONG).await;
        assert!(!is_there(&lab).await);
    });
}

#[test]
fn one_that_a_person_runs_stays() {
    run(async {
        let mut lab = Lab::new().await;
        lab.pass(LONG).await;
        assert!(is_there(&lab).await);
    });
}
