//! What something would do, asked before it is done.

use std::collections::BTreeMap;

use windlass_api::CheckAnswer;
use windlass_model::Version;
use windlass_runtime::{Check, RollbackAt, ServiceAt};
use windlass_testkit::{Lab, app_name, environment_name, run, service_name};

use crate::fixture::{assert_clean, begun, promoted, put, shop, state, web};

type Agreed = BTreeMap<String, Version>;

fn back(agreed: Option<Agreed>) -> RollbackAt {
    RollbackAt {
        app: app_name("shop"),
        environment: environment_name(),
        service: None,
        to: None,
        agreed,
    }
}

async fn promotes(lab: &mut Lab, content: &str) {
    put(lab, &["web"], content);
    promoted(lab, &shop([web()])).await;
}

async fn checked(lab: &Lab) -> CheckAnswer {
    let answer = lab.handle().check(Check::Rollback(back(None))).await;
    answer.expect("it would go back")
}

/// What somebody agrees to who is shown what a rollback would do.
async fn shown(lab: &Lab) -> Agreed {
    let plan = checked(lab).await.plan.expect("a plan").plan;
    let parts = plan.rollouts.into_iter();
    parts
        .map(|(service, part)| (service.to_string(), part.release.version))
        .collect()
}

#[test]
fn what_was_shown_is_carried_out_and_nothing_else() {
    run(async {
        let mut lab = Lab::new().await;
        promotes(&mut lab, "one").await;
        promotes(&mut lab, "two").await;
        let agreed = shown(&lab).await;
        assert_eq!(lab.world.disk.deployments().len(), 2, "nothing has begun");
        promotes(&mut lab, "three").await;
        let by = || "ana".to_owned();
        let other = lab.handle().rollback(back(Some(agreed)), by().into()).await;
        assert_eq!(other.expect_err("it was shown before").code.0, "WL0305");
        let agreed = shown(&lab).await;
        let same = lab.handle().rollback(back(Some(agreed)), by().into()).await;
        let id = same.expect("as shown").deployment.expect("it begins");
        lab.until_ended(&id).await;
        assert_clean(&lab);
    });
}

#[test]
fn while_a_deployment_runs_a_check_says_that_it_would_be_aborted_and_leaves_it() {
    run(async {
        let mut lab = Lab::new().await;
        promotes(&mut lab, "one").await;
        promotes(&mut lab, "two").await;
        let agreed = shown(&lab).await;
        put(&lab, &["web"], "three");
        let id = begun(&lab, &shop([web()])).await;
        let answer = checked(&lab).await;
        assert_eq!((answer.aborts.as_ref(), &answer.plan), (Some(&id), &None));
        let handle = lab.handle();
        let other = handle
            .rollback(back(Some(agreed)), "ana".to_owned().into())
            .await;
        let refused = other.expect_err("an abort was not shown");
        assert_eq!(refused.code.0, "WL0304");
        let goes = ServiceAt {
            app: app_name("shop"),
            environment: environment_name(),
            service: service_name("web"),
        };
        for check in [Check::Remove(goes), Check::Down(app_name("shop"), None)] {
            let refused = lab.handle().check(check).await.expect_err("it runs");
            assert_eq!(refused.code.0, "WL0304");
        }
        lab.until_ended(&id).await;
        assert_clean(&lab);
    });
}

#[test]
fn what_was_taken_down_is_said_to_be_until_something_is_promoted_again() {
    run(async {
        let mut lab = Lab::new().await;
        promotes(&mut lab, "one").await;
        let by = "ana".to_owned();
        let down = lab.handle().down(app_name("shop"), None, by).await;
        down.expect("it goes down");
        lab.crash_and_restart().await;
        let by = state(&lab, "web").down.map(|down| down.by);
        assert_eq!(by.as_deref(), Some("ana"));
        let refused = lab.handle().check(Check::Rollback(back(None))).await;
        let refused = refused.expect_err("nothing runs");
        assert_eq!(refused.code.0, "WL0453");
        assert!(
            refused.title.contains("shop in default was taken down"),
            "{}",
            refused.title
        );
        promotes(&mut lab, "two").await;
        assert_eq!(state(&lab, "web").down, None);
        assert_clean(&lab);
    });
}
