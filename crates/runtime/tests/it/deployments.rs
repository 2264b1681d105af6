//! Deployments that go as planned.

use windlass_model::{
    Fact, InstanceEnd, Label, Millis, Overlap, ReturnReason, RolloutPhase, RouteMode, Strategy,
    Version,
};
use windlass_testkit::{Effect, Lab, Script, Service, StartScript, address, run, service_name};

use crate::fixture::{
    RESIDENT, alive, assert_clean, begun, count, facts, failed, passed, phases, promoted, put,
    script, shares, shop, splits, stable, state, three, three_canaries, until_baking, web,
};

#[test]
fn a_first_deployment_is_promoted_and_its_service_kept_running() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = promoted(&mut lab, &shop([web().instances(2)])).await;
        assert_eq!(splits(&lab, "web"), [shares([(0, 100)])]);
        assert_eq!(stable(&lab, "web").label, Label::Blue);
        let instance = stable(&lab, "web").instances[0].clone();
        lab.world.host.kill(&instance.id);
        lab.pass(Millis::from_secs(2)).await;
        assert_eq!(alive(&lab), 2, "its target starts it again");
        assert!(lab.world.host.is_ready(&instance.id));
        assert!(facts(&lab, &id).contains(&Fact::Promoted {
            services: vec![service_name("web")]
        }));
        assert_clean(&lab);
    });
}

#[test]
fn blue_green_switches_at_once_and_keeps_the_old_one_warm() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        promoted(&mut lab, &shop([web()])).await;
        let expected = [shares([(0, 100)]), shares([(0, 0), (1, 100)])];
        assert_eq!(splits(&lab, "web"), expected);
        assert_eq!(stable(&lab, "web").label, Label::Green);
        let standby = state(&lab, "web").standby.expect("the old one stands by");
        assert_eq!((standby.id.0, standby.label), (0, Label::Blue));
        assert_eq!(alive(&lab), 2);
        assert_clean(&lab);
    });
}

#[test]
fn a_new_deployment_retires_the_standby_it_displaces() {
    run(async {
        let mut lab = Lab::new().await;
        for content in ["one", "two", "three"] {
            put(&lab, &["web"], content);
            promoted(&mut lab, &shop([web()])).await;
        }
        assert_eq!(state(&lab, "web").standby.expect("one stands by").id.0, 1);
        assert_eq!((alive(&lab), count(&lab, Effect::Stopped)), (2, 1));
        assert_eq!(
            splits(&lab, "web").last(),
            Some(&shares([(1, 0), (2, 100)]))
        );
        assert_clean(&lab);
    });
}

#[test]
fn canaries_climb_in_steps_providers_before_consumers() {
    run(async {
        let mut lab = Lab::new().await;
        let names = ["auth", "api", "web"];
        put(&lab, &names, "one");
        promoted(&mut lab, &shop(three_canaries())).await;
        put(&lab, &names, "two");
        let id = promoted(&mut lab, &shop(three_canaries())).await;
        assert_eq!(passed(&lab, &id), names);
        let climbed = [
            shares([(0, 100)]),
            shares([(0, 95), (1, 5)]),
            shares([(0, 75), (1, 25)]),
            shares([(0, 0), (1, 100)]),
        ];
        for name in names {
            assert_eq!(splits(&lab, name), climbed, "{name}");
        }
        assert_clean(&lab);
    });
}

#[test]
fn independent_services_go_in_parallel() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["a", "b"], "one");
        let part = |name, port| Service::new(name).listen(port).bake(Millis::from_secs(20));
        let before = lab.world.time.now();
        promoted(&mut lab, &shop([part("a", 8001), part("b", 8002)])).await;
        assert!(lab.world.time.now().less(before) < Millis::from_secs(30));
    });
}

#[test]
fn starts_are_bounded_by_parallel() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let slow = Script {
            starts_after: Millis::from_secs(1),
            ..Script::default()
        };
        script(&lab, "web", "one", slow);
        promoted(&mut lab, &shop([web().instances(4)]).parallel(2)).await;
        let started = lab.world.ledger.lines().into_iter();
        let times: Vec<u64> = started
            .filter(|line| line.effect == Effect::Started)
            .map(|line| line.at.as_millis() / 1_000)
            .collect();
        assert_eq!(times, [1, 1, 2, 2]);
    });
}

#[test]
fn rolling_climbs_by_instances() {
    run(async {
        let mut lab = Lab::new().await;
        let app = || shop([web().instances(3).strategy(Strategy::Rolling)]);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &app()).await;
        put(&lab, &["web"], "two");
        promoted(&mut lab, &app()).await;
        let climbed = [
            shares([(0, 100)]),
            shares([(0, 67), (1, 33)]),
            shares([(0, 34), (1, 66)]),
            shares([(0, 0), (1, 100)]),
        ];
        assert_eq!(splits(&lab, "web"), climbed);
        assert_clean(&lab);
    });
}

