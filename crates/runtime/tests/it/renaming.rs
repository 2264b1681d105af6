//! A service under another name: the same one, also when a stored plan is carried out.

use windlass_model::{Millis, Outcome, SlotId};
use windlass_runtime::From;
use windlass_testkit::{App, Ending, Lab, Script, Service, run, service_name};

use crate::fixture::{
    alive, assert_clean, promoted, put, script, shares, shop, splits, state, web,
};

/// `site`, which was `web`.
fn site() -> App {
    let renamed = Service::new("site").listen(8080).bake(Millis::from_secs(2));
    shop([renamed.with(|spec| spec.was = Some(service_name("web")))])
}

/// Deploys what was planned before, as the command line does.
async fn by_its_plan(lab: &mut Lab, app: &App) -> Ending {
    let planned = lab.handle().plan(app.wanted()).await.expect("a plan");
    let begun = lab.deploy_from(From::Plan(planned.plan.id)).await;
    let id = begun
        .expect("it is accepted")
        .expect("there is something to do");
    lab.until_ended(&id).await
}

#[test]
fn what_was_planned_as_a_rename_takes_the_old_slot_along() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["site"], "two");
        let ending = by_its_plan(&mut lab, &site()).await;
        assert_eq!(ending, Ending::Ended(Outcome::Promoted));
        let now = state(&lab, "site");
        assert_eq!(now.stable.map(|slot| slot.id), Some(SlotId(1)));
        assert_eq!(
            now.standby.map(|slot| slot.id),
            Some(SlotId(0)),
            "kept warm"
        );
        assert_eq!(alive(&lab), 2);
        assert_clean(&lab);
    });
}

#[test]
fn a_rename_that_fails_is_back_on_the_old_slot() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["site"], "two");
        script(
            &lab,
            "site",
            "two",
            Script::ends_after(Millis::from_millis(20)),
        );
        let ending = by_its_plan(&mut lab, &site()).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        assert_eq!(splits(&lab, "site").pop(), Some(shares([(0, 100)])));
        assert_eq!(alive(&lab), 1);
        assert_clean(&lab);
    });
}
