//! Checks of the score that can be measured.

use windlass_model::{Before, CategoryName, Measure, NoData, ServiceName, Trigger};

use crate::decode::{
    CategoryDraft, CheckDraft, End, FileDraft, ServiceDraft, StepDraft, StrategyDraft,
    TriggersDraft,
};
use crate::environment::View;
use crate::field::{At, Found};
use crate::problem::{BELOW_ALONE, MAY_RISE, NO_SCORE, NOT_MEASURED, NOT_WATCHED, SCORE_TWICE};
use crate::reader::{Reader, listed};
use crate::tree::Span;

pub(crate) fn check(file: &FileDraft, views: &[View], reader: &mut Reader<'_>) {
    before(file, reader);
    if file.score.is_absent() {
        for view in views {
            view.services
                .values()
                .for_each(|draft| unscored(draft, reader));
        }
    }
    for view in views {
        view.services
            .values()
            .for_each(|draft| steps(draft, reader));
    }
    let services = file.services.good().into_iter().flatten();
    let services: Vec<&ServiceName> = services.map(|(name, _)| &name.value).collect();
    let categories = file.score.good().into_iter().flatten();
    for whole in categories {
        let (_, category) = whole;
        for (_, draft) in category.value.checks.good().into_iter().flatten() {
            service(&draft.value.probe, (&services, "to probe"), reader);
            service(&draft.value.of, (&services, "with a metric"), reader);
            metric(draft, views, reader);
            together(&draft.value, reader);
            ends(draft, reader);
        }
        may_rise(whole, reader);
    }
}

/// What makes a score, in a few words.
const HINT: &str = "say what it is made of under `score`, or remove this";

/// A gate that asks for a score needs one; each list asks once.
fn before(file: &FileDraft, reader: &mut Reader<'_>) {
    let environments = file.environments.good().into_iter().flatten();
    let of_environments = environments.map(|(_, draft)| &draft.value.before);
    for list in of_environments.chain([&file.before]) {
        let entries = list.good().map(Vec::as_slice).unwrap_or_default();
        for (place, entry) in entries.iter().enumerate() {
            let Before::Score(_) = entry.value;
            if file.score.is_absent() {
                let message = format!("`{}` asks for a score, and nothing makes one", entry.value);
                reader.refuse_for(NO_SCORE, entry.span, message, HINT);
            } else if place > 0 {
                let message = "a score is asked for before it";
                reader.refuse_for(SCORE_TWICE, entry.span, message, "keep one of the two");
            }
        }
    }
}

fn canary(draft: &ServiceDraft) -> impl Iterator<Item = &StepDraft> {
    let steps = match draft.strategy.good() {
        Some(StrategyDraft::Canary(steps)) => steps.good(),
        Some(StrategyDraft::BlueGreen | StrategyDraft::Recreate | StrategyDraft::Rolling)
        | None => None,
    };
    steps.into_iter().flatten().map(|step| &step.value)
}

/// Without a score no step can need one, and no trigger watches it.
fn unscored(draft: &ServiceDraft, reader: &mut Reader<'_>) {
    for step in canary(draft) {
        if let Some(at) = step.score.at() {
            let message = "the step needs a score, and nothing makes one";
            reader.refuse_for(NO_SCORE, at.span, message, HINT);
        }
    }
    let rules = draft.rollback_on.good().into_iter();
    for rule in rules.flat_map(TriggersDraft::written) {
        for trigger in &rule.value.all {
            if let Trigger::ScoreDrops { .. } = trigger {
                let message = format!("`{trigger}` is not watched: the file has no `score`");
                let hint = "say what it is made of under `score`: windlass docs score";
                reader.warn(NOT_WATCHED, rule.span, message, hint);
            }
        }
    }
}

/// What follows of a score that nobody asks for.
fn steps(draft: &ServiceDraft, reader: &mut Reader<'_>) {
    for step in canary(draft).filter(|step| step.score.is_absent()) {
        if let Some(at) = step.below.at() {
            let message = "`below` has a meaning beside `score` only";
            reader.refuse_for(
                BELOW_ALONE,
                at.span,
                message,
                "remove the key, or add `score: 90`",
            );
        }
    }
}

/// A category whose every check may be skipped gives its weight to the others.
fn may_rise((name, category): &(At<CategoryName>, At<CategoryDraft>), reader: &mut Reader<'_>) {
    let checks = category.value.checks.good().map_or(&[][..], Vec::as_slice);
    let skips = |draft: &CheckDraft| draft.no_data.good() == Some(&NoData::Skip);
    let last = checks.last().and_then(|(_, at)| at.value.no_data.at());
    let Some(last) = last.filter(|_| checks.iter().all(|(_, at)| skips(&at.value))) else {
        return;
    };
    let name = &name.value;
    let message = format!(
        "without data nothing of `{name}` counts: its weight goes to the other categories, and the score may rise"
    );
    let hint = "leave `no_data` out, so that the score is held, or write `no_data: zero`";
    reader.warn(MAY_RISE, last.span, message, hint);
}

