//! Checks of the score that can be measured.

use windlass_model::{CategoryName, NoData, ServiceName};

use crate::decode::{CategoryDraft, CheckDraft, FileDraft};
use crate::field::{At, Found};
use crate::problem::{MAY_RISE, NOT_MEASURED};
use crate::reader::{Reader, listed};
use crate::tree::Span;

pub(crate) fn check(file: &FileDraft, reader: &mut Reader<'_>) {
    let services = file.services.good().into_iter().flatten();
    let services: Vec<&ServiceName> = services.map(|(name, _)| &name.value).collect();
    let categories = file.score.good().into_iter().flatten();
    for whole in categories {
        let (_, category) = whole;
        for (_, draft) in category.value.checks.good().into_iter().flatten() {
            service(&draft.value, &services, reader);
            together(&draft.value, reader);
            ends(draft, reader);
        }
        may_rise(whole, reader);
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

fn service(draft: &CheckDraft, services: &[&ServiceName], reader: &mut Reader<'_>) {
    let Some(At { span, value }) = draft.probe.at().filter(|at| !services.contains(&&at.value))
    else {
        return;
    };
    let names = || services.iter().map(|name| name.as_str());
    let message = format!("there is no service `{value}` to probe");
    let hint = match reader.nearest(value.as_str(), names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the file has {}", listed(names(), "and")),
    };
    reader.refuse_for(NOT_MEASURED, *span, message, hint);
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
    let is_figure = there(&draft.value) && (there(&draft.json) || there(&draft.command));
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
    let end = |found: &Found<_>, usual: f64| {
        found.good().copied().or(found
            .is_absent()
            .then(|| windlass_model::Measure::nearest(usual)))
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
