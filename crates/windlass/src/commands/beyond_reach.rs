//! A gate that no first deployment can pass: it asks about services that it keeps from running.

use windlass_analysis::score::beyond_reach;
use windlass_model::{Before, Plan, ScoreSpec, ServiceName, Spec};

use crate::context::Context;
use crate::ui::scored::has_no_data;

/// The code of these warnings.
pub(crate) const BEYOND_REACH: &str = "WL0458";

/// Warns of a gate of the file that can't be passed before its services run, and returns what was said. A
/// controller that runs is asked which do; without one none does.
pub(crate) async fn warn_of_file(context: &Context, spec: &Spec) -> Vec<String> {
    let running = running(context, spec).await;
    warn(
        context,
        told(&spec.before, &spec.score, |service| {
            running.contains(service)
        }),
    )
}

/// The same of a plan, which knows what runs.
pub(crate) fn warn_of_plan(context: &Context, plan: &Plan) {
    let runs = |service: &ServiceName| {
        let rollout = plan.rollouts.get(service);
        rollout.is_none_or(|rollout| rollout.stable.is_some())
    };
    warn(context, told(&plan.before, &plan.score, runs));
}

fn warn(context: &Context, told: Vec<String>) -> Vec<String> {
    for warning in &told {
        let line = format!("warning: {warning} [{BEYOND_REACH}]");
        context.ui.say(&line);
    }
    told
}

async fn running(context: &Context, spec: &Spec) -> Vec<ServiceName> {
    let Some(client) = super::forecast::running(context).await else {
        return Vec::new();
    };
    let all = client.status().await.unwrap_or_default();
    let here = all
        .into_iter()
        .find(|view| (&view.app, &view.environment) == (&spec.app, &spec.environment));
    let services = here.into_iter().flat_map(|view| view.services);
    let stable = services.filter(|(_, service)| service.stable.is_some());
    stable.map(|(name, _)| name).collect()
}

fn told(before: &[Before], score: &ScoreSpec, runs: impl Fn(&ServiceName) -> bool) -> Vec<String> {
    let gates = before.iter();
    gates
        .filter_map(|gate| {
            let Before::Score(at_least) = gate;
            let beyond = beyond_reach(score, *at_least, &runs)?;
            let way_out = if beyond.skip_is_enough {
                "write `no_data: skip` there, or resume that deployment"
            } else {
                "resume that deployment"
            };
            Some(format!(
                "`{gate}` can't be passed by the first deployment: {}; {way_out}",
                has_no_data(&beyond)
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a file with this score, where only `db` runs.
    fn said(score: &str) -> String {
        let text = format!(
            "app: shop\nbefore: [score >= 85]\nservices:\n  web: {{ run: ./web, listen: \"127.0.0.1:8080\" }}\n  \
             db: {{ run: ./db, listen: \"127.0.0.1:8081\" }}\nscore:\n{score}"
        );
        let loaded = windlass_config::load(&windlass_config::Request {
            text: &text,
            name: "windlass.yaml",
            environment: None,
            set: &[],
        });
        let spec = loaded.expect("a valid file").spec;
        let runs = |service: &ServiceName| service.as_str() == "db";
        told(&spec.before, &spec.score, runs).join("\n")
    }

    fn health(checks: &str) -> String {
        format!("  health: {{ weight: 60, checks: {{ {checks} }} }}\n")
    }

    const TESTING: &str = "  testing: { weight: 40, checks: { unit: { junit: a.xml } } }\n";

    #[test]
    fn a_gate_that_asks_about_what_it_keeps_from_running_is_told_with_what_opens_it() {
        let file = health("up: { probe: web }") + TESTING;
        insta::assert_snapshot!(said(&file), @"`score >= 85` can't be passed by the first deployment: health/up has data only once web runs; write `no_data: skip` there, or resume that deployment");
        let zero = health("up: { probe: web, no_data: zero }") + TESTING;
        insta::assert_snapshot!(said(&zero), @"`score >= 85` can't be passed by the first deployment: health/up has data only once web runs; write `no_data: skip` there, or resume that deployment");
        let alone = health("up: { probe: web }");
        insta::assert_snapshot!(said(&alone), @"`score >= 85` can't be passed by the first deployment: health/up has data only once web runs; resume that deployment");
    }

    #[test]
    fn one_that_can_be_passed_is_not_told() {
        let skip = health("up: { probe: web, no_data: skip }") + TESTING;
        assert_eq!(said(&skip), "");
        assert_eq!(said(&(health("up: { probe: db }") + TESTING)), "");
        let light = "  health: { weight: 10, checks: { up: { probe: web, no_data: zero } } }\n\
                     \x20 testing: { weight: 90, checks: { unit: { junit: a.xml } } }\n";
        assert_eq!(said(light), "");
    }
}
