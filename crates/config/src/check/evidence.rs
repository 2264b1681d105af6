//! Evidence that a step can have.

use windlass_model::{Millis, Percent, ServiceName};

use crate::assemble::{BAKE, gate};
use crate::decode::{ServiceDraft, StepDraft, StrategyDraft};
use crate::environment::View;
use crate::field::{At, Found};
use crate::problem::{NO_EVIDENCE, TOO_SHORT};
use crate::reader::Reader;
use crate::tree::Span;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for (service, draft) in &view.services {
        if let Some(at) = draft.analysis.at()
            && gate(&at.value).is_some()
        {
            compares((service, draft), at.span, reader);
            if let Some(longest) = at.value.longest.at() {
                lasts(draft, longest, reader);
            }
        }
    }
}

/// Both releases must serve at the same time.
fn compares((service, draft): (&ServiceName, &ServiceDraft), span: Span, reader: &mut Reader<'_>) {
    let name = match draft.strategy.good() {
        Some(_) | None if draft.listen.is_absent() => "a service without `listen`",
        None | Some(StrategyDraft::BlueGreen) => "blue-green",
        Some(StrategyDraft::Recreate) => "recreate",
        Some(StrategyDraft::Rolling) if instances(draft) < 2 => "rolling with one instance",
        Some(StrategyDraft::Canary(steps)) if below(steps).next().is_none() => {
            "a canary of one step"
        }
        Some(StrategyDraft::Rolling | StrategyDraft::Canary(_)) => return,
    };
    let message =
        format!("there is nothing to compare `{service}` with: {name} has no step below 100 %");
    let hint = "add `strategy: { canary: [{ to: 10% }, { to: 100% }] }`, or write \
                `analysis: { require: nothing }` for this service";
    reader.refuse_for(NO_EVIDENCE, span, message, hint);
}

fn instances(draft: &ServiceDraft) -> u16 {
    let target = draft.target.good();
    let process = target.and_then(|target| target.process.good());
    let instances = process.and_then(|process| process.instances.good());
    instances.copied().unwrap_or(1)
}

/// The steps below 100 %.
fn below(steps: &Found<Vec<At<StepDraft>>>) -> impl Iterator<Item = &StepDraft> {
    let all = steps.good().into_iter().flatten().map(|step| &step.value);
    all.filter(|step| step.to.good().is_none_or(|to| *to < Percent::FULL))
}

/// No bake may be longer than the longest time.
fn lasts(draft: &ServiceDraft, longest: &At<Millis>, reader: &mut Reader<'_>) {
    let usual = draft.bake.good().copied().unwrap_or(BAKE);
    let bakes: Vec<Millis> = match draft.strategy.good() {
        Some(StrategyDraft::Canary(steps)) => below(steps)
            .map(|step| step.bake.good().copied().unwrap_or(usual))
            .collect(),
        Some(StrategyDraft::Rolling | StrategyDraft::BlueGreen | StrategyDraft::Recreate)
        | None => {
            vec![usual]
        }
    };
    if let Some(bake) = bakes.into_iter().find(|bake| *bake > longest.value) {
        let message = format!("a step is watched for {bake} before that is over");
        let hint = format!("`longest` counts the bake: write {bake} or more");
        reader.refuse_for(TOO_SHORT, longest.span, message, hint);
    }
}
