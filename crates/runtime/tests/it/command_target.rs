//! A command target under a controller that may die: a try is one run, whatever happens.

use windlass_api::{Brought, BroughtView, Command, ServiceView, SlotView};
use windlass_control::Restart;
use windlass_model::{
    CommandRun, CommandState, DeploymentId, Fact, InstanceEnd, Job, Millis, Outcome, Repair,
    Report, ReturnReason, RolloutPhase, StuckReason,
};
use windlass_testkit::{App, Crash, End, Ending, Lab, Script, Service, run, service_name};

use crate::fixture::{
    alive, assert_clean, begun, facts, failed, phases, promoted, put, say, script, shop, stable,
};

pub(crate) fn legacy(version: &str) -> App {
    let service = Service::new("legacy").command().version(version);
    shop([service.bake(Millis::from_secs(2))])
}

fn told(job: Job, version: &str, from: Option<&str>) -> CommandRun {
    CommandRun {
        job,
        version: version.to_owned(),
        from: from.map(str::to_owned),
        attempt: 1,
    }
}

/// Version 6 is live.
pub(crate) async fn six() -> Lab {
    let mut lab = Lab::new().await;
    put(&lab, &["legacy"], "six");
    promoted(&mut lab, &legacy("6")).await;
    lab
}

/// The facts of stuckness.
pub(crate) fn stuck(lab: &Lab, id: &DeploymentId) -> Vec<StuckReason> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::Stuck { why, .. } => Some(why),
        _ => None,
    })
    .collect()
}

#[test]
fn each_version_is_one_run_that_nobody_starts_again() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        promoted(&mut lab, &legacy("7")).await;
        lab.world.host.reboot();
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(100)).await;
        let runs = [
            told(Job::Deploy, "6", None),
            told(Job::Deploy, "7", Some("6")),
        ];
        assert_eq!(lab.world.host.runs(), runs);
        assert_eq!(alive(&lab), 0);
        assert_clean(&lab);
    });
}

/// What `status` says of the one instance of a slot.
async fn shown(lab: &Lab, of: impl Fn(&ServiceView) -> &Option<SlotView>) -> String {
    let status = lab.handle().status().await.expect("it answers");
    let service = &status[0].services[&service_name("legacy")];
    let slot = of(service).as_ref().expect("it is there");
    slot.instances[0].state.clone()
}

#[test]
fn what_a_command_brings_is_live_once_it_is_and_not_while_it_runs() {
    run(async {
        let mut lab = six().await;
        let id = seven_runs(&mut lab).await;
        assert_eq!(shown(&lab, |it| &it.candidate).await, "running");
        assert_eq!(shown(&lab, |it| &it.stable).await, "live", "version 6 is");
        lab.until_ended(&id).await;
        assert_eq!(shown(&lab, |it| &it.stable).await, "live", "version 7 is");
    });
}

#[test]
fn a_death_at_any_commit_runs_nothing_twice() {
    run(async {
        for (end, outcome) in [(0, Outcome::Promoted), (3, Outcome::RolledBack)] {
            let mut number = 0;
            loop {
                number += 1;
                let mut lab = six().await;
                put(&lab, &["legacy"], "seven");
                let what = Script::run(InstanceEnd::Exited(end));
                script(&lab, "legacy", "seven", what);
                let id = begun(&lab, &legacy("7")).await;
                let last = lab.world.disk.commits() + number;
                lab.world.disk.crash_at(Crash::After(last));
                assert_eq!(lab.until_ended(&id).await, Ending::Ended(outcome));
                let runs = lab.world.host.runs();
                assert_eq!(runs[1], told(Job::Deploy, "7", Some("6")));
                let back = told(Job::Rollback, "6", Some("7"));
                let back = [back].into_iter().filter(|_| end != 0).collect::<Vec<_>>();
                assert_eq!(runs[2..], back);
                if lab.world.disk.commits() < last {
                    break;
                }
            }
            assert!(number > 4, "{number}");
        }
    });
}

#[test]
fn a_deploy_that_ends_while_nobody_is_there_is_taken_as_it_ended() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        let id = begun(&lab, &legacy("7")).await;
        let begun = lab.until(&id, |fact| matches!(fact, Fact::CommandStarted { .. }));
        begun.await.expect("it runs");
        lab.stay_down_for(Millis::from_secs(100));
        lab.crash_and_restart().await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(lab.world.host.runs().len(), 2);
        assert!(
            lab.world
                .host
                .alive()
                .values()
                .all(|r| *r == Restart::Never)
        );
    });
}

#[test]
fn what_is_not_live_afterwards_is_taken_back_with_what_was_seen() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        let saw = "`status` says that 6 is live".to_owned();
        let what = Script {
            status: CommandState::NotLive(saw.clone()),
            ..Script::command()
        };
        script(&lab, "legacy", "seven", what);
        let (id, ending) = lab.deployed(&legacy("7")).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let why = failed(&lab, &id).remove(0).1;
        let ReturnReason::InstanceLost { end, .. } = why else {
            panic!("{why:?}");
        };
        assert_eq!(end, InstanceEnd::NeverReady(saw));
        assert_eq!(stable(&lab, "legacy").release.version.0, "6");
    });
}

