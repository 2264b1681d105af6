//! What happens outside of deployments is noted, and nothing waits for that.

use windlass_model::{Happened, Happening, InstanceEnd, InstanceId, Millis};
use windlass_runtime::Signed;
use windlass_testkit::{Effect, Lab, Script, run};

use crate::fixture::{assert_clean, count, promoted, put, script, shop, stable, web};

/// What was noted of an instance: how it ended, how often, and whether it was found later.
fn ends(lab: &Lab) -> Vec<(InstanceEnd, u32, bool)> {
    let noted = lab.world.disk.happenings().into_iter();
    noted
        .filter_map(|it| match it.what {
            Happened::InstanceEnded { end, .. } => Some((end, it.count, it.found_us.is_some())),
            _ => None,
        })
        .collect()
}

fn last(lab: &Lab) -> Happening {
    let noted = lab.world.disk.happenings();
    noted.last().expect("something is noted").clone()
}

async fn serving(lab: &mut Lab) -> InstanceId {
    put(lab, &["web"], "one");
    promoted(lab, &shop([web()])).await;
    stable(lab, "web").instances[0].id.clone()
}

#[test]
fn one_that_ends_by_itself_is_noted_with_how_and_status_counts_it() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        for _ in 0..2 {
            lab.world.host.kill(&id);
            lab.pass(Millis::from_secs(2)).await;
        }
        assert_eq!(ends(&lab), [(InstanceEnd::Killed(9), 2, false)]);
        let noted = last(&lab);
        assert_eq!(noted.of.expect("whose").instance, id);
        let Happened::InstanceEnded { last_lines, .. } = noted.what else {
            panic!("it ended");
        };
        assert_eq!(last_lines.len(), 1, "what it printed last");
        let status = lab.handle().status().await.expect("status");
        let service = status[0].services.values().next().expect("web");
        let again = service.restarted.clone().expect("it was started again");
        assert_eq!((again.count, again.end), (2, InstanceEnd::Killed(9)));
        assert_clean(&lab);
    });
}

#[test]
fn one_that_loses_its_keeper_is_noted_once_and_that_it_cannot_be_started_too() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        let address = stable(&lab, "web").instances[0].address;
        lab.world.host.lose_shim(&id);
        lab.world.host.occupy(address);
        lab.pass(Millis::from_secs(120)).await;
        assert_eq!(ends(&lab), [(InstanceEnd::Unknown, 1, false)]);
        let Happened::InstanceNotStarted { why } = last(&lab).what else {
            panic!("{:?}", last(&lab));
        };
        assert!(why.contains("taken"), "{why}");
        lab.world.host.vacate(address);
        lab.pass(Millis::from_secs(61)).await;
        assert_eq!((ends(&lab).len(), count(&lab, Effect::Revived)), (1, 1));
        assert_clean(&lab);
    });
}

#[test]
fn what_ended_while_no_controller_lived_is_noted_as_found_and_not_twice() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        lab.crash().await;
        lab.world.host.kill(&id);
        lab.world.pass(Millis::from_secs(30)).await;
        lab.start().await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(ends(&lab), [(InstanceEnd::Killed(9), 1, true)]);
        let noted = last(&lab);
        let found = noted.found_us.expect("found");
        assert!(found - noted.at_us >= 30_000_000, "{noted:?}");
        let deaths = lab.world.disk.happenings().into_iter();
        let deaths = deaths.filter_map(|it| match it.what {
            Happened::ControllerStarted {
                last_seen_us,
                after_death: true,
            } => Some((it.at_us, last_seen_us)),
            _ => None,
        });
        let deaths: Vec<_> = deaths.collect();
        let [(at_us, Some(last_seen_us))] = deaths[..] else {
            panic!("the controller's own death, and when it was last seen: {deaths:?}");
        };
        assert!(at_us - last_seen_us >= 30_000_000, "{deaths:?}");
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(ends(&lab).len(), 1);
        assert_clean(&lab);
    });
}

#[test]
fn one_that_crashes_all_the_time_is_one_row() {
    run(async {
        let mut lab = Lab::new().await;
        script(
            &lab,
            "web",
            "one",
            Script::ends_after(Millis::from_secs(20)),
        );
        let id = serving(&mut lab).await;
        for _ in 0..40 {
            lab.pass(Millis::from_secs(3)).await;
            lab.world.host.kill(&id);
        }
        lab.pass(Millis::from_secs(3)).await;
        let noted = ends(&lab);
        let killed = noted
            .iter()
            .filter(|(end, ..)| *end == InstanceEnd::Killed(9));
        let counts: Vec<u32> = killed.map(|(_, count, _)| *count).collect();
        assert!(matches!(counts[..], [39..=40]), "{noted:?}");
    });
}

#[test]
fn a_full_disk_holds_up_nothing_and_what_happened_is_noted_later() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        lab.world.disk.fill(true);
        lab.world.host.lose_shim(&id);
        lab.pass(Millis::from_secs(2)).await;
        assert_eq!(count(&lab, Effect::Revived), 1, "it runs again");
        assert_eq!(ends(&lab), []);
        lab.world.disk.fill(false);
        lab.pass(Millis::from_secs(11)).await;
        assert_eq!(ends(&lab), [(InstanceEnd::Unknown, 1, false)]);
        assert_clean(&lab);
    });
}

#[test]
fn a_router_that_was_started_again_is_noted() {
    run(async {
        let mut lab = Lab::new().await;
        serving(&mut lab).await;
        lab.world.front.go_away();
        lab.pass(Millis::from_secs(1)).await;
        lab.world.front.come_back();
        lab.pass(Millis::from_secs(1)).await;
        let end = InstanceEnd::Killed(9);
        assert_eq!(last(&lab).what, Happened::RouterRestarted { end });
        let status = lab.handle().status().await.expect("status");
        let router = status[0].router.clone().expect("it answers");
        assert_eq!(router.restarted.map(|it| it.count), Some(1));
    });
}

