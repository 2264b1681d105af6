//! Going back after promotion, and mending what is stuck.

use windlass_api::{Command, Exit, Problem, RollbackAnswer, WentBack, WentBackView};
use windlass_model::{
    DeploymentId, Fact, Millis, Outcome, Repair, ReturnReason, StuckReason, Version,
};
use windlass_runtime::RollbackAt;
use windlass_testkit::{
    Effect, Ending, Lab, Script, Service, app_name, environment_name, run, service_name,
};

use crate::fixture::{
    alive, assert_clean, begun, count, facts, promoted, put, say, script, shares, shop, splits,
    stable, state, three, until_baking, web,
};

async fn back(
    lab: &Lab,
    service: Option<&str>,
    to: Option<&Version>,
) -> Result<RollbackAnswer, Problem> {
    let at = RollbackAt {
        app: app_name("shop"),
        environment: environment_name(),
        service: service.map(service_name),
        to: to.cloned(),
        agreed: None,
    };
    lab.handle().rollback(at, "ana".to_owned().into()).await
}

/// Goes back and sees that it gets there.
async fn went_back(lab: &mut Lab, service: Option<&str>, to: Option<&Version>) -> DeploymentId {
    let answer = back(lab, service, to).await.expect("it begins");
    assert!(!answer.aborted);
    let id = answer.deployment.expect("there is something to do");
    let ending = lab.until_ended(&id).await;
    assert_eq!(
        ending,
        Ending::Ended(Outcome::Promoted),
        "{:?}",
        facts(lab, &id)
    );
    id
}

fn version(lab: &Lab, service: &str) -> Version {
    stable(lab, service).release.version
}

/// Promotes these contents of `web`, one after the other; returns their versions.
async fn releases(lab: &mut Lab, contents: &[&str]) -> Vec<Version> {
    let mut versions = Vec::new();
    for content in contents {
        put(lab, &["web"], content);
        promoted(lab, &shop([web()])).await;
        versions.push(version(lab, "web"));
    }
    versions
}

fn proofs(lab: &Lab, id: &DeploymentId) -> Vec<windlass_model::Proof> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::Proved { proof, .. } => Some(proof),
        _ => None,
    })
    .collect()
}

#[test]
fn a_rollback_goes_to_the_warm_standby_and_proves_it() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one", "two"]).await;
        lab.world.front.requests_come(&shop([]).key("web"), 100);
        let started = count(&lab, Effect::Started);
        let id = went_back(&mut lab, None, None).await;
        assert_eq!(version(&lab, "web"), known[0]);
        assert_eq!(
            count(&lab, Effect::Started),
            started,
            "nothing had to start"
        );
        assert_eq!(alive(&lab), 1, "what it left is no standby");
        let [proof] = &proofs(&lab, &id)[..] else {
            unreachable!("one service went back: {:?}", facts(&lab, &id));
        };
        assert!(proof.holds(), "{proof:?}");
        assert_eq!((&proof.version, &proof.left), (&known[0], &known[1]));
        assert_eq!(proof.stray, Some(0));
        assert_clean(&lab);
    });
}

#[test]
fn a_rollback_goes_to_the_last_good_release_and_never_back_to_a_bad_one_by_itself() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one", "two", "three"]).await;
        went_back(&mut lab, None, None).await;
        assert_eq!(version(&lab, "web"), known[1]);
        went_back(&mut lab, None, None).await;
        assert_eq!(version(&lab, "web"), known[0], "from its kept release");
        let refused = back(&lab, None, None).await.expect_err("nothing is good");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0345")
        );
        let named = back(&lab, None, Some(&Version("9.9".to_owned())))
            .await
            .expect_err("unknown");
        let title = "there is no release 9.9 of shop in default to go back to";
        assert_eq!(named.title, title);
        let begun = Version(known[2].0.chars().take(6).collect());
        let meant = back(&lab, Some("web"), Some(&begun)).await;
        let meant = meant.expect_err("it is the beginning of one");
        let hint = meant.hint.expect("the next command");
        let near = format!("did you mean {}?", known[2]);
        assert!(hint.contains(&near), "{hint}");
        let detail = refused.detail.expect("what there is");
        assert!(
            detail.contains(&format!(
                "windlass rollback web --to {}: verified, rolled back from before",
                known[2]
            )),
            "{detail}"
        );
        went_back(&mut lab, Some("web"), Some(&known[2])).await;
        assert_eq!(version(&lab, "web"), known[2], "a person may name it");
        assert_clean(&lab);
    });
}

