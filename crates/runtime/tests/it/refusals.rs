//! What a controller does not begin.

use std::net::SocketAddr;

use windlass_api::{Exit, Problem};
use windlass_control::RouterProgram;
use windlass_model::{
    Acme, DeploymentId, EnvironmentName, Host, Listen, Millis, Outcome, Release, Tls,
};
use windlass_runtime::{From, RollbackAt, Terms, Wanted, When};
use windlass_testkit::{App, Effect, Ending, Lab, Stopped, app_name, environment_name, run};

use crate::fixture::{begun, count, promoted, put, shop, state, three, web};

fn terms(may_move: bool) -> Terms {
    Terms {
        may_move,
        ..Terms::of("ana".to_owned())
    }
}

async fn deploy(lab: &Lab, app: &App, may_move: bool) -> Result<Option<DeploymentId>, Problem> {
    let from = From::File(Box::new(app.wanted()));
    let answer = lab.handle().deploy(from, terms(may_move), When::Now).await;
    answer.map(|(id, _)| id)
}

#[test]
fn a_second_deployment_is_refused_with_the_holder() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let refused = deploy(&lab, &shop([web()]), false)
            .await
            .expect_err("one runs");
        assert_eq!((refused.status, refused.exit), (409, Exit::Refused));
        assert!(refused.title.contains(id.as_str()), "{refused:?}");
        assert_eq!(
            count(&lab, Effect::Kept),
            1,
            "refused before anything is copied"
        );
        lab.until_ended(&id).await;
        promoted(&mut lab, &shop([web()])).await;
    });
}

#[test]
fn of_two_that_come_at_once_one_is_refused() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let app = shop([web()]);
        let (one, other) =
            futures_util::join!(deploy(&lab, &app, false), deploy(&lab, &app, false));
        let (begun, refused) = if one.is_ok() {
            (one, other)
        } else {
            (other, one)
        };
        let id = begun
            .expect("one begins")
            .expect("there is something to do");
        assert_eq!(
            refused.expect_err("the other is refused").exit,
            Exit::Refused
        );
        lab.until_ended(&id).await;
        assert_eq!(lab.world.disk.deployments().len(), 1);
    });
}

#[test]
fn other_applications_are_free_to_go() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let one = begun(&lab, &shop([web()])).await;
        let other = begun(&lab, &App::new("blog", [web().listen(9_000)])).await;
        assert_eq!(
            lab.until_ended(&one).await,
            Ending::Ended(Outcome::Promoted)
        );
        assert_eq!(
            lab.until_ended(&other).await,
            Ending::Ended(Outcome::Promoted)
        );
    });
}

#[test]
fn a_stored_plan_deploys_what_it_named() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let planned = lab
            .handle()
            .plan(shop([web()]).wanted())
            .await
            .expect("a plan");
        let same = lab
            .handle()
            .plan(shop([web()]).wanted())
            .await
            .expect("a plan");
        assert_eq!(planned, same, "the same input gives the same plan");
        put(&lab, &["web"], "three");
        let id = lab
            .deploy_from(From::Plan(planned.plan.id.clone()))
            .await
            .expect("it is accepted");
        let id = id.expect("there is something to do");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let release = state(&lab, "web").stable.expect("it is promoted").release;
        assert_eq!(
            release,
            planned.plan.rollouts.values().next().expect("one").release
        );

        let stale = lab.deploy_from(From::Plan(planned.plan.id)).await;
        let Err(Stopped::Refused(why)) = stale else {
            unreachable!("{stale:?}")
        };
        assert!(why.contains("WL0305"), "{why}");
        let unknown = windlass_model::PlanId::parse("plan_0").expect("an id");
        let unknown = lab
            .deploy_from(From::Plan(unknown))
            .await
            .expect_err("there is none");
        assert!(format!("{unknown:?}").contains("WL0306"), "{unknown:?}");
    });
}

#[test]
fn a_plan_moves_nothing() {
    run(async {
        let lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        let view = lab
            .handle()
            .plan(shop(three()).wanted())
            .await
            .expect("a plan");
        assert!(!view.nothing_to_do);
        assert_eq!(view.plan.rollouts.len(), 3);
        assert_eq!(
            (count(&lab, Effect::Started), count(&lab, Effect::Routed)),
            (0, 0)
        );
    });
}