#[test]
fn recreate_answers_by_itself_while_nothing_runs() {
    run(async {
        let mut lab = Lab::new().await;
        let app = || shop([web().strategy(Strategy::Recreate)]);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &app()).await;
        put(&lab, &["web"], "two");
        let id = begun(&lab, &app()).await;
        lab.until(&id, |fact| {
            matches!(
                fact,
                Fact::PhaseEntered {
                    phase: RolloutPhase::Starting,
                    ..
                }
            )
        })
        .await
        .expect("it gets that far");
        assert_eq!(
            alive(&lab),
            0,
            "the old one has stopped before the new one starts"
        );
        let route = lab
            .world
            .front
            .route(&app().key("web"))
            .expect("it is routed");
        assert_eq!(route.mode, RouteMode::Recreating);
        lab.until_ended(&id).await;
        assert_eq!((alive(&lab), state(&lab, "web").standby), (1, None));
        assert_eq!(splits(&lab, "web").last(), Some(&shares([(1, 100)])));
        assert_clean(&lab);
    });
}

#[test]
fn a_worker_is_stopped_before_its_successor_starts() {
    run(async {
        let mut lab = Lab::new().await;
        let app = || shop([Service::new("worker").bake(Millis::from_secs(2))]);
        put(&lab, &["worker"], "one");
        promoted(&mut lab, &app()).await;
        put(&lab, &["worker"], "two");
        let id = promoted(&mut lab, &app()).await;
        let lines = lab.world.ledger.lines().into_iter().map(|line| line.effect);
        let moved: Vec<Effect> = lines
            .filter(|e| matches!(e, Effect::Started | Effect::Stopped))
            .collect();
        assert_eq!(moved, [Effect::Started, Effect::Stopped, Effect::Started]);
        assert_eq!(phases(&lab, &id, "worker")[0], RolloutPhase::StoppingOld);
        assert_eq!((splits(&lab, "worker").len(), alive(&lab)), (0, 1));
        assert_clean(&lab);
    });
}

#[test]
fn a_worker_that_may_overlap_runs_beside_its_successor_until_promotion() {
    run(async {
        let mut lab = Lab::new().await;
        let part = || {
            Service::new("worker")
                .bake(Millis::from_secs(2))
                .overlap(Overlap::Yes)
        };
        put(&lab, &["worker"], "one");
        promoted(&mut lab, &shop([part()])).await;
        put(&lab, &["worker"], "two");
        let id = begun(&lab, &shop([part()])).await;
        lab.until(&id, |fact| matches!(fact, Fact::BakeStarted { .. }))
            .await
            .expect("it bakes");
        assert_eq!(alive(&lab), 2);
        lab.until_ended(&id).await;
        assert_eq!((alive(&lab), state(&lab, "worker").standby), (1, None));
        assert_clean(&lab);
    });
}

#[test]
fn a_count_is_changed_without_touching_what_runs() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let first = stable(&lab, "web").instances[0].clone();
        promoted(&mut lab, &shop([web().instances(3)])).await;
        assert_eq!((alive(&lab), count(&lab, Effect::Started)), (3, 3));
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(stable(&lab, "web").instances, std::slice::from_ref(&first));
        assert_eq!((alive(&lab), lab.world.host.is_ready(&first.id)), (1, true));
        let route = lab
            .world
            .front
            .route(&shop([]).key("web"))
            .expect("it is routed");
        assert_eq!(route.slots[0].instances, [first]);
        assert_clean(&lab);
    });
}

#[test]
fn a_moved_listener_opens_beside_the_old_one_and_its_consumers_roll_too() {
    run(async {
        let mut lab = Lab::new().await;
        let names = ["auth", "api", "web"];
        put(&lab, &names, "one");
        promoted(&mut lab, &shop(three())).await;
        let [auth, api, web] = three();
        let app = shop([auth.listen(9_001), api, web]);
        let id = begun(&lab, &app).await;
        until_baking(&mut lab, &id, "auth", 100).await;
        let route = lab
            .world
            .front
            .route(&app.key("auth"))
            .expect("it is routed");
        assert_eq!(
            route.listeners,
            [address(9_001).into(), address(8_001).into()]
        );
        lab.until_ended(&id).await;
        let route = lab
            .world
            .front
            .route(&app.key("auth"))
            .expect("it is routed");
        assert_eq!(route.listeners, [address(9_001).into()]);
        assert_eq!(passed(&lab, &id), ["auth", "api"], "web sees nothing new");
        assert_clean(&lab);
    });
}

#[test]
fn a_listener_that_is_dropped_goes_at_promotion() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        put(&lab, &["web"], "two");
        let silent = Service::new("web").bake(Millis::from_secs(2));
        let id = promoted(&mut lab, &shop([silent])).await;
        assert_eq!(lab.world.front.route(&shop([]).key("web")), None);
        assert_eq!(alive(&lab), 1, "{:?}", facts(&lab, &id));
        assert_clean(&lab);
    });
}