#[test]
fn all_services_of_the_last_promotion_go_back_together() {
    run(async {
        let mut lab = Lab::new().await;
        let names = ["auth", "api", "web"];
        put(&lab, &names, "one");
        promoted(&mut lab, &shop(three())).await;
        put(&lab, &["api", "web"], "two");
        promoted(&mut lab, &shop(three())).await;
        let auth = splits(&lab, "auth").len();
        let id = went_back(&mut lab, None, None).await;
        for name in names {
            assert_eq!(stable(&lab, name).id.0, 0, "{name}");
        }
        assert_eq!(splits(&lab, "auth").len(), auth, "auth was not among it");
        assert_eq!(proofs(&lab, &id).len(), 2);
        assert_clean(&lab);
    });
}

#[test]
fn what_came_with_the_last_promotion_stays_and_is_named_while_the_rest_goes_back() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one", "two"]).await;
        put(&lab, &["web", "extra"], "three");
        let extra = Service::new("extra").listen(9_000);
        promoted(&mut lab, &shop([web(), extra])).await;
        let routes = splits(&lab, "extra").len();
        for wanted in [&known[1], &known[0]] {
            let answer = back(&lab, None, None).await.expect("web has one");
            let why = "it has no earlier release".to_owned();
            assert_eq!(answer.stays, [(service_name("extra"), why)].into());
            lab.until_ended(&answer.deployment.expect("it goes back"))
                .await;
            assert_eq!(version(&lab, "web"), *wanted);
        }
        let refused = back(&lab, None, None).await.expect_err("nothing is left");
        assert_eq!(refused.code.0.as_str(), "WL0345");
        let detail = refused.detail.expect("what there is");
        assert!(detail.contains("extra: no earlier release"), "{detail}");
        assert_eq!(splits(&lab, "extra").len(), routes);
        assert_clean(&lab);
    });
}

#[test]
fn one_service_goes_back_alone() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        promoted(&mut lab, &shop(three())).await;
        put(&lab, &["auth", "api", "web"], "two");
        promoted(&mut lab, &shop(three())).await;
        went_back(&mut lab, Some("api"), None).await;
        assert_eq!(stable(&lab, "api").id.0, 0);
        assert_eq!(
            (stable(&lab, "auth").id.0, stable(&lab, "web").id.0),
            (1, 1)
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_first_release_has_nothing_to_go_back_to() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one"]).await;
        let refused = back(&lab, None, None).await.expect_err("it is the first");
        assert_eq!(refused.exit, Exit::Refused);
        assert_eq!(refused.detail.as_deref(), Some("web: no earlier release"));
        let there = back(&lab, None, Some(&known[0]))
            .await
            .expect("it is there");
        assert_eq!((there.deployment, there.aborted), (None, false));
        let unknown = back(&lab, Some("nobody"), None).await;
        assert_eq!(unknown.expect_err("nothing runs").code.0, "WL0308");
    });
}

#[test]
fn a_standby_that_does_not_answer_is_started_anew_from_its_release() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let later = Script::unready_after(Millis::from_secs(30));
        script(&lab, "web", "one", later);
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        promoted(&mut lab, &shop([web()])).await;
        lab.pass(Millis::from_secs(60)).await;
        let started = count(&lab, Effect::Started);
        went_back(&mut lab, None, None).await;
        assert_eq!(count(&lab, Effect::Started), started + 1);
        assert_eq!(stable(&lab, "web").id.0, 2, "in a slot of its own");
        assert_clean(&lab);
    });
}

/// When the first fact that is one of these became true, in microseconds.
fn at(lab: &Lab, id: &DeploymentId, is: impl Fn(&Fact) -> bool) -> i64 {
    let rows = lab.world.disk.rows(id);
    let found = rows.iter().find(|row| row.facts.iter().any(&is));
    found.expect("it became true").at_us
}