#[test]
fn another_folder_is_refused_unless_it_may_move() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let moved = shop([web()]).folder("/srv/elsewhere");
        let refused = deploy(&lab, &moved, false)
            .await
            .expect_err("the folder is another");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Refused, "WL0309")
        );
        let refused = lab
            .handle()
            .plan(moved.wanted())
            .await
            .expect_err("the folder is another");
        assert_eq!(refused.code.0, "WL0309");
        let id = deploy(&lab, &moved, true)
            .await
            .expect("it may move")
            .expect("there is work");
        lab.until_ended(&id).await;
        let refused = deploy(&lab, &shop([web()]), false)
            .await
            .expect_err("it lives elsewhere now");
        assert_eq!(refused.code.0, "WL0309");
    });
}

#[test]
fn another_folder_is_refused_in_a_new_environment_too() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let elsewhere = |may_move| {
            let mut wanted = shop([web().listen(9_000)])
                .folder("/srv/elsewhere")
                .wanted();
            wanted.spec.environment = EnvironmentName::new("staging").expect("a name");
            let from = From::File(Box::new(wanted));
            let handle = lab.handle();
            async move { handle.deploy(from, terms(may_move), When::Now).await }
        };
        let refused = elsewhere(false).await.expect_err("the folder is another");
        assert_eq!(refused.code.0, "WL0309");
        let (id, _) = elsewhere(true).await.expect("it may move");
        lab.until_ended(&id.expect("there is work")).await;
    });
}

#[test]
fn what_another_application_serves_is_refused_before_anything_is_started() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let (started, blog) = (count(&lab, Effect::Started), App::new("blog", [web()]));
        let planned = lab.handle().plan(blog.wanted()).await;
        let refused = planned.expect_err("it is taken");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Configuration, "WL0310")
        );
        let (detail, hint) = (refused.detail.expect("who has it"), refused.hint);
        assert!(detail.contains("web of shop in"), "{detail}");
        let place = shop([web()]).wanted().spec.environment;
        assert_eq!(
            hint.expect("where it lives"),
            format!(
                "nothing was changed; give it another address, host or path, or look at who has it: \
                 windlass -e {place} status --all"
            )
        );
        let stale = App::new("blog", [web().listen(9_000)]);
        let early = lab.handle().plan(stale.wanted()).await.expect("it is free");
        promoted(&mut lab, &App::new("news", [web().listen(9_000)])).await;
        let late = lab.deploy_from(From::Plan(early.plan.id)).await;
        let late = late.expect_err("it was free when it was planned");
        assert!(format!("{late:?}").contains("WL0310"), "{late:?}");
        assert_eq!(count(&lab, Effect::Started), started + 1, "news alone");
    });
}

/// The same application, of which everything listens otherwise.
fn listening(app: &App, otherwise: impl Fn(&mut Listen)) -> Wanted {
    let mut wanted = app.wanted();
    for service in wanted.spec.services.values_mut() {
        otherwise(service.listen.as_mut().expect("it listens"));
    }
    wanted
}

/// The same application, whose file names where the router tells its figures.
fn measured(app: &App) -> Wanted {
    let at = SocketAddr::from(([127, 0, 0, 1], 9_180));
    listening(app, |listen| listen.metrics = Some(at))
}

#[test]
fn a_way_back_waits_for_no_newer_router() {
    run(async {
        let mut lab = Lab::new().await;
        let ordered = listening(&shop([web()]), |listen| {
            listen.tls = Some(Tls::Acme {
                acme: Acme {
                    directory: "https://acme.example/directory".to_owned(),
                    email: None,
                    ca: None,
                    hosts: vec![Host::new("shop.example").expect("a host")],
                },
            });
        });
        put(&lab, &["web"], "one");
        let id = lab.deploy_from(From::File(Box::new(ordered))).await;
        let id = id.expect("it is known here").expect("there is work");
        lab.until_ended(&id).await;
        let good = stable(&lab);
        put(&lab, &["web"], "two");
        promoted(&mut lab, &shop([web()])).await;
        lab.world.front.program.replace(RouterProgram::default());
        let back = RollbackAt {
            app: app_name("shop"),
            environment: environment_name(),
            service: None,
            to: None,
            agreed: None,
        };
        let answer = lab.handle().rollback(back, "ana".to_owned().into()).await;
        let id = answer.expect("it was served before").deployment;
        lab.until_ended(&id.expect("it begins")).await;
        assert_eq!(stable(&lab), good);
    });
}

