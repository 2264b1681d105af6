//! Services and standbys that go, and services that change their name.

use windlass_api::{BecauseView, Command, Exit, Problem};
use windlass_model::{DeploymentId, Fact, Finalize, Happened, Millis, Outcome};
use windlass_runtime::{From, ServiceAt, Signed, Terms, When};
use windlass_testkit::{
    Effect, Ending, Lab, Service, app_name, environment_name, run, service_name,
};

use crate::fixture::{
    RESIDENT, alive, assert_clean, begun, count, facts, promoted, put, say, shares, shop, splits,
    state, three, web,
};

#[test]
fn a_service_keeps_running_under_its_new_name() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web", "site"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let started = count(&lab, Effect::Started);
        let site = Service::new("site")
            .listen(8080)
            .bake(Millis::from_secs(2))
            .with(|spec| spec.was = Some(service_name("web")));
        let (id, ending) = lab.deployed(&shop([site])).await;
        assert_eq!(
            ending,
            Ending::Ended(Outcome::Promoted),
            "{:?}",
            facts(&lab, &id)
        );
        assert!(
            facts(&lab, &id)
                .iter()
                .any(|fact| matches!(fact, Fact::Renamed { from, .. } if from.as_str() == "web"))
        );
        assert_eq!(
            count(&lab, Effect::Started),
            started,
            "it is the same release"
        );
        assert_eq!(lab.world.front.route(&shop([]).key("web")), None);
        assert_eq!(splits(&lab, "site"), [shares([(0, 100)])]);
        assert_eq!(alive(&lab), 1);
        assert_clean(&lab);
    });
}

/// Why ana says what she says.
fn signed(why: &str) -> Signed {
    Signed {
        by: "ana".to_owned(),
        why: Some(why.to_owned()),
    }
}

async fn remove(lab: &Lab, service: &str) -> Result<DeploymentId, Problem> {
    let at = ServiceAt {
        app: app_name("shop"),
        environment: environment_name(),
        service: service_name(service),
    };
    let answer = lab
        .handle()
        .remove(at, signed("it is no longer used"))
        .await;
    answer.map(|(id, _)| id)
}

#[test]
fn a_service_is_taken_away_unless_it_is_needed() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        promoted(&mut lab, &shop(three())).await;
        let refused = remove(&lab, "auth").await.expect_err("api needs it");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0347")
        );
        let id = remove(&lab, "web").await.expect("nobody needs it");
        let ending = lab.until_ended(&id).await;
        let view = lab.handle().show(id.clone()).await.expect("it is known");
        let because: Vec<String> = view.because.iter().map(BecauseView::words).collect();
        assert_eq!(because, ["ana began it because: it is no longer used"]);
        assert_eq!(
            ending,
            Ending::Ended(Outcome::Promoted),
            "{:?}",
            facts(&lab, &id)
        );
        assert_eq!(lab.world.front.route(&shop([]).key("web")), None);
        assert_eq!((alive(&lab), state(&lab, "web").stable), (2, None));
        let gone = remove(&lab, "web").await.expect_err("it is gone");
        assert_eq!(gone.code.0, "WL0308");
        assert_clean(&lab);
    });
}

/// Deploys `web` with a standby that goes like this.
async fn finalizing(lab: &mut Lab, finalize: Finalize) -> DeploymentId {
    let mut last = None;
    for content in ["one", "two"] {
        put(lab, &["web"], content);
        let mut wanted = shop([web()]).wanted();
        wanted.spec.finalize = finalize;
        let from = From::File(Box::new(wanted));
        let handle = lab.handle();
        let begun = handle.deploy(from, Terms::of("ana".to_owned()), When::Now);
        let (id, _) = begun.await.expect("it begins");
        let id = id.expect("there is something to do");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        last = Some(id);
    }
    last.expect("two were deployed")
}

#[test]
fn a_standby_goes_when_a_person_says_so() {
    run(async {
        let mut lab = Lab::new().await;
        let id = finalizing(&mut lab, Finalize::Manual).await;
        lab.pass(Millis::from_secs(86_400)).await;
        assert_eq!(alive(&lab), 2);
        let handle = lab.handle();
        let said = handle.command(id.clone(), Command::Finalize, signed("frees memory"));
        assert_eq!(said.await, Ok(()));
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!((alive(&lab), state(&lab, "web").standby), (1, None));
        assert_eq!(splits(&lab, "web").pop(), Some(shares([(1, 100)])));
        // Again changes nothing.
        assert_eq!(say(&lab, &id, Command::Finalize).await, Ok(()));
        let noted = lab.world.disk.happenings().into_iter();
        let noted: Vec<_> = noted
            .filter_map(|it| match it.what {
                Happened::Finalized {
                    deployment,
                    services,
                    by,
                    why,
                    ..
                } => Some((deployment, services, by, why)),
                _ => None,
            })
            .collect();
        let (ana, why) = ("ana".to_owned(), Some("frees memory".to_owned()));
        assert_eq!(noted, [(id, vec![service_name("web")], ana, why)]);
        assert_clean(&lab);
    });
}

#[test]
fn no_standby_goes_while_a_deployment_runs() {
    run(async {
        let mut lab = Lab::new().await;
        let id = finalizing(&mut lab, Finalize::Manual).await;
        put(&lab, &["web", "blog"], "three");
        let blog = Service::new("blog").listen(9_000);
        let running = begun(&lab, &shop([web(), blog])).await;
        let refused = say(&lab, &id, Command::Finalize).await;
        assert_eq!(refused.expect_err("one runs").exit, Exit::Refused);
        lab.until_ended(&running).await;
    });
}

#[test]
fn a_standby_goes_by_the_calendar_also_over_a_restart() {
    run(async {
        let mut lab = Lab::new().await;
        let hour = Millis::from_secs(3_600);
        finalizing(&mut lab, Finalize::After(hour)).await;
        lab.pass(Millis::from_secs(3_000)).await;
        assert_eq!(alive(&lab), 2, "its time has not come");
        lab.crash().await;
        lab.pass(Millis::from_secs(900)).await;
        lab.start().await;
        lab.pass(Millis::from_secs(30)).await;
        assert_eq!((alive(&lab), state(&lab, "web").standby), (1, None));
        assert_eq!(
            lab.tasks(),
            RESIDENT + alive(&lab),
            "nothing looks at the calendar any more"
        );
        assert_clean(&lab);
    });
}
