//! The health score around a deployment: what it may begin on, climb by, and goes back by.

use std::collections::BTreeSet;

use windlass_api::Command;
use windlass_model::{
    Below, DeploymentId, DeploymentState, Drop, Fact, Measure, Millis, Outcome, Rate, Reach,
    ReturnReason, RolloutPhase, Rule, ScoreMoment, ScoreStage, ScoreSummary, Then, Trigger,
};
use windlass_runtime::RollbackAt;
use windlass_testkit::{App, Crash, Ending, Lab, Service, app_name, environment_name, run};

use crate::fixture::{
    assert_clean, begun, facts, failed, phases, promoted, put, say, shop, until_baking, web,
};

/// Longer than the time between two measurements.
const SOON: Millis = Millis::from_secs(11);

/// One service whose score is what a command says.
fn scored(service: Service) -> App {
    shop([service]).scored()
}

/// The second version of it, begun.
async fn second(lab: &mut Lab, app: &App) -> DeploymentId {
    put(lab, &["web"], "one");
    promoted(lab, app).await;
    put(lab, &["web"], "two");
    begun(lab, app).await
}

/// What is told of scores and gates, in short.
fn told(lab: &Lab, id: &DeploymentId) -> Vec<String> {
    let points = |score: &ScoreSummary| match score.known() {
        Some(known) => known.to_string(),
        None => format!("{} to {}", score.low, score.high),
    };
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::Scored { stage, score } => Some(match stage {
            ScoreStage::Before => format!("before {}", points(&score)),
            ScoreStage::During => format!("during {}", points(&score)),
            ScoreStage::After => format!("after {}", points(&score)),
        }),
        Fact::GateShut { gate, score, then } => {
            Some(format!("{gate} shut at {}, {then}", points(&score)))
        }
        Fact::GatePassed { gate, by, .. } => Some(match by {
            Some(by) => format!("{gate} let go by {by}"),
            None => format!("{gate} passed"),
        }),
        _ => None,
    })
    .collect()
}

async fn state(lab: &Lab, id: &DeploymentId) -> DeploymentState {
    let view = lab.handle().show(id.clone()).await.expect("it is there");
    view.state
}

/// What is said of the deployment that runs.
async fn doing(lab: &Lab) -> String {
    let status = lab.handle().status().await.expect("an answer");
    let mut locks = status.into_iter().filter_map(|it| it.lock);
    locks.next().expect("one runs").reason
}

/// Why scores were kept, oldest first.
fn kept(lab: &Lab) -> Vec<ScoreMoment> {
    let scores = lab.world.disk.scores();
    scores.into_iter().map(|entry| entry.moment).collect()
}

