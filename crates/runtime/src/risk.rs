//! What the past of an environment says of a planned deployment: the model of `windlass_analysis::risk`,
//! which is told only where it would have foretold that past better than the plain rate of failures.

use std::rc::Rc;

use windlass_analysis::risk::honesty;
use windlass_analysis::risk::model::{Expected, Feature, Model, Past};
use windlass_api::{LearnedRisk, PlanView, Problem, RiskReason, RiskView};
use windlass_edge::StoredDeployment;
use windlass_model::{Change, DeploymentId, Fact, Measure, Outcome, Plan, PlanKind};

use crate::controller::Shared;
use crate::wanted::Wanted;
use crate::{planning, programs, startable, takes, went_back};

/// Deployments that are looked back at, those of other environments among them: each is read whole.
const LOOKED_AT: u32 = 60;

/// Ends of deployments that are kept in memory.
const OUTCOMES: usize = 1_000;

/// Deployments below which nothing is said.
const FEWEST: usize = 5;

/// A plan, and what the past says of it.
pub(crate) async fn planned(shared: &Rc<Shared>, wanted: &Wanted) -> Result<PlanView, Problem> {
    let view = planning::plan(shared, wanted, false).await?;
    let view = startable::looked_at(shared, view).await;
    let view = programs::looked_at(shared, view).await;
    let view = went_back::looked_at(shared, view).await;
    let mut view = takes::looked_at(shared, view).await;
    if !view.nothing_to_do {
        view.risk = risk(shared, &view.plan).await;
    }
    Ok(view)
}

/// One deployment of the past, with what was known when it began.
struct Known {
    started_us: i64,
    failed: bool,
    values: Vec<f64>,
}

/// A past that can't be read says nothing, and is no reason against a plan.
async fn risk(shared: &Rc<Shared>, plan: &Plan) -> Option<RiskView> {
    let mut stored = shared.border.store.deployments(LOOKED_AT).await.ok()?;
    stored.reverse();
    let alike = |it: &StoredDeployment| {
        let of_it = &it.plan;
        let same = of_it.app == plan.app && of_it.environment == plan.environment;
        same && of_it.kind == PlanKind::Deploy && it.ended_us.is_some()
    };
    let mut past: Vec<Known> = Vec::new();
    for it in stored.into_iter().filter(alike) {
        past.push(Known {
            values: values(&it.plan, past.last(), it.started_us),
            started_us: it.started_us,
            failed: !was_promoted(shared, &it.id).await?,
        });
    }
    if past.len() < FEWEST {
        return None;
    }
    let now_us = shared.border.clock.calendar_us();
    let now = values(plan, past.last(), now_us);
    Some(RiskView {
        deployments: whole(past.len()),
        failed: whole(past.iter().filter(|it| it.failed).count()),
        learned: learned(&past, now_us, &now),
    })
}

/// Whether one that has ended brought anything into service; what nobody knows the end of did not. Its journal
/// is read once in the life of a controller.
async fn was_promoted(shared: &Rc<Shared>, id: &DeploymentId) -> Option<bool> {
    let known = shared.promoted.borrow().get(id).copied();
    if known.is_some() {
        return known;
    }
    let open = shared.border.store.deployment(id).await.ok()??;
    let mut facts = open.entries.iter().rev().flat_map(|row| &row.facts);
    let was = facts.any(|fact| {
        matches!(
            fact,
            Fact::Ended {
                outcome: Outcome::Promoted | Outcome::PartlyPromoted,
                ..
            }
        )
    });
    let mut promoted = shared.promoted.borrow_mut();
    if promoted.len() >= OUTCOMES {
        promoted.clear();
    }
    promoted.insert(id.clone(), was);
    Some(was)
}

fn learned(past: &[Known], now_us: i64, now: &[f64]) -> Option<LearnedRisk> {
    let past: Vec<Past> = past
        .iter()
        .map(|it| Past {
            values: it.values.clone(),
            failed: it.failed,
            days_ago: days(it.started_us, now_us),
        })
        .collect();
    let checked = honesty::check(&features(), &past).filter(honesty::Checked::better)?;
    let risk = Model::learn(features(), &past).risk(now);
    let percent = |share: f64| Measure::nearest((share * 1_000.0).round() / 10.0);
    let reasons = risk.reasons.into_iter().map(|reason| RiskReason {
        name: reason.name,
        adds: Measure::nearest((reason.adds * 100.0).round() / 100.0),
    });
    Some(LearnedRisk {
        percent: percent(risk.p),
        at_least: percent(risk.between.0),
        at_most: percent(risk.between.1),
        calibrated: checked.calibrated(),
        reasons: reasons.filter(|it| it.adds != Measure::ZERO).collect(),
    })
}

/// What is known of every deployment. Scales are frozen; who deploys is not among them.
fn features() -> Vec<Feature> {
    let feature = |name: &str, expected, (skewed, usual, spread)| Feature {
        name: name.to_owned(),
        expected,
        skewed,
        usual,
        spread,
    };
    vec![
        feature(
            "how many services change",
            Expected::Riskier,
            (true, 2.0_f64.ln(), 0.5),
        ),
        feature(
            "services replaced in place",
            Expected::Riskier,
            (true, 0.0, 1.0),
        ),
        feature(
            "how the deployment before ended",
            Expected::MuchRiskier,
            (false, 0.0, 1.0),
        ),
        feature(
            "days since the deployment before",
            Expected::Unknown,
            (true, 8.0_f64.ln(), 1.0),
        ),
    ]
}

/// One figure for each of [`features`].
fn values(plan: &Plan, before: Option<&Known>, at_us: i64) -> Vec<f64> {
    let in_place = |change: &Change| matches!(change, Change::InPlace { .. });
    let in_place = plan.rollouts.values().filter(|it| in_place(&it.change));
    let has_failed = before.is_some_and(|before| before.failed);
    vec![
        f64::from(whole(plan.rollouts.len())),
        f64::from(whole(in_place.count())),
        f64::from(u8::from(has_failed)),
        // Without one before, as long as is usual.
        before.map_or(7.0, |before| days(before.started_us, at_us)),
    ]
}

/// From one time to another; none if the clock was set back.
fn days(from_us: i64, to_us: i64) -> f64 {
    const SECONDS: f64 = 86_400.0;
    let seconds = to_us.saturating_sub(from_us).max(0) / 1_000_000;
    f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / SECONDS
}

fn whole(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
