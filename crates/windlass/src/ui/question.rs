//! What a person is asked before anything moves: which services, from what to what, and what share of
//! their requests.

use windlass_api::{DeploymentView, EnvironmentView, RolloutView};
use windlass_model::{Change, Percent, Plan, PlanKind, RolloutPlan, ServiceName};

use super::words::{change, listed};

/// Services that a question names; more are counted.
const NAMED_MAX: usize = 6;

/// Before a plan is carried out.
pub(crate) fn of_plan(plan: &Plan) -> String {
    let place = format!("{} in {}", plan.app, plan.environment);
    let parts = plan.rollouts.iter();
    match plan.kind {
        PlanKind::Deploy => {
            let moves = named(parts.map(|(service, part)| moves(service, part)));
            format!("Deploy {} to {}: {moves}?", plan.app, plan.environment)
        }
        PlanKind::Rollback => {
            let moves = named(parts.map(|(service, part)| moves(service, part)));
            format!("Roll back {place}, at once: {moves}?")
        }
        PlanKind::Remove => {
            let goes = named(parts.clone().map(|(service, part)| goes(service, part)));
            let closed: Vec<String> = parts
                .filter_map(|(_, part)| {
                    Some(part.stable.as_ref()?.spec.listen.as_ref()?.to_string())
                })
                .collect();
            let then = match closed.as_slice() {
                [] => String::new(),
                places => format!(" Nothing answers on {} after it.", listed(places)),
            };
            format!("Remove {goes} from {place}?{then}")
        }
    }
}

/// Before a deployment that runs is aborted; `alone` is the one service that was to go back.
pub(crate) fn of_abort(view: &DeploymentView, alone: Option<&str>) -> String {
    let back = named(
        view.rollouts
            .iter()
            .map(|(service, part)| back(service, part)),
    );
    let place = format!("{} in {}", view.app, view.environment);
    match alone.filter(|_| view.rollouts.len() > 1) {
        Some(service) => format!(
            "{service} can't go back alone while {} runs. Abort all of it in {place}: {back}?",
            view.id
        ),
        None => format!("Abort {}, which runs in {place}: {back}?", view.id),
    }
}

/// Before the services of these environments end.
pub(crate) fn of_down<'v>(places: impl Iterator<Item = &'v EnvironmentView>) -> String {
    let places: Vec<String> = places
        .map(|view| {
            let services = view.services.iter().filter(|(_, now)| now.runs());
            let names = services.map(|(name, now)| match &now.stable {
                Some(stable) => format!("{name} {}", stable.version),
                None => name.to_string(),
            });
            let names = named(names);
            let under_way = view.deployment.as_ref();
            let under_way = under_way.map(|id| format!(", and {id} under way"));
            let (app, place) = (&view.app, &view.environment);
            format!(
                "{app} in {place} ({names}{})",
                under_way.unwrap_or_default()
            )
        })
        .collect();
    format!("End {}? Nothing of it answers after that.", listed(&places))
}

fn named(parts: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = parts.collect();
    let more = all.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        all.truncate(NAMED_MAX);
        all.push(format!("and {more} more"));
    }
    listed(&all)
}

/// "auth 1.4.1 → 1.4.2 (25 → 100 % of requests)".
fn moves(service: &ServiceName, part: &RolloutPlan) -> String {
    let from = part.stable.as_ref().map(|slot| &slot.release.version);
    let versions = change(from, &part.release.version);
    match shares(part) {
        Some(shares) => format!("{service} {versions} ({shares} of requests)"),
        None => format!("{service} {versions}"),
    }
}

/// The shares of requests that the new release gets, one after the other; none where it gets none, or
/// where it has them already.
fn shares(part: &RolloutPlan) -> Option<String> {
    part.spec.listen.as_ref()?;
    match &part.change {
        Change::Beside { steps } => {
            let raised = steps.iter().filter(|step| step.to > Percent::ZERO);
            let shares: Vec<String> = raised.map(|step| step.to.get().to_string()).collect();
            Some(format!("{} %", shares.join(" → ")))
        }
        Change::First { .. } | Change::InPlace { .. } | Change::Restore { .. } => {
            Some("100 %".to_owned())
        }
        Change::Adjust { .. } | Change::Remove => None,
    }
}

fn goes(service: &ServiceName, part: &RolloutPlan) -> String {
    match &part.stable {
        Some(slot) => format!("{service} {}", slot.release.version),
        None => service.to_string(),
    }
}

/// "auth 1.4.2 → 1.4.1 (25 % of requests now)".
fn back(service: &ServiceName, part: &RolloutView) -> String {
    let to = part.from.as_ref().map_or("nothing", |from| from.0.as_str());
    let now = if part.weight > Percent::ZERO {
        format!(" ({} of requests now)", part.weight)
    } else {
        String::new()
    };
    format!("{service} {} → {to}{now}", part.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_question_names_services_versions_and_shares() {
        let mut plan = sample::plan_view().plan;
        insta::assert_snapshot!(of_plan(&plan), @"Deploy shop to production: api 1.4.1 → 1.4.2 (100 % of requests), auth 1.4.1 → 1.4.2 (25 → 100 % of requests)?");
        plan.kind = PlanKind::Rollback;
        for part in plan.rollouts.values_mut() {
            part.change = Change::Restore { warm: true };
        }
        insta::assert_snapshot!(of_plan(&plan), @"Roll back shop in production, at once: api 1.4.1 → 1.4.2 (100 % of requests), auth 1.4.1 → 1.4.2 (100 % of requests)?");
        plan.kind = PlanKind::Remove;
        plan.rollouts.remove(&sample::service("api"));
        insta::assert_snapshot!(of_plan(&plan), @"Remove auth 1.4.1 from shop in production? Nothing answers on 127.0.0.1:8082 after it.");
    }

    #[test]
    fn an_abort_is_asked_for_with_what_goes_back() {
        let mut view = sample::deployment("dep_01k0a");
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").weight = Percent::new(25).expect("a share");
        insta::assert_snapshot!(of_abort(&view, Some("auth")), @"auth can't go back alone while dep_01k0a runs. Abort all of it in shop in production: api 1.4.2 → 1.4.1, auth 1.4.2 → 1.4.1 (25 % of requests now)?");
        insta::assert_snapshot!(of_abort(&view, None), @"Abort dep_01k0a, which runs in shop in production: api 1.4.2 → 1.4.1, auth 1.4.2 → 1.4.1 (25 % of requests now)?");
    }

    #[test]
    fn of_many_services_the_rest_is_counted() {
        let many = (1..=8).map(|number| format!("s{number}"));
        assert_eq!(named(many), "s1, s2, s3, s4, s5, s6, and 2 more");
    }
}
