//! Rules that can do nothing before their service is promoted: after that nobody watches.

use std::collections::BTreeMap;

use windlass_analysis::watch::needed;
use windlass_model::{Millis, Percent, Rule, ServiceName, ServiceSpec, Step, Strategy};

use crate::context::Context;

/// The code of these warnings.
pub(crate) const IN_VAIN: &str = "WL0452";

/// Shares that instances which are replaced one by one come to, at most.
const SHARES_MAX: u16 = 100;

/// What is deployed together.
type Services<'s> = BTreeMap<&'s ServiceName, &'s ServiceSpec>;

/// Warns of each rule that needs more time than there is, and returns what was said. `parallel`: so many
/// services are rolled out at once.
pub(crate) fn warn<'s>(
    context: &Context,
    services: impl Iterator<Item = (&'s ServiceName, &'s ServiceSpec)>,
    parallel: u16,
) -> Vec<String> {
    let told = told(&services.collect(), parallel);
    for warning in &told {
        context.ui.say(&format!("warning: {warning} [{IN_VAIN}]"));
    }
    told
}

fn told(services: &Services<'_>, parallel: u16) -> Vec<String> {
    let mut told = Vec::new();
    for (name, service) in services {
        let bakes = total(steps(service).iter().map(|step| step.bake));
        // Who does not bake does not watch, and knows it; and nobody relies on what nobody wrote.
        let is_meant = bakes > Millis::ZERO && service.rollback_on != Rule::defaults();
        let watched = watched(services, parallel, name).filter(|_| is_meant);
        let Some(watched) = watched else {
            continue;
        };
        for rule in &service.rollback_on {
            let needed = needed(rule);
            if needed > watched {
                told.push(format!(
                    "`{rule}` of {name} can do nothing before {name} is promoted: its bakes come to \
                     {bakes} together, and the rule needs {needed}; raise `bake`, or shorten the rule"
                ));
            }
        }
    }
    told
}

/// The longest time for which a service may be watched: from its start until the last one has passed. None
/// where a step may wait for a score for as long as it likes.
fn watched(services: &Services<'_>, parallel: u16, name: &ServiceName) -> Option<Millis> {
    let mut longest = BTreeMap::new();
    for (service, spec) in services {
        longest.insert(*service, longest_of(spec)?);
    }
    if services.len() > usize::from(parallel) {
        return Some(total(longest.into_values()));
    }
    let mut passed = BTreeMap::new();
    for service in services.keys() {
        pass(services, &longest, service, &mut passed);
    }
    let end = passed.values().max()?;
    let begin = passed.get(name)?.less(*longest.get(name)?);
    Some(end.less(begin))
}

/// Notes when a service has passed, after all that it needs. Needs are never a circle in a valid file.
fn pass<'s>(
    services: &Services<'s>,
    longest: &BTreeMap<&'s ServiceName, Millis>,
    name: &ServiceName,
    passed: &mut BTreeMap<&'s ServiceName, Millis>,
) -> Millis {
    if let Some(known) = passed.get(name) {
        return *known;
    }
    let Some((name, spec)) = services.get_key_value(name) else {
        // It is not deployed now.
        return Millis::ZERO;
    };
    let needs = spec.needs.iter();
    let begin = needs.map(|need| pass(services, longest, need, passed));
    let begin = begin.max().unwrap_or(Millis::ZERO);
    let end = begin.plus(longest.get(name).copied().unwrap_or(Millis::ZERO));
    passed.insert(name, end);
    end
}

/// How long its steps may take: where one needs evidence, as long as it is waited for.
fn longest_of(service: &ServiceSpec) -> Option<Millis> {
    let longest = service.analysis.map(|gate| gate.longest);
    let steps = steps(service);
    if steps.iter().any(|step| step.score.is_some()) {
        return None;
    }
    let times = steps.iter().map(|step| {
        let waits = longest.filter(|_| step.to < Percent::FULL);
        step.bake.max(waits.unwrap_or(Millis::ZERO))
    });
    Some(total(times))
}

/// The steps of a new release beside an old one.
fn steps(service: &ServiceSpec) -> Vec<Step> {
    let at = |to: Percent| Step {
        to,
        bake: service.bake,
        score: None,
    };
    match (&service.strategy, &service.listen) {
        (Strategy::Canary(steps), Some(_)) => steps.clone(),
        (Strategy::Rolling, Some(_)) => {
            let shares = service.process.instances.clamp(1, SHARES_MAX);
            let before = (1..shares).map(|_| at(Percent::ZERO));
            before.chain([at(Percent::FULL)]).collect()
        }
        (Strategy::BlueGreen | Strategy::Recreate, _)
        | (Strategy::Canary(_) | Strategy::Rolling, None) => vec![at(Percent::FULL)],
    }
}

