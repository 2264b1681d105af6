//! Strategies that a service can carry out.

use windlass_model::{Overlap, Percent};

use crate::decode::{ServiceDraft, StepDraft, StrategyDraft};
use crate::environment::View;
use crate::field::At;
use crate::problem::{NO_SPLIT, NOT_ALL, NOT_RISING, OVERLAP_AND_RECREATE, OVERLAP_WITH_LISTEN};
use crate::reader::Reader;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for draft in view.services.values() {
        split(draft, reader);
        policy(draft, reader);
        if let Some(StrategyDraft::Canary(steps)) = draft.strategy.good()
            && let Some(steps) = steps.at()
        {
            shares(steps, reader);
        }
    }
}

fn split(draft: &ServiceDraft, reader: &mut Reader<'_>) {
    let strategy = draft.strategy.at();
    if !draft.listen.is_absent() {
        if let Some(overlap) = draft.overlap.at() {
            let message = "`overlap` has no meaning for a service with `listen`";
            let hint = "old and new run side by side there anyway; `strategy: recreate` stops the old first";
            reader.refuse_for(OVERLAP_WITH_LISTEN, overlap.span, message, hint);
        }
        return;
    }
    let Some(strategy) = strategy else {
        return;
    };
    let name = match &strategy.value {
        StrategyDraft::Canary(_) => "canary",
        StrategyDraft::Rolling => "rolling",
        StrategyDraft::BlueGreen => return,
        StrategyDraft::Recreate => {
            if let Some(At {
                value: Overlap::Yes,
                span,
            }) = draft.overlap.at()
            {
                let message = "`overlap: yes` runs old and new, `recreate` stops the old first";
                reader.refuse_for(OVERLAP_AND_RECREATE, *span, message, "keep one of the two");
            }
            return;
        }
    };
    let message =
        format!("a service without `listen` has no traffic to split: {name} is not possible");
    let hint = "add `listen`, or remove the strategy and choose `overlap: yes` or `overlap: no`";
    reader.refuse_for(NO_SPLIT, strategy.span, message, hint);
}

/// Nobody's requests come in without `listen`.
fn policy(draft: &ServiceDraft, reader: &mut Reader<'_>) {
    if !draft.listen.is_absent() {
        return;
    }
    let sticky = draft.sticky.at().map(|at| ("sticky", at.span));
    let traffic = draft.traffic.at().map(|at| ("traffic", at.span));
    for (key, span) in sticky.into_iter().chain(traffic) {
        let message = format!("`{key}` has no meaning for a service without `listen`");
        let hint = format!("add `listen`, or remove `{key}`");
        reader.refuse_for(NO_SPLIT, span, message, hint);
    }
}

fn shares(steps: &At<Vec<At<StepDraft>>>, reader: &mut Reader<'_>) {
    let mut before = Percent::ZERO;
    for step in &steps.value {
        let Some(to) = step.value.to.at() else {
            continue;
        };
        if to.value <= before {
            let message = format!("{} does not rise above {before}", to.value);
            let hint = "each step gives the candidate more than the one before";
            reader.refuse_for(NOT_RISING, to.span, message, hint);
        }
        before = to.value;
    }
    let last = steps.value.last().and_then(|step| step.value.to.at());
    if let Some(last) = last.filter(|last| last.value != Percent::FULL) {
        let message = format!("the last step is {}, not 100 %", last.value);
        reader.refuse_for(
            NOT_ALL,
            last.span,
            message,
            "add a last step: - { to: 100% }",
        );
    }
}
