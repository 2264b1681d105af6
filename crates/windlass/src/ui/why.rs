//! Why a deployment went as it did: its records, in words first.

use windlass_analysis::ratio::comparison::count;
use windlass_api::{DeploymentView, EvidenceView, RolloutView};
use windlass_model::{Judgement, Tally, Verdict};

use super::scored;
use super::words::{awaited, change, harmless, listed, not_renamed, phase, reason, result, stuck};

/// What was decided about each service, and what that rests on.
pub(crate) fn why_text(view: &DeploymentView) -> String {
    let mut lines = vec![format!(
        "{}  {} in {}: {}",
        view.id,
        view.app,
        view.environment,
        result(view)
    )];
    if let Some(saw) = &view.not_renamed {
        lines.push(format!("stuck: {}", not_renamed(saw)));
    }
    lines.extend(scored::why(view));
    for (service, part) in &view.rollouts {
        let versions = change(part.from.as_ref(), &part.to);
        lines.push(String::new());
        lines.push(format!("{service}  {versions}, {}", phase(part.phase)));
        lines.extend(of_a_service(part).iter().map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn of_a_service(part: &RolloutView) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = &part.returned_because {
        lines.push(format!("went back: {}", reason(why)));
    }
    if let Some(why) = &part.stuck_because {
        lines.push(format!("stuck: {}", stuck(why)));
    }
    if let Some(EvidenceView {
        verdict,
        more_requests,
    }) = &part.evidence
    {
        lines.push(format!("waits {}", awaited(*verdict, *more_requests)));
    }
    if let Some(score) = &part.score {
        let measured = score.measured.as_ref().map(scored::brief);
        let measured = measured.unwrap_or_else(|| "being measured".to_owned());
        let need = score.need;
        lines.push(format!(
            "score     {measured}; this step needs {}, below: {}",
            need.at_least, need.below
        ));
    }
    match &part.judgement {
        Some(judgement) => record(judgement, &mut lines),
        None => lines.push("no answer of the new version was judged".to_owned()),
    }
    lines
}

fn record(judgement: &Judgement, lines: &mut Vec<String>) {
    let verdict = judgement.verdict;
    lines.push(format!("errors {}", harmless(&judgement.words)));
    lines.push(format!("verdict   {verdict}, at {}", judgement.share));
    if !matches!(verdict, Verdict::NoData | Verdict::Error) {
        lines.push(format!(
            "compared  {} of the new version, {} of the old one beside it",
            tally(judgement.candidate),
            tally(judgement.stable)
        ));
        lines.push(format!(
            "interval  {:.2} to {:.2} times as often; both hold at every look with a chance of 95 %",
            f64::from(judgement.at_least),
            f64::from(judgement.at_most)
        ));
        lines.push(format!(
            "evidence  log e {:.1}; harm is shown from {:.1} on",
            f64::from(judgement.evidence),
            f64::from(judgement.needed)
        ));
    }
    let change = match (verdict, judgement.more_requests) {
        (Verdict::Fail, _) => "with nothing: what was shown once stays shown".to_owned(),
        (Verdict::Error, _) => {
            "with nothing: a split that was not kept voids what follows".to_owned()
        }
        (Verdict::Pass, _) => "with errors from now on".to_owned(),
        (Verdict::Inconclusive, Some(more)) => {
            format!("with about {} more requests", count(more))
        }
        (Verdict::Inconclusive | Verdict::NoData, _) => {
            "with requests to both versions at the same time".to_owned()
        }
    };
    lines.push(format!("changes   {change}"));
    if !judgement.not_watched.is_empty() {
        lines.push(format!(
            "not watched, for there was too little to judge: {}",
            listed(&judgement.not_watched)
        ));
    }
}

fn tally(tally: Tally) -> String {
    format!(
        "{} errors in {} requests",
        count(tally.errors),
        count(tally.requests)
    )
}

#[cfg(test)]
mod tests {
    use windlass_model::{ReturnReason, Rule, Trigger};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_record_is_told_in_words_first() {
        let mut view = sample::deployment("dep_01k0a");
        let parts: Vec<&mut RolloutView> = view.rollouts.values_mut().collect();
        let [api, auth] = parts.try_into().expect("two services");
        auth.judgement = Some(sample::judgement());
        auth.evidence = Some(EvidenceView {
            verdict: Verdict::Inconclusive,
            more_requests: Some(1_200),
        });
        let rule = Rule::from(Trigger::ErrorRateWorse);
        let saw = "errors 2.00 % against 0.11 % before: worse, 4.0 to 90.1 times as often; 4,000 requests";
        api.returned_because = Some(ReturnReason::Triggered {
            trigger: rule,
            saw: saw.to_owned(),
        });
        insta::assert_snapshot!(why_text(&view), @r"
        dep_01k0a  shop in production: running

        api  1.4.1 → 1.4.2, waiting
          went back: error rate worse than baseline: errors 2.00 % against 0.11 % before: worse, 4.0 to 90.1 times as often; 4,000 requests
          no answer of the new version was judged

        auth  1.4.1 → 1.4.2, waiting
          waits for evidence: about 1,200 more requests
          errors 0.42 % against 0.40 % before: no difference shown; 12,400 requests; a doubling would have been seen
          verdict   pass, at 25 %
          compared  13 errors in 3,100 requests of the new version, 37 errors in 9,300 requests of the old one beside it
          interval  0.52 to 1.94 times as often; both hold at every look with a chance of 95 %
          evidence  log e 0.3; harm is shown from 4.6 on
          changes   with errors from now on
          not watched, for there was too little to judge: error rate > 5% for 10s
        ");
    }
}