#[test]
fn a_rollback_waits_for_no_standby_that_hangs() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let mut hangs = Script::unready_after(Millis::from_secs(30));
        hangs.ignores_stop_for = Millis::from_secs(3_600);
        script(&lab, "web", "one", hangs);
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        promoted(&mut lab, &shop([web()])).await;
        lab.pass(Millis::from_secs(60)).await;
        let id = went_back(&mut lab, None, None).await;
        let promoted = at(&lab, &id, |fact| matches!(fact, Fact::Promoted { .. }));
        let killed = at(&lab, &id, |fact| {
            matches!(fact, Fact::InstanceKilled { .. })
        });
        assert!(promoted < killed, "traffic is not kept where it fled from");
        let retired = facts(&lab, &id).into_iter();
        let retired = retired.filter(|fact| matches!(fact, Fact::SlotRetired { .. }));
        assert_eq!(retired.count(), 2, "what it left and what stood by");
        assert_eq!(alive(&lab), 1);
        assert_clean(&lab);
    });
}

#[test]
fn while_a_deployment_runs_a_rollback_aborts_it() {
    run(async {
        let mut lab = Lab::new().await;
        releases(&mut lab, &["one"]).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        let answer = back(&lab, None, None).await.expect("it is aborted");
        assert_eq!(
            (answer.deployment, answer.aborted),
            (Some(id.clone()), true)
        );
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
    });
}

#[test]
fn a_rollback_of_one_service_aborts_no_deployment_of_another() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "web"], "one");
        let auth = || Service::new("auth").listen(8001).bake(Millis::from_secs(2));
        promoted(&mut lab, &shop([auth(), web()])).await;
        put(&lab, &["web"], "two");
        let long = web().bake(Millis::from_secs(60));
        let id = begun(&lab, &shop([auth(), long])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        let refused = back(&lab, Some("auth"), None)
            .await
            .expect_err("auth is not in it");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0353")
        );
        assert!(refused.title.contains(id.as_str()), "{}", refused.title);
        let answer = back(&lab, Some("web"), None).await.expect("web is");
        assert!(answer.aborted);
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
    });
}

#[test]
fn a_rollback_of_a_service_that_still_waits_aborts_nothing_until_it_has_moved() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "web"], "one");
        let auth = || {
            Service::new("auth")
                .listen(8001)
                .bake(Millis::from_secs(60))
        };
        let web = || web().needs(&["auth"]).bake(Millis::from_secs(60));
        promoted(&mut lab, &shop([auth(), web()])).await;
        put(&lab, &["auth", "web"], "two");
        let id = begun(&lab, &shop([auth(), web()])).await;
        until_baking(&mut lab, &id, "auth", 100).await;
        let refused = back(&lab, Some("web"), None)
            .await
            .expect_err("nothing of web would go back");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0353")
        );
        let hint = refused.hint.unwrap_or_default();
        assert!(hint.contains(&format!("windlass abort {id}")), "{hint}");
        // All of it goes back, and so does what has moved: with the others, which came with it.
        until_baking(&mut lab, &id, "web", 100).await;
        let answer = back(&lab, Some("web"), None).await.expect("it has moved");
        assert!(answer.aborted);
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
    });
}

#[test]
fn whoever_takes_a_rollback_back_has_said_nothing_against_what_is_left() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one", "two", "three"]).await;
        went_back(&mut lab, None, None).await;
        went_back(&mut lab, None, Some(&known[2])).await;
        assert_eq!(version(&lab, "web"), known[2], "three after all");
        went_back(&mut lab, None, None).await;
        assert_eq!(version(&lab, "web"), known[1], "not past two to one");
        assert_clean(&lab);
    });
}

#[test]
fn a_halt_and_a_crash_stop_no_rollback() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one", "two"]).await;
        lab.world.brake.halt("eve");
        let answer = back(&lab, None, None).await.expect("it begins");
        let id = answer.deployment.expect("there is something to do");
        lab.pass(Millis::from_millis(30)).await;
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(version(&lab, "web"), known[0]);
        assert_clean(&lab);
    });
}