/// The release that serves.
fn stable(lab: &Lab) -> Release {
    state(lab, "web").stable.expect("it serves").release
}

#[test]
fn what_the_router_is_too_old_for_is_refused_before_anything_is_started() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let shop = shop([web()]);
        let early = lab.handle().plan(measured(&shop)).await;
        let early = early.expect("the router knows metrics").plan.id;
        let started = count(&lab, Effect::Started);
        lab.world.front.program.replace(RouterProgram::default());
        let plain = lab.handle().plan(shop.wanted()).await;
        plain.expect("nothing is asked for that it does not know");
        let file = From::File(Box::new(measured(&shop)));
        for from in [From::Plan(early), file] {
            let terms = Terms::of("ana".to_owned());
            let refused = lab.handle().deploy(from, terms, When::Now).await;
            let refused = refused.expect_err("it is too old");
            let code = refused.code.0.as_str();
            assert_eq!((refused.exit, code), (Exit::Refused, "WL0464"));
            let detail = refused.detail.expect("both versions");
            let asks = "web asks for `router: metrics`\nthe router is an earlier Windlass, the";
            assert!(detail.starts_with(asks), "{detail}");
        }
        assert_eq!(count(&lab, Effect::Started), started);

        lab.world.front.program.replace(RouterProgram::own());
        let file = From::File(Box::new(measured(&shop)));
        let id = lab.deploy_from(file).await.expect("it knows metrics");
        lab.until_ended(&id.expect("there is work")).await;
        // What a service has already is no reason.
        lab.world.front.program.replace(RouterProgram::default());
        put(&lab, &["web"], "three");
        let file = From::File(Box::new(measured(&shop)));
        let id = lab.deploy_from(file).await.expect("it has metrics already");
        lab.until_ended(&id.expect("there is work")).await;
    });
}

#[test]
fn all_that_is_wrong_with_a_plan_is_told_at_once() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        promoted(
            &mut lab,
            &App::new("blog", [web().listen(9_000).version("1")]),
        )
        .await;
        put(&lab, &["web"], "two");
        let both = App::new("blog", [web().version("1")]);
        let refused = lab.handle().plan(both.wanted()).await;
        let refused = refused.expect_err("taken, and of other files");
        assert_eq!(refused.code.0, "WL0310");
        let detail = refused.detail.expect("both");
        assert!(detail.contains("web of shop in"), "{detail}");
        assert!(detail.contains("1 was deployed as"), "{detail}");
    });
}

#[test]
fn what_a_program_that_is_not_ours_listens_on_is_known_before_anything_is_started() {
    run(async {
        let lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let shop = shop([web()]);
        let listens = shop.wanted().spec.services.into_values().next();
        let address = listens
            .and_then(|web| web.listen)
            .expect("it listens")
            .address;
        let early = lab.handle().plan(shop.wanted()).await.expect("it is free");
        lab.world.front.occupy(address);
        let refused = lab.handle().plan(shop.wanted()).await;
        let refused = refused.expect_err("it is taken");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Configuration, "WL0310")
        );
        let detail = refused.detail.expect("who has it");
        assert!(detail.contains("somebody else listens on"), "{detail}");
        let late = lab.deploy_from(From::Plan(early.plan.id)).await;
        assert!(format!("{:?}", late.expect_err("it is taken now")).contains("WL0310"));
        assert_eq!(count(&lab, Effect::Started), 0);
    });
}