#[test]
fn a_controller_that_was_told_to_end_has_not_died() {
    run(async {
        let mut lab = Lab::new().await;
        lab.handle().stop().await.expect("it ends");
        assert_eq!(last(&lab).what, Happened::ControllerEnded);
        lab.start().await;
        lab.pass(Millis::from_secs(1)).await;
        let started = Happened::ControllerStarted {
            after_death: false,
            last_seen_us: None,
        };
        assert_eq!(last(&lab).what, started);
        assert_eq!(last(&lab).count, 1, "each has its own row");
    });
}

/// Who did what to everything, oldest first.
fn persons(lab: &Lab) -> Vec<String> {
    let noted = lab.world.disk.happenings().into_iter();
    let told = noted.filter_map(|it| match it.what {
        Happened::TakenDown {
            by, why, services, ..
        } => Some(format!("{by} took {} down: {why:?}", services[0])),
        Happened::Halted { by, .. } => Some(format!("{by} halted at {}", it.at_us)),
        Happened::HaltLifted { by, .. } => Some(format!("{by} lifted at {}", it.at_us)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_halt_and_its_end_are_noted_once_with_their_own_time_also_of_no_controller() {
    run(async {
        let mut lab = Lab::new().await;
        lab.world.brake.halt("eve");
        lab.handle().status().await.expect("status");
        assert_eq!(persons(&lab), ["eve halted at 1"]);
        lab.crash().await;
        lab.world.brake.lift();
        lab.world.brake.halt("ana");
        lab.start().await;
        let views = lab.handle().happenings(100, None).await.expect("a list");
        assert!(
            matches!(views[0].what, Happened::Halted { .. }),
            "{views:?}"
        );
        let all = ["eve halted at 1", "lifter lifted at 2", "ana halted at 3"];
        assert_eq!(persons(&lab), all);
        lab.crash_and_restart().await;
        lab.handle().status().await.expect("status");
        assert_eq!(persons(&lab), all);
    });
}

#[test]
fn who_took_an_environment_down_is_noted_before_the_controller_ends() {
    run(async {
        let mut lab = Lab::new().await;
        serving(&mut lab).await;
        let by = Signed {
            by: "ana".to_owned(),
            why: Some("moves house".to_owned()),
        };
        let app = shop([web()]).spec().app.clone();
        lab.handle().down(app, None, by).await.expect("down");
        assert_eq!(persons(&lab), ["ana took web down: Some(\"moves house\")"]);
        let views = lab.world.disk.happenings();
        let place = views.iter().find_map(|it| it.what.environment());
        assert!(place.is_some_and(|(app, _)| app.as_str() == "shop"));
    });
}

#[test]
fn the_ends_under_a_second_keeper_are_counted_once_also_by_the_next_controller() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        let kill = async |lab: &mut Lab| {
            lab.world.host.kill(&id);
            lab.pass(Millis::from_secs(2)).await;
        };
        for _ in 0..3 {
            kill(&mut lab).await;
        }
        lab.world.host.lose_shim(&id);
        lab.pass(Millis::from_secs(2)).await;
        kill(&mut lab).await;
        let gone = (InstanceEnd::Unknown, 1, false);
        let killed = |count| (InstanceEnd::Killed(9), count, false);
        assert_eq!(ends(&lab), [gone.clone(), killed(4)]);
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(ends(&lab), [gone.clone(), killed(4)], "nothing ended since");
        kill(&mut lab).await;
        assert_eq!(ends(&lab), [gone, killed(5)]);
        assert_clean(&lab);
    });
}

#[test]
fn one_that_is_gone_and_cannot_be_started_is_noted_once_over_controllers() {
    run(async {
        let mut lab = Lab::new().await;
        let id = serving(&mut lab).await;
        let address = stable(&lab, "web").instances[0].address;
        lab.world.host.kill(&id);
        lab.pass(Millis::from_secs(2)).await;
        lab.world.host.lose_shim(&id);
        lab.world.host.occupy(address);
        lab.pass(Millis::from_secs(5)).await;
        let noted = [
            (InstanceEnd::Killed(9), 1, false),
            (InstanceEnd::Unknown, 1, false),
        ];
        assert_eq!(ends(&lab), noted);
        for _ in 0..2 {
            lab.crash_and_restart().await;
            lab.pass(Millis::from_secs(5)).await;
            assert_eq!(ends(&lab), noted);
        }
    });
}

#[test]
fn what_ended_several_times_unseen_is_told_by_its_kinds_with_the_first_time_of_each() {
    run(async {
        let mut lab = Lab::new().await;
        script(
            &lab,
            "web",
            "one",
            Script::ends_after(Millis::from_secs(40)),
        );
        let id = serving(&mut lab).await;
        lab.crash().await;
        let mut killed_us = Vec::new();
        lab.world.pass(Millis::from_secs(60)).await;
        for _ in 0..3 {
            killed_us.push(lab.world.time.calendar_us());
            lab.world.host.kill(&id);
            lab.world.pass(Millis::from_secs(10)).await;
        }
        lab.start().await;
        lab.pass(Millis::from_secs(5)).await;
        let noted = [
            (InstanceEnd::Exited(1), 1, true),
            (InstanceEnd::Killed(9), 3, true),
        ];
        assert_eq!(ends(&lab), noted);
        let all = lab.world.disk.happenings();
        let killed = all.iter().find(|it| it.count == 3).expect("three times");
        assert_eq!(
            (Some(&killed.first_us), Some(&killed.at_us)),
            (killed_us.first(), killed_us.last())
        );
    });
}
