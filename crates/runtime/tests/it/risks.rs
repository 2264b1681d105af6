//! What the past says of a plan: how it will end, and how long it takes.

use windlass_api::{Command, RiskView, TakesView};
use windlass_model::{Measure, Millis, Outcome, ServiceName};
use windlass_testkit::{Ending, Lab, Script, run};

use crate::fixture::{begun, promoted, put, say, script, shop, web};

async fn risk(lab: &Lab) -> Option<RiskView> {
    put(lab, &["web"], "next");
    let wanted = shop([web()]).wanted();
    lab.handle().plan(wanted).await.expect("a plan").risk
}

/// So many deployments, of which some go back.
async fn past(lab: &mut Lab, ends: impl Iterator<Item = bool>) {
    for (number, good) in ends.enumerate() {
        let content = format!("number {number}");
        put(lab, &["web"], &content);
        if good {
            promoted(lab, &shop([web()])).await;
        } else {
            script(lab, "web", &content, Script::rejected());
            let (_, ending) = lab.deployed(&shop([web()])).await;
            assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        }
        lab.pass(Millis::from_secs(60)).await;
    }
}

#[test]
fn a_plan_says_nothing_of_a_past_that_is_too_short_and_else_its_plain_rate() {
    run(async {
        let mut lab = Lab::new().await;
        past(&mut lab, [true; 4].into_iter()).await;
        assert_eq!(risk(&lab).await, None);
        past(&mut lab, [true, true].into_iter()).await;
        let known = risk(&lab).await.expect("six deployments");
        // The second round has the contents of the first: those that ran already were nothing to do.
        assert_eq!((known.failed, known.learned), (0, None));
        assert!(known.deployments >= 5, "{}", known.deployments);
    });
}

#[test]
fn failures_that_come_after_failures_are_learned_and_named() {
    run(async {
        let mut lab = Lab::new().await;
        // Runs of failures and of successes: the one before says most.
        let ends = (0..48).map(|number| number % 16 < 8);
        past(&mut lab, ends).await;
        let known = risk(&lab).await.expect("a long past");
        assert_eq!((known.deployments, known.failed), (48, 24));
        let learned = known.learned.expect("better than the plain rate");
        assert!(learned.percent > Measure::nearest(50.0), "{learned:?}");
        assert_eq!(learned.reasons[0].name, "how the deployment before ended");
        assert!(!learned.calibrated, "24 failures are fewer than 50");
    });
}

#[test]
fn a_plan_takes_its_watches_and_what_the_last_starts_took() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "first");
        let first = takes(&lab).await;
        assert_eq!(
            first.unknown,
            [ServiceName::new("web").expect("a name")].into(),
            "it never started"
        );
        assert_eq!(first.about_ms, first.watched_ms);
        assert!(first.watched_ms > 0, "{first:?}");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "second");
        let next = takes(&lab).await;
        assert_eq!(next.unknown, [].into());
        assert!(next.about_ms > next.watched_ms, "{next:?}");
        promoted(&mut lab, &shop([web()])).await;
        let nothing = lab.handle().plan(shop([web()]).wanted()).await;
        assert_eq!(
            nothing.expect("a plan").takes,
            None,
            "there is nothing to do"
        );
    });
}

#[test]
fn what_a_person_holds_before_the_first_traffic_is_no_part_of_a_start() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "first");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "second");
        let id = begun(&lab, &shop([web()])).await;
        say(&lab, &id, Command::Hold).await.expect("it is held");
        let hour = Millis::from_secs(3_600);
        lab.pass(hour).await;
        say(&lab, &id, Command::Resume).await.expect("it goes on");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        put(&lab, &["web"], "third");
        let next = takes(&lab).await;
        let start = Millis::from_millis(next.about_ms - next.watched_ms);
        assert!(start > Millis::ZERO && start < hour, "{next:?}");
    });
}

async fn takes(lab: &Lab) -> TakesView {
    let plan = lab.handle().plan(shop([web()]).wanted()).await;
    plan.expect("a plan").takes.expect("something to do")
}