#[test]
fn the_score_is_measured_before_and_after_every_deployment() {
    run(async {
        let mut lab = Lab::new().await;
        let app = scored(web());
        lab.world.gauge.is(93.0);
        put(&lab, &["web"], "one");
        let first = promoted(&mut lab, &app).await;
        assert_eq!(told(&lab, &first), ["before 93", "after 93"]);
        put(&lab, &["web"], "two");
        let id = begun(&lab, &app).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.gauge.is(91.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(told(&lab, &id), ["before 93", "after 91"]);
        let view = lab.handle().show(id.clone()).await.expect("it is there");
        let score = view.score.expect("it is measured");
        let known = |score: Option<ScoreSummary>| score.and_then(|score| score.known());
        assert_eq!(known(score.before), Some(Measure::nearest(93.0)));
        assert_eq!(known(score.after), Some(Measure::nearest(91.0)));
        let (before, after) = (ScoreMoment::Before, ScoreMoment::After);
        assert_eq!(
            kept(&lab),
            [
                before(first.clone()),
                after(first),
                before(id.clone()),
                after(id)
            ]
        );
        assert_clean(&lab);
    });
}

#[test]
fn without_a_score_nothing_is_measured() {
    run(async {
        let mut lab = Lab::new().await;
        put(&lab, &["web"], "one");
        let id = promoted(&mut lab, &shop([web()])).await;
        assert_eq!(told(&lab, &id), Vec::<String>::new());
        assert_eq!(lab.world.gauge.measured(), 0);
    });
}

#[test]
fn a_gate_holds_below_its_score_and_goes_on_once_it_is_reached() {
    run(async {
        let mut lab = Lab::new().await;
        lab.world.gauge.is(95.0);
        let app = scored(web()).before(85);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &app).await;
        lab.world.gauge.is(80.0);
        put(&lab, &["web"], "two");
        let id = begun(&lab, &app).await;
        lab.pass(Millis::from_secs(600)).await;
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        assert_eq!(phases(&lab, &id, "web"), [], "nothing has begun");
        let said = doing(&lab).await;
        assert_eq!(said, "the score is 80, and score >= 85 is asked for");
        let rows = lab.world.disk.rows(&id).len();
        assert!(rows < 5, "what says the same is no news: {rows} rows");
        lab.world.gauge.is(93.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(
            told(&lab, &id),
            [
                "before 80",
                "score >= 85 shut at 80, hold",
                "score >= 85 passed",
                "after 93"
            ]
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_check_without_data_holds_the_gate_however_high_the_rest_may_be() {
    run(async {
        let mut lab = Lab::new().await;
        let app = scored(web()).before(85);
        put(&lab, &["web"], "one");
        let id = begun(&lab, &app).await;
        lab.pass(SOON).await;
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        assert_eq!(
            told(&lab, &id),
            ["before 0 to 100", "score >= 85 shut at 0 to 100, hold"]
        );
        let view = lab.handle().show(id.clone()).await.expect("it is there");
        let before = view.score.and_then(|score| score.before);
        let before = before.expect("it was measured");
        assert_eq!(before.reach(85), Reach::Unknown);
        let remedy = before.lost.first().map(|lost| lost.remedy.clone());
        assert_eq!(remedy.as_deref(), Some("see what ./score says"));
    });
}

#[test]
fn a_person_lets_a_gate_go_and_is_named() {
    run(async {
        let mut lab = Lab::new().await;
        lab.world.gauge.is(80.0);
        let app = scored(web()).before(85);
        put(&lab, &["web"], "one");
        let id = begun(&lab, &app).await;
        lab.pass(SOON).await;
        say(&lab, &id, Command::Resume).await.expect("it is held");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert!(told(&lab, &id).contains(&"score >= 85 let go by ana".to_owned()));
    });
}

#[test]
fn who_holds_it_at_a_gate_holds_it_when_the_score_is_reached() {
    run(async {
        let mut lab = Lab::new().await;
        lab.world.gauge.is(80.0);
        let app = scored(web()).before(85);
        put(&lab, &["web"], "one");
        let id = begun(&lab, &app).await;
        lab.pass(SOON).await;
        say(&lab, &id, Command::Hold).await.expect("it is accepted");
        lab.world.gauge.is(93.0);
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        say(&lab, &id, Command::Resume).await.expect("it is held");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn one_that_is_aborted_at_its_gate_has_nothing_to_measure_after() {
    run(async {
        let mut lab = Lab::new().await;
        lab.world.gauge.is(80.0);
        let app = scored(web()).before(85);
        put(&lab, &["web"], "one");
        let id = begun(&lab, &app).await;
        lab.pass(SOON).await;
        say(&lab, &id, Command::Abort).await.expect("it goes back");
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Failed));
        assert_eq!(
            told(&lab, &id),
            ["before 80", "score >= 85 shut at 80, hold"]
        );
    });
}

/// Needs 90 at 5 %, 92 at 25 % and 95 at 100 %.
fn climbing(below: Below) -> App {
    scored(web().scored_canary(&[(5, 4_000, 90), (25, 4_000, 92), (100, 4_000, 95)], below))
}

#[test]
fn a_step_is_passed_only_by_a_score_measured_while_it_lasts() {
    run(async {
        let mut lab = Lab::new().await;
        let app = climbing(Below::Hold);
        lab.world.gauge.is(91.0);
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 25).await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        lab.world.gauge.is(92.0);
        until_baking(&mut lab, &id, "web", 100).await;
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(lab.ending(&id), None, "95 is asked for there");
        lab.world.gauge.is(95.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(
            told(&lab, &id),
            [
                "before 91",
                "score >= 90 at 5 % of web passed",
                "score >= 92 at 25 % of web shut at 91, hold",
                "score >= 92 at 25 % of web passed",
                "score >= 95 at 100 % of web shut at 92, hold",
                "score >= 95 at 100 % of web passed",
                "after 95"
            ]
        );
        assert_clean(&lab);
    });
}

#[test]
fn a_measurement_that_began_before_a_step_is_no_evidence_of_it() {
    run(async {
        let mut lab = Lab::new().await;
        let app = climbing(Below::Hold);
        lab.world.gauge.is(91.0);
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 5).await;
        // One measurement outlasts the step it began in, and the next step is not judged by it.
        lab.world.gauge.takes(Millis::from_secs(30));
        lab.world.gauge.is(99.0);
        until_baking(&mut lab, &id, "web", 25).await;
        lab.world.gauge.is(40.0);
        lab.pass(Millis::from_secs(40)).await;
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        assert!(
            told(&lab, &id).contains(&"score >= 92 at 25 % of web shut at 40, hold".to_owned())
        );
    });
}

#[test]
fn a_halt_beside_a_shut_gate_holds_what_rises_and_takes_nothing_back() {
    run(async {
        let mut lab = Lab::new().await;
        let api = Service::new("api")
            .listen(8001)
            .canary(&[(5, 20_000), (100, 2_000)]);
        let web = web().scored_canary(&[(5, 2_000, 90), (100, 2_000, 90)], Below::Hold);
        let app = shop([api, web]).scored();
        lab.world.gauge.is(95.0);
        put(&lab, &["api", "web"], "one");
        promoted(&mut lab, &app).await;
        lab.world.gauge.is(50.0);
        put(&lab, &["api", "web"], "two");
        let id = begun(&lab, &app).await;
        until_baking(&mut lab, &id, "web", 5).await;
        lab.pass(SOON).await;
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        lab.world.brake.halt("eve");
        lab.pass(Millis::from_secs(120)).await;
        assert_eq!(lab.ending(&id), None, "api waits at 5 %");
        lab.world.brake.lift();
        lab.world.gauge.is(95.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_clean(&lab);
    });
}

#[test]
fn a_step_goes_back_where_that_is_what_follows_of_a_low_score() {
    run(async {
        let mut lab = Lab::new().await;
        let app = climbing(Below::Rollback);
        lab.world.gauge.is(91.0);
        let id = second(&mut lab, &app).await;
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let failed = failed(&lab, &id);
        let [(_, ReturnReason::LowScore { gate, score })] = &failed[..] else {
            unreachable!("{failed:?}");
        };
        assert_eq!(gate.to_string(), "score >= 92 at 25 % of web");
        assert_eq!(score.known(), Some(Measure::nearest(91.0)));
        assert_eq!(told(&lab, &id).last().map(String::as_str), Some("after 91"));
        assert_clean(&lab);
    });
}

#[test]
fn a_step_never_goes_back_for_lack_of_data() {
    run(async {
        let mut lab = Lab::new().await;
        let app = climbing(Below::Rollback);
        lab.world.gauge.is(99.0);
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 5).await;
        lab.world.gauge.is_gone();
        lab.pass(Millis::from_secs(600)).await;
        assert_eq!(lab.ending(&id), None);
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        say(&lab, &id, Command::Resume).await.expect("it is held");
        until_baking(&mut lab, &id, "web", 25).await;
    });
}

fn drops(by: Drop, then: Then) -> App {
    let rule = Rule {
        all: vec![Trigger::ScoreDrops { by }],
        then,
    };
    let bake = Millis::from_secs(60);
    scored(web().bake(bake).with(|spec| spec.rollback_on = vec![rule]))
}

fn five_per_cent() -> Drop {
    Drop::Share(Rate::from_parts(500).expect("a rate"))
}

#[test]
fn a_score_that_drops_takes_the_release_back() {
    run(async {
        let mut lab = Lab::new().await;
        let app = drops(five_per_cent(), Then::Rollback);
        lab.world.gauge.is(93.0);
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.pass(Millis::from_secs(5)).await;
        lab.world.gauge.is(80.0);
        let ending = lab.until_ended(&id).await;
        assert_eq!(ending, Ending::Ended(Outcome::RolledBack));
        let failed = failed(&lab, &id);
        let [(_, ReturnReason::Triggered { trigger, saw })] = &failed[..] else {
            unreachable!("{failed:?}");
        };
        assert_eq!(trigger.to_string(), "score drops 5%");
        assert_eq!(
            saw,
            "the health score was lower for 20s: 80 at last, against 93 before"
        );
        assert_clean(&lab);
    });
}

#[test]
fn points_are_points_and_a_share_is_of_what_it_was() {
    for (by, value, outcome) in [
        (Drop::Points(500), 55.5, Outcome::Promoted),
        (Drop::Points(500), 55.0, Outcome::RolledBack),
        (five_per_cent(), 57.5, Outcome::Promoted),
        (five_per_cent(), 57.0, Outcome::RolledBack),
    ] {
        run(async {
            let mut lab = Lab::new().await;
            let app = drops(by, Then::Rollback);
            lab.world.gauge.is(60.0);
            let id = second(&mut lab, &app).await;
            until_baking(&mut lab, &id, "web", 100).await;
            lab.world.gauge.is(value);
            let ending = lab.until_ended(&id).await;
            assert_eq!(ending, Ending::Ended(outcome), "{by} to {value}");
        });
    }
}

#[test]
fn one_low_measurement_and_one_without_data_take_nothing_back() {
    run(async {
        let mut lab = Lab::new().await;
        let app = drops(five_per_cent(), Then::Rollback);
        lab.world.gauge.is(93.0);
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 100).await;
        for low in [true, false, true, false] {
            if low {
                lab.world.gauge.is(10.0);
            } else {
                lab.world.gauge.is_gone();
            }
            lab.pass(Millis::from_secs(10)).await;
        }
        lab.world.gauge.is(93.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

#[test]
fn a_score_that_drops_may_only_hold_or_only_tell() {
    for (then, outcome) in [(Then::Hold, None), (Then::Notify, Some(Outcome::Promoted))] {
        run(async {
            let mut lab = Lab::new().await;
            let app = drops(five_per_cent(), then);
            lab.world.gauge.is(93.0);
            let id = second(&mut lab, &app).await;
            until_baking(&mut lab, &id, "web", 100).await;
            lab.world.gauge.is(80.0);
            lab.pass(Millis::from_secs(90)).await;
            assert_eq!(lab.ending(&id), outcome.map(Ending::Ended), "{then}");
            let all = facts(&lab, &id).into_iter();
            let fired = all.filter(|fact| matches!(fact, Fact::TriggerFired { .. }));
            assert_eq!(fired.count(), 1, "{then}");
        });
    }
}

#[test]
fn without_a_score_from_before_a_drop_is_not_watched() {
    run(async {
        let mut lab = Lab::new().await;
        let app = drops(five_per_cent(), Then::Rollback);
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.gauge.is(1.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
    });
}

/// A gate, a step and a trigger that all look at the score.
fn all_of_it() -> App {
    let rule = Rule::from(Trigger::ScoreDrops {
        by: five_per_cent(),
    });
    let steps = [(5, 4_000, 90), (100, 4_000, 92)];
    let service = web().scored_canary(&steps, Below::Hold);
    scored(service.with(|spec| spec.rollback_on = vec![rule])).before(85)
}

/// How it goes where the controller dies at this commit of the second deployment; whether that came.
async fn dies(crash: fn(u64) -> Crash, at: u64) -> bool {
    let mut lab = Lab::new().await;
    let app = all_of_it();
    lab.world.gauge.is(93.0);
    put(&lab, &["web"], "one");
    let first = promoted(&mut lab, &app).await;
    put(&lab, &["web"], "two");
    let id = begun(&lab, &app).await;
    let commits = lab.world.disk.commits();
    lab.world.disk.crash_at(crash(commits + at));
    let ending = lab.until_ended(&id).await;
    assert_eq!(ending, Ending::Ended(Outcome::Promoted), "died at {at}");
    assert_eq!(
        told(&lab, &id),
        [
            "before 93",
            "score >= 85 passed",
            "score >= 90 at 5 % of web passed",
            "score >= 92 at 100 % of web passed",
            "after 93"
        ],
        "died at {at}"
    );
    let (before, after) = (ScoreMoment::Before, ScoreMoment::After);
    let wanted = [
        before(first.clone()),
        after(first),
        before(id.clone()),
        after(id),
    ];
    assert_eq!(kept(&lab), wanted, "died at {at}");
    assert_clean(&lab);
    lab.world.disk.commits() >= commits + at
}

#[test]
fn a_controller_that_dies_anywhere_neither_loses_a_score_nor_keeps_one_twice() {
    for crash in [Crash::Before, Crash::After] {
        let mut at = 1;
        while run(dies(crash, at)) {
            at += 1;
        }
        assert!(at > 10, "it died in {at} places only");
    }
}

#[test]
fn a_controller_that_dies_at_a_gate_holds_there_again_and_goes_on_from_there() {
    run(async {
        let mut lab = Lab::new().await;
        let app = all_of_it();
        lab.world.gauge.is(93.0);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &app).await;
        lab.world.gauge.is(80.0);
        put(&lab, &["web"], "two");
        let id = begun(&lab, &app).await;
        for _death in 0..3 {
            lab.pass(SOON).await;
            lab.crash_and_restart().await;
            lab.pass(SOON).await;
            assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        }
        lab.world.gauge.is(91.0);
        until_baking(&mut lab, &id, "web", 100).await;
        lab.pass(SOON).await;
        lab.crash_and_restart().await;
        lab.pass(SOON).await;
        assert_eq!(state(&lab, &id).await, DeploymentState::Held);
        lab.world.gauge.is(92.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(
            told(&lab, &id),
            [
                "before 80",
                "score >= 85 shut at 80, hold",
                "score >= 85 passed",
                "score >= 90 at 5 % of web passed",
                "score >= 92 at 100 % of web shut at 91, hold",
                "score >= 92 at 100 % of web passed",
                "after 92"
            ]
        );
        assert_clean(&lab);
    });
}

#[test]
fn commands_get_what_whoever_planned_it_gave_them_also_after_a_death() {
    run(async {
        let mut lab = Lab::new().await;
        let app = shop([web()]).scored_by(&["./score", "${TOKEN}"]);
        lab.world.gauge.is(80.0);
        put(&lab, &["web"], "one");
        let mut wanted = app.before(85).wanted();
        wanted
            .values
            .insert("TOKEN".to_owned(), "s3cret".to_owned());
        wanted
            .values
            .insert("OTHER".to_owned(), "not its own".to_owned());
        let from = windlass_runtime::From::File(Box::new(wanted));
        let id = lab.deploy_from(from).await.expect("it is accepted");
        let id = id.expect("there is something to do");
        lab.pass(SOON).await;
        lab.crash_and_restart().await;
        lab.world.gauge.is(93.0);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let seen = lab.world.gauge.values_seen().into_iter();
        let seen: BTreeSet<Vec<(String, String)>> =
            seen.map(|values| values.into_iter().collect()).collect();
        let own = vec![("TOKEN".to_owned(), "s3cret".to_owned())];
        assert_eq!(seen, BTreeSet::from([own]));
        let rows = format!("{:?}", lab.world.disk.rows(&id));
        assert!(!rows.contains("s3cret"), "no value is journalled");
    });
}

#[test]
fn the_history_is_that_of_its_environment() {
    run(async {
        let mut lab = Lab::new().await;
        lab.world.gauge.is(93.0);
        put(&lab, &["web"], "one");
        promoted(&mut lab, &scored(web())).await;
        let handle = lab.handle();
        let scores = handle.scores(app_name("shop"), environment_name());
        let scores = scores.await.expect("they can be read").scores;
        assert_eq!(scores.len(), 2);
    });
}

/// The second version, promoted but for its last measurement, which takes a minute.
async fn measuring_its_end(lab: &mut Lab, app: &App) -> DeploymentId {
    lab.world.gauge.is(93.0);
    lab.world.gauge.takes(Millis::ZERO);
    let id = second(lab, app).await;
    until_baking(lab, &id, "web", 100).await;
    lab.world.gauge.takes(Millis::from_secs(60));
    let phase = RolloutPhase::Done;
    let done = |fact: &Fact| matches!(fact, Fact::PhaseEntered { phase: it, .. } if *it == phase);
    let reached = lab.until(&id, done).await;
    reached.expect("it gets that far");
    assert_eq!(lab.ending(&id), None, "the score is not measured yet");
    assert_eq!(doing(lab).await, "is over, measures the score after");
    id
}

/// It has ended at once, and with no number.
fn given_up(lab: &Lab, id: &DeploymentId) {
    assert_eq!(lab.ending(id), Some(Ending::Ended(Outcome::Promoted)));
    assert_eq!(told(lab, id), ["before 93", "after 0 to 100"]);
}

#[test]
fn the_last_measurement_keeps_no_rollback_waiting() {
    run(async {
        let mut lab = Lab::new().await;
        let id = measuring_its_end(&mut lab, &scored(web())).await;
        let at = RollbackAt {
            app: app_name("shop"),
            environment: environment_name(),
            service: None,
            to: None,
            agreed: None,
        };
        let back = lab.handle().rollback(at, "ana".to_owned().into()).await;
        let back = back.expect("nothing is in its way");
        assert!(!back.aborted, "it is a rollback, and no abort");
        given_up(&lab, &id);
        let back = back.deployment.expect("there is something to do");
        assert_eq!(
            lab.until_ended(&back).await,
            Ending::Ended(Outcome::Promoted)
        );
        assert_clean(&lab);
    });
}

#[test]
fn the_last_measurement_keeps_no_other_deployment_and_no_down_waiting() {
    run(async {
        let mut lab = Lab::new().await;
        let app = scored(web());
        let id = measuring_its_end(&mut lab, &app).await;
        put(&lab, &["web"], "three");
        let third = begun(&lab, &app).await;
        given_up(&lab, &id);
        let ended = lab.until_ended(&third).await;
        assert_eq!(ended, Ending::Ended(Outcome::Promoted));
        let id = measuring_its_end(&mut lab, &app).await;
        let handle = lab.handle();
        let down = handle.down(app_name("shop"), None, "ana".to_owned());
        assert!(down.await.expect("nothing is in its way").last);
        given_up(&lab, &id);
    });
}

#[test]
fn an_abort_ends_the_last_measurement_and_is_told_that_it_comes_too_late() {
    run(async {
        let mut lab = Lab::new().await;
        let id = measuring_its_end(&mut lab, &scored(web())).await;
        let hold = say(&lab, &id, Command::Hold).await;
        hold.expect_err("there is nothing to wait for");
        assert_eq!(lab.ending(&id), None);
        let abort = say(&lab, &id, Command::Abort).await;
        abort.expect_err("it is promoted already");
        lab.until_ended(&id).await;
        given_up(&lab, &id);
    });
}

#[test]
fn the_last_measurement_has_an_end_also_where_a_check_has_none() {
    run(async {
        let mut lab = Lab::new().await;
        let id = measuring_its_end(&mut lab, &scored(web())).await;
        lab.world.gauge.takes(Millis::from_secs(100_000));
        lab.crash_and_restart().await;
        lab.pass(Millis::from_secs(125)).await;
        assert_eq!(lab.ending(&id), Some(Ending::Ended(Outcome::Promoted)));
        assert_eq!(told(&lab, &id), ["before 93", "after 0 to 100"]);
    });
}