fn service(
    found: &Found<ServiceName>,
    (services, what): (&[&ServiceName], &str),
    reader: &mut Reader<'_>,
) {
    let Some(At { span, value }) = found.at().filter(|at| !services.contains(&&at.value)) else {
        return;
    };
    let names = || services.iter().map(|name| name.as_str());
    let message = format!("there is no service `{value}` {what}");
    let hint = match reader.nearest(value.as_str(), names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the file has {}", listed(names(), "and")),
    };
    reader.refuse_for(NOT_MEASURED, *span, message, hint);
}

/// A metric is one that its service has, in every environment.
fn metric(at: &At<CheckDraft>, views: &[View], reader: &mut Reader<'_>) {
    let Some(At { span, value }) = at.value.metric.at() else {
        return;
    };
    if at.value.of.is_absent() {
        let message = format!("nothing says which service has the metric `{value}`");
        return reader.refuse_for(NOT_MEASURED, *span, message, "add `of` with its name");
    }
    let services = views.iter().filter_map(|view| {
        let service = at.value.of.good()?;
        Some((service, view.services.get(service)?))
    });
    for (service, draft) in services {
        let named = draft.metrics.good().into_iter().flatten();
        let known: Vec<&str> = named.map(|(name, _)| &*name.value).collect();
        if known.contains(&value.as_str()) || draft.metrics.is_broken() {
            continue;
        }
        let message = format!("`{service}` has no metric `{value}`");
        let hint = match reader.nearest(value, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "say under its `metrics` how it is asked for".to_owned(),
        };
        return reader.refuse_for(NOT_MEASURED, *span, message, &hint);
    }
}

/// Keys that mean something beside some sources only.
fn together(draft: &CheckDraft, reader: &mut Reader<'_>) {
    let none = |sources: &[bool]| !sources.contains(&true);
    let figure = [there(&draft.json), there(&draft.command)];
    let files = [
        there(&draft.junit),
        there(&draft.playwright),
        there(&draft.lcov),
        there(&draft.cobertura),
        there(&draft.json),
    ];
    let alone = [
        (
            place(&draft.path),
            none(&[there(&draft.probe)]),
            "`path` has a meaning beside `probe` only",
        ),
        (
            place(&draft.of),
            none(&[there(&draft.metric)]),
            "`of` has a meaning beside `metric` only",
        ),
        (
            place(&draft.value),
            none(&figure),
            "`value` has a meaning beside `json` or `command` only",
        ),
        (
            place(&draft.max_age),
            none(&files),
            "`max_age` has a meaning for files only",
        ),
    ];
    for (span, alone, message) in alone {
        if let Some(span) = span.filter(|_| alone) {
            reader.refuse_for(NOT_MEASURED, span, message, "remove the key");
        }
    }
}

/// A scale has two ends; those of a figure no one can guess.
fn ends(at: &At<CheckDraft>, reader: &mut Reader<'_>) {
    let draft = &at.value;
    let (good, bad) = (&draft.good, &draft.bad);
    if there(&draft.json) && draft.value.is_absent() {
        let hint = "add `value` with a JSON pointer, such as /score";
        let message = "nothing says which figure of the file it is";
        return reader.refuse_for(NOT_MEASURED, at.span, message, hint);
    }
    let figure = there(&draft.value) && (there(&draft.json) || there(&draft.command));
    let is_figure = figure || there(&draft.metric);
    if is_figure && (good.is_absent() || bad.is_absent()) {
        let hint = "add both: `good` is worth 100 and `bad` nothing, and either may be the larger";
        let message = "a figure needs `good` and `bad`";
        return reader.refuse_for(NOT_MEASURED, at.span, message, hint);
    }
    let whether = there(&draft.command) && draft.value.is_absent();
    if let Some(span) = place(good).or(place(bad)).filter(|_| whether) {
        let hint = "name the figure with `value`, or remove the ends";
        let message = "a command without `value` is worth 100 or nothing";
        return reader.refuse_for(NOT_MEASURED, span, message, hint);
    }
    let number = if there(&draft.metric) {
        End::of_metric
    } else {
        End::number
    };
    let end = |found: &Found<End>, usual: f64| {
        let usual = found.is_absent().then(|| Measure::nearest(usual));
        found.good().map(|end| number(*end)).or(usual)
    };
    let (worst, best) = (end(bad, 0.0), end(good, 100.0));
    if let Some(span) = place(good).or(place(bad))
        && worst.is_some()
        && worst == best
    {
        let message = "`good` and `bad` are the same: no value lies between them";
        reader.refuse_for(NOT_MEASURED, span, message, "set them apart");
    }
}

fn there<V>(found: &Found<V>) -> bool {
    !found.is_absent()
}

fn place<V>(found: &Found<V>) -> Option<Span> {
    found.at().map(|at| at.span)
}