#[test]
fn a_status_that_says_nothing_clear_is_asked_until_the_time_is_over() {
    run(async {
        let mut lab = six().await;
        let saw = "`status` printed \"hi\"".to_owned();
        put(&lab, &["legacy"], "seven");
        let what = Script {
            status: CommandState::Unclear(saw.clone()),
            ..Script::command()
        };
        script(&lab, "legacy", "seven", what);
        let id = seven_begins(&mut lab).await;
        lab.pass(Millis::from_secs(5)).await;
        assert_eq!(failed(&lab, &id), [], "nobody knows yet");
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        let why = failed(&lab, &id).remove(0).1;
        let ReturnReason::InstanceLost { end, .. } = why else {
            panic!("{why:?}");
        };
        assert_eq!(end, InstanceEnd::NeverReady(saw));
    });
}

#[test]
fn one_that_moves_for_too_long_is_taken_back() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        let what = Script {
            status: CommandState::Moving,
            ..Script::command()
        };
        script(&lab, "legacy", "seven", what);
        let (id, ending) = lab.deployed(&legacy("7")).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let why = format!("{:?}", failed(&lab, &id));
        assert!(why.contains("says that it is moving"), "{why}");
    });
}

#[test]
fn a_run_whose_end_nobody_saw_is_done_if_its_status_says_so_and_else_stuck() {
    run(async {
        for (status, ending) in [
            (CommandState::Live, Ending::Ended(Outcome::Promoted)),
            (CommandState::NotLive("nothing".to_owned()), Ending::Stuck),
            (CommandState::Unclear("hi".to_owned()), Ending::Stuck),
        ] {
            let mut lab = six().await;
            put(&lab, &["legacy"], "seven");
            let what = Script {
                status,
                ..Script::run(InstanceEnd::Unknown)
            };
            script(&lab, "legacy", "seven", what);
            let (id, ended) = lab.deployed(&legacy("7")).await;
            assert_eq!(ended, ending);
            let reasons = stuck(&lab, &id);
            let unknown = StuckReason::OutcomeUnknown("7".to_owned());
            assert_eq!(reasons.contains(&unknown), ending == Ending::Stuck);
            // Nobody but a person runs it again.
            lab.crash_and_restart().await;
            lab.pass(Millis::from_secs(100)).await;
            assert_eq!(lab.world.host.runs().len(), 2);
        }
    });
}

#[test]
fn a_person_has_it_run_again_which_is_another_attempt() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        let nobody_knows = Script {
            status: CommandState::NotLive("nothing".to_owned()),
            ..Script::run(InstanceEnd::Unknown)
        };
        script(&lab, "legacy", "seven", nobody_knows);
        let (id, _) = lab.deployed(&legacy("7")).await;
        let runs = |lab: &Lab| lab.world.host.runs().len();
        let how = Repair::Retry;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        lab.pass(Millis::from_millis(100)).await;
        assert_eq!(runs(&lab), 3);
        // Also when the controller dies while it runs.
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(100)).await;
        assert_eq!(runs(&lab), 3);
        assert_eq!(lab.world.host.runs()[2].attempt, 2);
        assert_eq!(stuck(&lab, &id).len(), 2);
        let service = service_name("legacy");
        let started = facts(&lab, &id).into_iter();
        let started = started.filter(
            |fact| matches!(fact, Fact::CommandStarted { service: of, .. } if *of == service),
        );
        assert_eq!(started.count(), 2);
    });
}

/// Version 7 is on its way.
async fn seven_runs(lab: &mut Lab) -> DeploymentId {
    put(lab, &["legacy"], "seven");
    seven_begins(lab).await
}

/// The same with a run that takes so long.
pub(crate) async fn runs_for(lab: &mut Lab, after: Millis) -> DeploymentId {
    let long = Script {
        ends: Some(End {
            after,
            end: InstanceEnd::Exited(0),
        }),
        ..Script::command()
    };
    put(lab, &["legacy"], "seven");
    script(lab, "legacy", "seven", long);
    seven_begins(lab).await
}

pub(crate) async fn seven_begins(lab: &mut Lab) -> DeploymentId {
    let id = begun(lab, &legacy("7")).await;
    let runs = lab.until(&id, |fact| matches!(fact, Fact::CommandStarted { .. }));
    runs.await.expect("it runs");
    id
}

fn reports(lab: &Lab, id: &DeploymentId) -> Vec<Report> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::Reported { report, .. } => Some(report),
        _ => None,
    })
    .collect()
}