#[test]
fn what_is_as_wanted_already_begins_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web()])).await;
        let commits = lab.world.disk.commits();
        let policy = web().bake(Millis::from_secs(9)).strategy(Strategy::Rolling);
        assert_eq!(
            lab.deploy(&shop([policy])).await,
            Ok(None),
            "policy is no new release"
        );
        assert_eq!(
            lab.world.disk.commits(),
            commits + 1,
            "only the plan is stored"
        );
        assert_eq!(lab.world.disk.deployments().len(), 1);
    });
}

#[test]
fn a_service_that_left_the_file_keeps_serving() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["a", "b"], "one");
        let part = |name, port| Service::new(name).listen(port).bake(Millis::from_secs(1));
        promoted(&mut lab, &shop([part("a", 8001), part("b", 8002)])).await;
        put(&lab, &["a"], "two");
        promoted(&mut lab, &shop([part("a", 8001)])).await;
        assert_eq!(stable(&lab, "b").instances.len(), 1);
        assert_eq!(splits(&lab, "b"), [shares([(0, 100)])]);
    });
}

#[test]
fn a_taken_address_is_left_for_another_up_to_five_times() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let taken = |times| Script {
            start: StartScript::AddressTaken(times),
            ..Script::default()
        };
        script(&lab, "web", "one", taken(4));
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(stable(&lab, "web").instances[0].address, address(20_004));
        put(&lab, &["web"], "two");
        script(&lab, "web", "two", taken(5));
        let (id, _) = lab.deployed(&shop([web()])).await;
        let why = "every address tried was taken".to_owned();
        let [(_, ReturnReason::InstanceLost { end, .. })] = &failed(&lab, &id)[..] else {
            unreachable!("one service failed for one instance");
        };
        assert_eq!(*end, InstanceEnd::NotStarted(why));
        assert_clean(&lab);
    });
}

#[test]
fn a_program_of_others_on_the_address_makes_nobody_ready() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(
            &lab,
            "web",
            "one",
            Script {
                listens_after: Millis::from_secs(3_600),
                ..Script::default()
            },
        );
        let id = begun(&lab, &shop([web()])).await;
        lab.until(&id, |fact| matches!(fact, Fact::InstanceStarted { .. }))
            .await
            .expect("it starts");
        lab.world.host.occupy(address(20_000));
        let ending = lab.until_ended(&id).await;
        let facts = facts(&lab, &id);
        assert!(
            facts
                .iter()
                .all(|f| !matches!(f, Fact::InstanceReady { .. })),
            "{ending:?} {facts:?}"
        );
    });
}

#[test]
fn an_answer_lost_after_the_start_starts_nothing_twice() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        script(
            &lab,
            "web",
            "one",
            Script {
                start: StartScript::AnswerLost(1),
                ..Script::default()
            },
        );
        promoted(&mut lab, &shop([web()])).await;
        assert_eq!(count(&lab, Effect::Started), 1);
        assert_clean(&lab);
    });
}

#[test]
fn a_label_binds_to_its_files() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        promoted(&mut lab, &shop([web().version("1.4.2")])).await;
        let refused = lab
            .deploy(&shop([web().version("1.4.3")]))
            .await
            .expect_err("nothing changed");
        assert!(format!("{refused:?}").contains("WL0310"), "{refused:?}");
        promoted(
            &mut lab,
            &shop([web().version("1.4.2").env("MODE", "loud")]),
        )
        .await;
        assert_eq!(
            stable(&lab, "web").release.version,
            Version("1.4.2+2".to_owned())
        );
        put(&lab, &["web"], "two");
        let refused = lab
            .deploy(&shop([web().version("1.4.2")]))
            .await
            .expect_err("a label is taken");
        assert!(
            format!("{refused:?}").contains("was deployed as"),
            "{refused:?}"
        );
    });
}

#[test]
fn the_calendar_decides_nothing() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = begun(&lab, &shop([web().bake(Millis::from_secs(20))])).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.time.jump_calendar(366 * 24 * 3_600 * 1_000_000);
        lab.pass(Millis::from_secs(10)).await;
        assert_eq!(
            passed(&lab, &id),
            Vec::<String>::new(),
            "a jump ends no bake"
        );
        lab.world
            .time
            .jump_calendar(-2 * 366 * 24 * 3_600 * 1_000_000);
        lab.until_ended(&id).await;
        assert_eq!(passed(&lab, &id), ["web"]);
    });
}

#[test]
fn nothing_goes_on_once_all_is_settled() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["auth", "api", "web"], "one");
        promoted(&mut lab, &shop(three_canaries())).await;
        put(&lab, &["auth", "api", "web"], "two");
        promoted(&mut lab, &shop(three_canaries())).await;
        lab.pass(Millis::from_secs(600)).await;
        assert_eq!(
            lab.tasks(),
            RESIDENT + alive(&lab),
            "what is left beside the residents follows each instance"
        );
    });
}
