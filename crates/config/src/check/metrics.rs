//! Metrics that triggers name.

use windlass_model::Trigger;

use crate::decode::{ServiceDraft, TriggersDraft};
use crate::environment::View;
use crate::problem::NOT_WATCHED;
use crate::reader::Reader;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for draft in view.services.values() {
        named(draft, reader);
    }
}

/// A metric that nobody asks for is not watched, and that is said.
fn named(draft: &ServiceDraft, reader: &mut Reader<'_>) {
    let known: Vec<&str> = draft
        .metrics
        .good()
        .into_iter()
        .flatten()
        .map(|(name, _)| &*name.value)
        .collect();
    for rule in draft
        .rollback_on
        .good()
        .into_iter()
        .flat_map(TriggersDraft::written)
    {
        for trigger in &rule.value.all {
            let Trigger::Metric { name, .. } = trigger else {
                continue;
            };
            if known.contains(&&**name) {
                continue;
            }
            let message = format!("`{trigger}` is not watched: `metrics` has no `{name}`");
            let hint = match reader.nearest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!(
                    "say how it is asked for: `metrics: {{ {name}: {{ prometheus: …, query: … }} }}`"
                ),
            };
            reader.warn(NOT_WATCHED, rule.span, message, &hint);
        }
    }
}
