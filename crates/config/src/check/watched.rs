//! Triggers that something measures.

use windlass_model::{ServiceSpec, Trigger};

use crate::assemble::{detailed, probe};
use crate::decode::{ServiceDraft, TriggersDraft};
use crate::environment::View;
use crate::problem::{NO_LIMIT, NOT_WATCHED};
use crate::reader::Reader;
use crate::tree::Span;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for draft in view.services.values() {
        let rules = draft.rollback_on.good().into_iter();
        for rule in rules.flat_map(TriggersDraft::written) {
            for trigger in &rule.value.all {
                one(draft, trigger, rule.span, reader);
            }
        }
    }
}

fn one(draft: &ServiceDraft, trigger: &Trigger, span: Span, reader: &mut Reader<'_>) {
    match trigger {
        Trigger::Metric { name, .. } => metric(draft, (trigger, name), span, reader),
        Trigger::ProbeFailing { probe, .. } => asked(draft, (trigger, probe), span, reader),
        Trigger::Memory { .. } => limited(draft, trigger, span, reader),
        Trigger::Crash
        | Trigger::ReadinessLost
        | Trigger::ErrorRate { .. }
        | Trigger::ErrorRateOver { .. }
        | Trigger::ErrorRateAgainst { .. }
        | Trigger::ErrorRateWorse
        | Trigger::Slow { .. }
        | Trigger::SlowAgainst { .. }
        | Trigger::Unavailable { .. }
        | Trigger::ScoreDrops { .. } => {}
    }
}

/// A metric that nobody asks for is not watched, and that is said.
fn metric(
    draft: &ServiceDraft,
    (trigger, name): (&Trigger, &str),
    span: Span,
    reader: &mut Reader<'_>,
) {
    let known: Vec<&str> = draft
        .metrics
        .good()
        .into_iter()
        .flatten()
        .map(|(name, _)| &*name.value)
        .collect();
    if known.contains(&name) {
        return;
    }
    let message = format!("`{trigger}` is not watched: `metrics` has no `{name}`");
    let hint = match reader.nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "say how it is asked for: `metrics: {{ {name}: {{ prometheus: …, query: … }} }}`"
        ),
    };
    reader.warn(NOT_WATCHED, span, message, &hint);
}

/// The same of a probe whose question is not in the file.
fn asked(
    draft: &ServiceDraft,
    (trigger, name): (&Trigger, &str),
    span: Span,
    reader: &mut Reader<'_>,
) {
    let ready = name == ServiceSpec::READY && probe(draft).asks_the_instance();
    if ready || detailed(draft).is_some() || draft.probes.is_broken() {
        return;
    }
    let message = format!("`{trigger}` is not watched: nothing asks how `{name}` is");
    let hint =
        "say where the service tells that: `probes: { detailed: { http: /health/detailed } }`";
    reader.warn(NOT_WATCHED, span, message, hint);
}

/// A share of nothing is refused.
fn limited(draft: &ServiceDraft, trigger: &Trigger, span: Span, reader: &mut Reader<'_>) {
    let Some(target) = draft.target.good() else {
        return;
    };
    let process = target.process.good();
    if process.is_some_and(|process| !process.limits.is_absent()) || target.process.is_broken() {
        return;
    }
    let message = format!("`{trigger}` is a share of `limits.memory`");
    let hint = if target.command.is_absent() {
        "say how much one instance may use: `limits: { memory: 512M }`"
    } else {
        "a command has no limits: remove the trigger"
    };
    reader.refuse_for(NO_LIMIT, span, message, hint);
}
