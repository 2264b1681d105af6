//! Metrics that triggers name, and what their queries ask for.

use windlass_model::{MetricQuery, Trigger};

use crate::decode::{ServiceDraft, TriggersDraft};
use crate::environment::View;
use crate::problem::{NOT_WATCHED, PLACE};
use crate::reader::Reader;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for draft in view.services.values() {
        places(draft, reader);
        named(draft, reader);
    }
}

/// A query is asked long after the file was read: it knows no variables.
fn places(draft: &ServiceDraft, reader: &mut Reader<'_>) {
    for (_, metric) in draft.metrics.good().into_iter().flatten() {
        let Some(query) = metric.value.query.at() else {
            continue;
        };
        let names = query.value.names();
        let unknown = names.iter().find(|name| !MetricQuery::NAMES.contains(name));
        if let Some(unknown) = unknown {
            let message = format!("a query has no place for `${{{unknown}}}`");
            let hint =
                "it knows ${VERSION}, ${SERVICE}, ${APP} and ${ENVIRONMENT}; a dollar sign is $$";
            reader.refuse_for(PLACE, query.span, message, hint);
        }
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