/// Two releases, of which the first takes long to be ready again; the way back to it is stuck.
async fn stuck(lab: &mut Lab) -> DeploymentId {
    let slow = Script {
        ready_after: Some(Millis::from_secs(40)),
        ..Script::default()
    };
    stuck_on(lab, slow).await
}

/// The same, where the kept release does that when it is started for the rollback.
async fn stuck_on(lab: &mut Lab, then: Script) -> DeploymentId {
    put(lab, &["web"], "one");
    script(
        lab,
        "web",
        "one",
        Script::unready_after(Millis::from_secs(30)),
    );
    promoted(lab, &shop([web()])).await;
    put(lab, &["web"], "two");
    promoted(lab, &shop([web()])).await;
    lab.pass(Millis::from_secs(60)).await;
    script(lab, "web", "one", then);
    let answer = back(lab, None, None).await.expect("it begins");
    let id = answer.deployment.expect("there is something to do");
    assert_eq!(lab.until_ended(&id).await, Ending::Stuck);
    let told = facts(lab, &id);
    assert!(
        told.iter().any(|fact| matches!(
            fact,
            Fact::Stuck {
                why: StuckReason::RollbackFailed(_),
                ..
            }
        )),
        "{told:?}"
    );
    assert_eq!(splits(lab, "web").pop(), Some(shares([(0, 0), (1, 100)])));
    id
}

#[test]
fn a_stuck_rollback_is_tried_again() {
    run(async {
        let mut lab = Lab::new().await;
        let id = stuck(&mut lab).await;
        lab.pass(Millis::from_secs(60)).await;
        let how = Repair::Retry;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        let ending = lab.until_ended(&id).await;
        assert_eq!(
            ending,
            Ending::Ended(Outcome::Promoted),
            "{:?}",
            facts(&lab, &id)
        );
        assert_eq!(state(&lab, "web").promoted.len(), 2);
    });
}

/// The usual case: the program itself could not go on, and somebody has mended what it lacked.
#[test]
fn a_retry_starts_a_program_again_that_has_ended() {
    run(async {
        let mut lab = Lab::new().await;
        let id = stuck_on(&mut lab, Script::ends_after(Millis::from_millis(20))).await;
        let how = Repair::Done;
        let refused = say(&lab, &id, Command::Repair { how }).await;
        assert_eq!(refused.expect_err("it serves nobody").exit, Exit::Refused);
        let how = Repair::Retry;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        let ending = lab.until_ended(&id).await;
        let told = facts(&lab, &id);
        assert_eq!(ending, Ending::Ended(Outcome::Promoted), "{told:?}");
    });
}

#[test]
fn an_abort_of_a_stuck_rollback_is_refused_and_its_lock_stays_until_it_is_repaired() {
    run(async {
        let mut lab = Lab::new().await;
        let id = stuck(&mut lab).await;
        let refused = say(&lab, &id, Command::Abort).await.expect_err("stuck");
        assert_eq!(refused.exit, Exit::Refused);
        assert!(refused.title.contains("until a person repairs it"));
        let next = format!("windlass repair {id} --retry");
        assert!(refused.hint.expect("a next command").contains(&next));
        put(&lab, &["web"], "three");
        let locked = lab.deploy(&shop([web()])).await.expect_err("it holds on");
        assert!(format!("{locked:?}").contains("WL0304"), "{locked:?}");
        lab.pass(Millis::from_secs(60)).await;
        let how = Repair::Retry;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        lab.until_ended(&id).await;
        promoted(&mut lab, &shop([web()])).await;
    });
}

#[test]
fn a_stuck_rollback_is_given_up_and_frees_its_lock() {
    run(async {
        let mut lab = Lab::new().await;
        let id = stuck(&mut lab).await;
        let how = Repair::Abandon;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::Abandoned)
        );
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
    });
}

#[test]
fn what_is_not_stuck_is_not_repaired() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web()])).await;
        let how = Repair::Retry;
        let refused = say(&lab, &id, Command::Repair { how }).await;
        assert_eq!(refused.expect_err("it runs").exit, Exit::Refused);
        lab.until_ended(&id).await;
    });
}