#[test]
fn where_figures_are_asked_for_is_no_place_for_requests() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let measured = |port: u16, metrics: SocketAddr| {
            let mut wanted = App::new("blog", [web().listen(port)]).wanted();
            let listens = wanted.spec.services.values_mut();
            for listen in listens.filter_map(|web| web.listen.as_mut()) {
                listen.metrics = Some(metrics);
            }
            wanted
        };
        promoted(&mut lab, &shop([web().listen(9_000)])).await;
        let at = |wanted: &Wanted| {
            let web = wanted.spec.services.values().next();
            web.and_then(|web| web.listen.as_ref())
                .expect("it listens")
                .address
        };
        let shops = at(&shop([web().listen(9_000)]).wanted());
        let refused = lab.handle().plan(measured(9_001, shops)).await;
        let detail = refused.expect_err("it is taken").detail;
        let detail = detail.expect("by whom");
        assert!(
            detail.contains("web wants its metrics on") && detail.contains("web of shop in"),
            "{detail}"
        );
        let free = SocketAddr::new(shops.ip(), 9_180);
        let planned = lab.handle().plan(measured(9_001, free)).await;
        assert!(planned.is_ok(), "{planned:?}");
        lab.world.front.occupy(free);
        let refused = lab.handle().plan(measured(9_001, free)).await;
        let refused = refused.expect_err("somebody else has it");
        assert_eq!(refused.code.0, "WL0310");
    });
}

#[test]
fn a_move_counts_even_if_nothing_else_changes() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let moved = shop([web()]).folder("/srv/elsewhere");
        assert_eq!(deploy(&lab, &moved, true).await, Ok(None));
        assert_eq!(
            deploy(&lab, &moved, false).await,
            Ok(None),
            "it is known there now"
        );
        lab.crash_and_restart().await;
        assert_eq!(
            deploy(&lab, &moved, false).await,
            Ok(None),
            "and journalled"
        );
    });
}

#[test]
fn a_release_that_can_not_be_kept_changes_nothing() {
    run(async {
        let lab = Lab::new().await;
        let refused = deploy(&lab, &shop([web()]), false)
            .await
            .expect_err("there is no program");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Configuration, "WL0311")
        );
        assert_eq!(lab.world.disk.commits(), 0);
    });
}

#[test]
fn without_an_address_nothing_begins() {
    run(async {
        let lab = Lab::new().await;
        put(&lab, &["web"], "one");
        lab.world.addresses.leave(2);
        let refused = deploy(&lab, &shop([web().instances(3)]), false)
            .await
            .expect_err("too few");
        assert_eq!(refused.code.0, "WL0312");
        assert_eq!(lab.world.disk.deployments().len(), 0);
    });
}

#[test]
fn more_requests_than_can_wait_are_refused_as_busy() {
    run(async {
        let lab = Lab::new().await;
        let handle = lab.handle();
        let asked = (0..1_000).map(|_| handle.status());
        let answers = futures_util::future::join_all(asked).await;
        let busy = answers.iter().filter(|answer| answer.is_err()).count();
        assert!((500..1_000).contains(&busy), "{busy} of 1000 were refused");
        assert!(handle.status().await.is_ok());
    });
}

#[test]
fn a_long_copy_keeps_nobody_from_looking_or_aborting() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(60))])).await;
        lab.world.host.trouble.begin(1, 0, Millis::from_secs(100));
        let blog = App::new("blog", [web().listen(9_000)]);
        let before = lab.world.time.now();
        let handle = lab.handle();
        let copying = handle.deploy(
            From::File(Box::new(blog.wanted())),
            Terms::of("ana".to_owned()),
            When::Now,
        );
        let looking = async {
            let said = handle.command(id.clone(), windlass_api::Command::Hold, "ana".to_owned());
            let said = said.await;
            (said, lab.world.time.now().less(before))
        };
        let (_, (said, took)) = futures_util::join!(copying, looking);
        assert_eq!(said, Ok(()));
        assert!(took < Millis::from_secs(1), "{took}");
        lab.world.host.trouble.begin(1, 0, Millis::ZERO);
        lab.crash().await;
    });
}

#[test]
fn a_stopped_controller_answers_nothing_more() {
    run(async {
        let lab = Lab::new().await;
        assert_eq!(lab.handle().stop().await, Ok(()));
        let refused = lab.handle().status().await.expect_err("it has stopped");
        assert_eq!(
            (refused.exit, refused.code.0.as_str()),
            (Exit::Unreachable, "WL0301")
        );
    });
}
