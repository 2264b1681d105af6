//! Rules that rest on what others measure.

use std::collections::BTreeMap;

use windlass_model::{
    Below, DeploymentId, DeploymentState, Fact, Lasting, Limit, MetricQuery, Millis, Outcome,
    PrometheusUrl, Rate, ReturnReason, Rule, Template, Then, Trigger,
};
use windlass_testkit::{App, Ending, Lab, Service, run};

use crate::fixture::{begun, facts, failed, promoted, put, shop, until_baking, web};

/// What the query becomes for the second version.
fn asked(lab: &Lab) -> String {
    let asked = lab.world.metrics.asked();
    asked.last().cloned().unwrap_or_default()
}

/// Watched by login failures of the candidate, read every second.
fn watched(service: Service, then: Then) -> App {
    let trigger = Trigger::Metric {
        name: "login_failures".to_owned(),
        above: Limit::Share(Rate::from_parts(500).expect("5 %")),
        lasting: Lasting::For(Millis::from_secs(5)),
    };
    let metric = MetricQuery {
        prometheus: PrometheusUrl::new("http://127.0.0.1:9090").expect("an address"),
        access: windlass_model::Access::default(),
        query: Template::parse("failures{of=\"${SERVICE}\"}").expect("a query"),
        every: Millis::from_secs(1),
    };
    shop([service.bake(Millis::from_secs(20)).with(|spec| {
        spec.rollback_on = vec![Rule {
            all: vec![trigger],
            then,
        }];
        spec.metrics = BTreeMap::from([("login_failures".to_owned(), metric)]);
    })])
}

const QUERY: &str = "failures{of=\"web\"}";

async fn second(lab: &mut Lab, app: &App) -> DeploymentId {
    put(lab, &["web"], "one");
    promoted(lab, app).await;
    put(lab, &["web"], "two");
    begun(lab, app).await
}

#[test]
fn a_metric_above_its_limit_takes_the_release_back() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(web(), Then::Rollback);
        lab.world.metrics.set(QUERY, Some(0.01));
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.world.metrics.set(QUERY, Some(0.125));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
        assert_eq!(asked(&lab), QUERY);
        let failed = failed(&lab, &id);
        let [(service, ReturnReason::Triggered { trigger, saw })] = &failed[..] else {
            unreachable!("{failed:?}");
        };
        assert_eq!(service, "web");
        assert_eq!(trigger.to_string(), "metric login_failures > 5% for 5s");
        assert!(
            saw.contains(" was 0.125 at least in 6 readings over 5"),
            "{saw}"
        );
    });
}

#[test]
fn a_worker_without_traffic_is_watched_by_its_metrics_too() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(Service::new("web"), Then::Rollback);
        lab.world.metrics.set(QUERY, Some(0.01));
        let id = second(&mut lab, &app).await;
        lab.world.metrics.set(QUERY, Some(0.9));
        assert_eq!(
            lab.until_ended(&id).await,
            Ending::Ended(Outcome::RolledBack)
        );
    });
}

#[test]
fn a_metric_that_was_never_there_takes_nothing_back_and_holds_up_nothing_and_is_named() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(web(), Then::Rollback);
        let id = second(&mut lab, &app).await;
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let all = facts(&lab, &id).into_iter();
        let unread: Vec<_> = all
            .filter_map(|fact| match fact {
                Fact::Judged { judgement, .. } => Some(judgement.unread),
                _ => None,
            })
            .collect();
        let why = "the query finds no series, or no finite number".to_owned();
        let named = BTreeMap::from([("metric login_failures".to_owned(), why)]);
        assert_eq!(unread.last(), Some(&named));
        assert!(unread.len() < 4, "told once a share: {unread:?}");
    });
}

fn sights(lab: &Lab, id: &DeploymentId) -> Vec<bool> {
    let all = facts(lab, id).into_iter();
    all.filter_map(|fact| match fact {
        Fact::Sight { sees, .. } => Some(sees),
        _ => None,
    })
    .collect()
}

#[test]
fn a_bake_stands_still_while_a_metric_that_was_there_is_gone() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(web(), Then::Rollback);
        lab.world.metrics.set(QUERY, Some(0.01));
        let id = second(&mut lab, &app).await;
        until_baking(&mut lab, &id, "web", 100).await;
        lab.pass(Millis::from_secs(5)).await;
        lab.world.metrics.break_down(true);
        lab.pass(Millis::from_secs(600)).await;
        assert_eq!(
            lab.ending(&id),
            None,
            "silence is no reason, neither for nor against"
        );
        assert_eq!(sights(&lab, &id), [false]);
        lab.world.metrics.break_down(false);
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        assert_eq!(sights(&lab, &id), [false, true]);
    });
}

#[test]
fn a_metric_may_only_hold() {
    run(async {
        let mut lab = Lab::new().await;
        let app = watched(web(), Then::Hold);
        let id = second(&mut lab, &app).await;
        lab.world.metrics.set(QUERY, Some(0.9));
        lab.pass(Millis::from_secs(60)).await;
        assert_eq!(lab.ending(&id), None);
        let held = facts(&lab, &id).into_iter();
        let held: Vec<Fact> = held
            .filter(|fact| matches!(fact, Fact::Held { .. }))
            .collect();
        assert_eq!(held.len(), 1, "{held:?}");
    });
}

#[test]
fn a_metric_counts_in_the_score_of_the_release_that_is_judged() {
    run(async {
        let mut lab = Lab::new().await;
        let metric = MetricQuery {
            prometheus: PrometheusUrl::new("http://127.0.0.1:9090").expect("an address"),
            access: windlass_model::Access::default(),
            query: Template::parse("failures{v=\"${VERSION}\"}").expect("a query"),
            every: Millis::from_secs(1),
        };
        let steps = [(5, 4_000, 90), (100, 4_000, 90)];
        let web = |version: &str| {
            let named = version.to_owned();
            web().scored_canary(&steps, Below::Hold).with(|spec| {
                spec.metrics = BTreeMap::from([("login_failures".to_owned(), metric.clone())]);
                spec.version = Some(named);
            })
        };
        let app =
            |version: &str| shop([web(version)]).scored_by_metric("web", "login_failures", 0.05);
        put(&lab, &["web"], "one");
        lab.world.metrics.set("failures{v=\"1\"}", Some(0.01));
        promoted(&mut lab, &app("1")).await;
        put(&lab, &["web"], "two");
        lab.world.metrics.set("failures{v=\"2\"}", Some(0.04));
        let id = begun(&lab, &app("2")).await;
        until_baking(&mut lab, &id, "web", 5).await;
        lab.pass(Millis::from_secs(60)).await;
        let view = lab.handle().show(id.clone()).await.expect("it is there");
        assert_eq!(view.state, DeploymentState::Held, "20 is less than 90");
        lab.world.metrics.set("failures{v=\"2\"}", Some(0.0));
        assert_eq!(lab.until_ended(&id).await, Ending::Ended(Outcome::Promoted));
        let score = lab.handle().show(id).await.expect("it is there").score;
        let score = score.expect("it is measured");
        let known = |score: Option<windlass_model::ScoreSummary>| {
            score.and_then(|score| score.known()).map(f64::from)
        };
        assert_eq!(
            (known(score.before), known(score.after)),
            (Some(80.0), Some(100.0))
        );
    });
}