#[test]
fn a_deployment_with_a_damaged_journal_can_only_be_let_go() {
    run(async {
        let mut lab = Lab::new().await;
        releases(&mut lab, &["one"]).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        lab.crash().await;
        lab.world.disk.damage(&id);
        lab.start().await;
        for how in [Repair::Retry, Repair::Done] {
            let refused = say(&lab, &id, Command::Repair { how }).await;
            let refused = refused.expect_err("nobody knows what it was doing");
            assert_eq!(
                (refused.exit, refused.code.0.as_str()),
                (Exit::Refused, "WL0350")
            );
        }
        let how = Repair::Abandon;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
        lab.crash_and_restart().await;
        put(&lab, &["web"], "four");
        promoted(&mut lab, &shop([web()])).await;
    });
}

#[test]
fn a_need_that_stays_as_it_is_must_answer() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        let later = Script::unready_after(Millis::from_secs(60));
        script(&lab, "auth", "one", later);
        promoted(&mut lab, &shop(three())).await;
        lab.pass(Millis::from_secs(120)).await;
        put(&lab, &["api"], "two");
        let refused = lab
            .deploy(&shop(three()))
            .await
            .expect_err("auth is not ready");
        let refused = format!("{refused:?}");
        assert!(
            refused.contains("WL0351") && refused.contains("HTTP 503"),
            "{refused}"
        );
        put(&lab, &["auth"], "two");
        promoted(&mut lab, &shop(three())).await;
    });
}

#[test]
fn an_app_that_was_never_promoted_has_nothing_to_go_back_from() {
    run(async {
        let lab = Lab::new().await;
        let refused = back(&lab, None, None).await.expect_err("nothing runs");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0344")
        );
    });
}

/// What a plan for the contents that `web` has now says of how its release was left before.
async fn known_of(lab: &Lab, content: &str) -> Option<WentBackView> {
    put(lab, &["web"], content);
    let wanted = shop([web()]).wanted();
    let mut view = lab.handle().plan(wanted).await.expect("a plan");
    view.went_back.remove(&service_name("web"))
}

#[test]
fn a_plan_says_who_rolled_its_release_back_until_that_is_promoted_again() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one", "two"]).await;
        assert_eq!(known_of(&lab, "three").await, None);
        let id = went_back(&mut lab, None, None).await;
        let found = known_of(&lab, "two").await.expect("it was rolled back");
        assert_eq!((&found.version, &found.deployment), (&known[1], &id));
        let by = "ana".to_owned();
        assert_eq!(found.how, WentBack::ByHand { by });
        assert!(found.at_us > 0);
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(known_of(&lab, "two").await, None);
    });
}

#[test]
fn a_release_that_was_rolled_back_and_then_chosen_again_has_nothing_against_it() {
    run(async {
        let mut lab = Lab::new().await;
        let known = releases(&mut lab, &["one", "two"]).await;
        went_back(&mut lab, None, None).await;
        went_back(&mut lab, None, Some(&known[1])).await;
        put(&lab, &["web"], "three");
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(known_of(&lab, "two").await, None);
        // Left once more, it is told once more.
        went_back(&mut lab, None, None).await;
        assert_eq!(known_of(&lab, "two").await, None);
        let id = went_back(&mut lab, None, Some(&known[0])).await;
        let found = known_of(&lab, "two").await.expect("it was rolled back");
        assert_eq!(found.deployment, id);
    });
}

#[test]
fn a_plan_says_why_its_release_went_back_by_itself() {
    run(async {
        let mut lab = Lab::new().await;
        releases(&mut lab, &["one"]).await;
        script(&lab, "web", "two", Script::rejected());
        put(&lab, &["web"], "two");
        let (id, ending) = lab.deployed(&shop([web()])).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let found = known_of(&lab, "two").await.expect("it went back");
        assert_eq!(found.deployment, id);
        let is_lost = matches!(
            found.how,
            WentBack::BeforePromotion {
                why: ReturnReason::InstanceLost { .. }
            }
        );
        assert!(is_lost, "{found:?}");
        // Another release has no such past.
        assert_eq!(known_of(&lab, "three").await, None);
    });
}