#[test]
fn a_run_is_heard_by_each_controller_until_its_deployment_has_ended() {
    run(async {
        let mut lab = six().await;
        let id = seven_runs(&mut lab).await;
        let service = service_name("legacy");
        let says = |lab: &Lab, line: &str| {
            let said = vec![Report::log(line)];
            let handle = lab.handle();
            let (id, service) = (id.clone(), service.clone());
            async move { handle.report(id, service, said).await }
        };
        assert!(says(&lab, "one").await.expect("it is heard").kept);
        let seen = lab.handle().look(id.clone(), service.clone()).await;
        let seen = seen.expect("it is told");
        assert!(seen.wanted && !seen.halted);
        lab.crash_and_restart().await;
        assert!(says(&lab, "two").await.expect("it is heard").kept);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let refused = says(&lab, "three").await.expect_err("it is over");
        assert_eq!((refused.status, refused.code.0.as_str()), (403, "WL0377"));
        let looks = lab.handle().look(id.clone(), service.clone()).await;
        assert_eq!(looks.expect_err("it is over").status, 403);
        assert_eq!(reports(&lab, &id), [Report::log("one"), Report::log("two")]);
    });
}

/// What was told of whether runs are heard: why not, or nothing where they are again.
fn heard(lab: &Lab, id: &DeploymentId) -> Vec<Option<String>> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::Heard { lost, .. } => Some(lost),
        _ => None,
    })
    .collect()
}

#[test]
fn a_run_whose_address_is_taken_meanwhile_goes_on_and_is_heard_again_once_it_is_free() {
    run(async {
        let mut lab = six().await;
        let id = runs_for(&mut lab, Millis::from_secs(8)).await;
        let status = lab.handle().status().await.expect("an answer");
        let view = status[0].services[&service_name("legacy")].clone();
        let candidate = view.candidate.expect("it is on its way");
        let address = candidate.instances[0].address;
        lab.world.taken.take(address);
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(4)).await;
        let told = heard(&lab, &id);
        assert!(
            matches!(told.as_slice(), [Some(why)] if why.contains("is taken")),
            "{told:?}"
        );
        assert_eq!(reports(&lab, &id), [], "the script has said nothing");
        lab.world.taken.free(address);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(heard(&lab, &id)[1..], [None], "{:?}", facts(&lab, &id));
    });
}

/// What is told that a deployment has brought of the command.
async fn brought(lab: &Lab, id: &DeploymentId) -> BroughtView {
    let shown = lab.handle().show(id.clone()).await.expect("it is known");
    let part = &shown.rollouts[&service_name("legacy")];
    part.brought.clone().expect("it is a command")
}

#[test]
fn a_first_run_that_ended_well_is_live_while_its_deployment_is_held() {
    run(async {
        let mut lab = Lab::new().await;
        let id = runs_for(&mut lab, Millis::from_secs(3)).await;
        assert_eq!(say(&lab, &id, Command::Hold).await, Ok(()));
        assert_eq!(brought(&lab, &id).await.state, Brought::Moving);
        lab.pass(Millis::from_secs(10)).await;
        let phases = phases(&lab, &id, "legacy");
        assert_eq!(phases.last(), Some(&RolloutPhase::Holding));
        let told = brought(&lab, &id).await;
        let version = told.version.map(|version| version.0);
        assert_eq!((told.state, version.as_deref()), (Brought::Live, Some("7")));
    });
}

#[test]
fn the_time_of_a_run_goes_by_while_no_controller_is_there() {
    run(async {
        let mut lab = six().await;
        let id = runs_for(&mut lab, Millis::from_secs(100)).await;
        lab.pass(Millis::from_secs(1)).await;
        lab.stay_down_for(Millis::from_secs(60));
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(1)).await;
        assert_eq!(
            failed(&lab, &id).len(),
            1,
            "its time was over: {:?}",
            facts(&lab, &id)
        );
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
    });
}

/// Nobody saw how the run of version 7 ended; this is what its `status` says since.
pub(crate) fn nobody_saw(lab: &Lab, status: CommandState) {
    let what = Script {
        status,
        ..Script::run(InstanceEnd::Unknown)
    };
    script(lab, "legacy", "seven", what);
}

#[test]
fn a_word_that_the_status_denies_is_refused() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        let saw = "`status` says that 6 is live".to_owned();
        nobody_saw(&lab, CommandState::NotLive(saw.clone()));
        let (id, ending) = lab.deployed(&legacy("7")).await;
        assert_eq!(ending, Ending::Stuck);
        let how = Repair::Done;
        let refused = say(&lab, &id, Command::Repair { how }).await;
        let refused = refused.expect_err("6 is live");
        assert_eq!(refused.code.0, "WL0313");
        let detail = refused.detail.unwrap_or_default();
        let expected = "expected: a `status` that says that 7 is live";
        assert_eq!(detail, format!("seen: {saw}\n{expected}"));
    });
}

#[test]
fn a_status_that_can_t_tell_leaves_the_word_to_a_person_and_it_is_told_as_one() {
    run(async {
        let mut lab = six().await;
        put(&lab, &["legacy"], "seven");
        nobody_saw(&lab, CommandState::Unclear("hi".to_owned()));
        let (id, ending) = lab.deployed(&legacy("7")).await;
        assert_eq!(ending, Ending::Stuck);
        let how = Repair::Done;
        assert_eq!(say(&lab, &id, Command::Repair { how }).await, Ok(()));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let told = brought(&lab, &id).await;
        assert!(!told.by_status && told.said_by.is_some(), "{told:?}");
        let version = told.version.map(|version| version.0);
        assert_eq!(version.as_deref(), Some("7"));
    });
}