fn total(times: impl Iterator<Item = Millis>) -> Millis {
    times.fold(Millis::ZERO, Millis::plus)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a file with these services.
    fn said(services: &str) -> String {
        let text = format!("app: shop\nservices:\n{services}");
        let loaded = windlass_config::load(&windlass_config::Request {
            text: &text,
            name: "windlass.yaml",
            environment: None,
            set: &[],
        });
        let spec = loaded.expect("a valid file").spec;
        told(&spec.services.iter().collect(), spec.parallel).join("\n")
    }

    fn web(more: &str) -> String {
        format!("  web: {{ run: ./web, listen: \"127.0.0.1:8080\", {more} }}\n")
    }

    #[test]
    fn a_rule_that_needs_more_than_all_bakes_is_told_with_both_and_with_what_to_change() {
        let canary = "strategy: { canary: [{ to: 10%, bake: 20s }, { to: 100%, bake: 10s }] }";
        let rules = "rollback_on: [crash, p95 > 2x baseline for 10m, error rate > 1% over 5m]";
        insta::assert_snapshot!(said(&web(&format!("{canary}, {rules}"))), @"`p95 > 2x baseline for 10m` of web can do nothing before web is promoted: its bakes come to 30s together, and the rule needs 2m; raise `bake`, or shorten the rule");
    }

    #[test]
    fn what_only_tells_is_waited_for_by_nobody_and_needs_all_of_its_time() {
        let rule = |then: &str| {
            let rule = format!("{{ when: p95 > 1s for 1m, then: {then} }}");
            said(&web(&format!("bake: 30s, rollback_on: [{rule}]")))
        };
        assert_eq!(rule("rollback"), "", "its step is watched on");
        assert_eq!(rule("hold"), "");
        insta::assert_snapshot!(rule("notify"), @"`p95 > 1s for 1m, then notify` of web can do nothing before web is promoted: its bakes come to 30s together, and the rule needs 1m; raise `bake`, or shorten the rule");
    }

    #[test]
    fn half_an_hour_beyond_the_bakes_is_all_that_a_step_is_watched_on() {
        let file = |lasting: &str| {
            let rules = format!("rollback_on: [memory > 90% for {lasting}]");
            web(&format!("bake: 30s, limits: {{ memory: 1G }}, {rules}"))
        };
        assert_eq!(said(&file("30m")), "");
        insta::assert_snapshot!(said(&file("40m")), @"`memory > 90% for 40m` of web can do nothing before web is promoted: its bakes come to 30s together, and the rule needs 10m; raise `bake`, or shorten the rule");
    }

    #[test]
    fn a_step_that_may_last_longer_than_its_bake_is_reason_to_say_nothing() {
        let canary = |more: &str| {
            format!(
                "strategy: {{ canary: [{{ to: 10%, bake: 20s{more} }}, {{ to: 100%, bake: 10s }}] }}"
            )
        };
        let rules = "rollback_on: [p95 > 2x baseline for 10m]";
        assert_ne!(said(&web(&format!("{}, {rules}", canary("")))), "");
        let needs = "analysis: { require: pass }";
        assert_eq!(said(&web(&format!("{}, {rules}, {needs}", canary("")))), "");
        // Nobody watches on purpose, or nobody wrote the rules.
        assert_eq!(said(&web(&format!("bake: 0s, {rules}"))), "");
        assert_eq!(said(&web("bake: 1s")), "");
    }

    #[test]
    fn whoever_waits_for_others_is_watched_meanwhile() {
        let rules = "rollback_on: [p95 > 2x baseline for 10m]";
        let web = web(&format!("bake: 30s, {rules}"));
        let other = |bake: &str, more: &str| {
            format!("  api: {{ run: ./api, listen: \"127.0.0.1:8081\", bake: {bake}{more} }}\n")
        };
        let beside = |bake: &str, more: &str| said(&[web.clone(), other(bake, more)].concat());
        assert_ne!(said(&web), "");
        assert_ne!(beside("1m", ""), "");
        assert_eq!(beside("2m", ""), "");
        // After it, and so both bakes are one time.
        assert_eq!(beside("90s", ", needs: [web]"), "");
    }
}
