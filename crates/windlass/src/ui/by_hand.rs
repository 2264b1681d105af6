//! What people let a deployment go past: who, where, and what was left out.

use windlass_api::DeploymentView;
use windlass_model::{Lacking, Millis, Past, count};

use super::words::{harmless, listed};

/// Whether a person's word took it on somewhere, and not what was seen alone.
pub(crate) fn is_by_hand(view: &DeploymentView) -> bool {
    view.rollouts.values().any(|part| !part.past.is_empty())
}

/// One line for each time: "mira let web go on at 10 % without 18s of watching and …".
pub(crate) fn told(view: &DeploymentView) -> Vec<String> {
    let parts = view.rollouts.iter();
    let all = parts.flat_map(|(service, part)| part.past.iter().map(move |past| (service, past)));
    all.map(|(service, past)| {
        let (by, at) = (harmless(&past.by), past.at);
        format!("{by} let {service} go on at {at} {}", without(past))
    })
    .collect()
}

/// What was left out: "without 18s of watching, the step 50 % and evidence (…)".
pub(crate) fn without(past: &Past) -> String {
    let mut left = Vec::new();
    if past.bake > Millis::ZERO {
        left.push(format!("{} of watching", past.bake));
    }
    match &past.steps[..] {
        [] => {}
        [one] => left.push(format!("the step {one}")),
        several => left.push(format!("the steps {}", listed(several))),
    }
    left.extend(past.evidence.map(lacking));
    let last = left.pop().unwrap_or_default();
    if left.is_empty() {
        format!("without {last}")
    } else {
        format!("without {} and {last}", left.join(", "))
    }
}

fn lacking(lacking: Lacking) -> String {
    let verdict = lacking.verdict;
    match lacking.more_requests {
        Some(more) => format!(
            "evidence ({verdict}: about {} more requests were needed)",
            count(more)
        ),
        None => format!("evidence ({verdict})"),
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::{Percent, Verdict};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn who_went_past_what_is_one_sentence() {
        let mut view = sample::ended(windlass_model::Outcome::Promoted);
        assert!(!is_by_hand(&view));
        let part = view.rollouts.get_mut(&sample::service("auth"));
        part.expect("a service").past = vec![sample::past()];
        assert!(is_by_hand(&view));
        insta::assert_snapshot!(told(&view).join("\n"), @"mira let auth go on at 25 % without 18s of watching, the step 50 % and evidence (inconclusive: about 1,200 more requests were needed)");
    }

    #[test]
    fn only_what_was_left_out_is_named() {
        let mut past = sample::past();
        (past.bake, past.steps) = (Millis::ZERO, Vec::new());
        past.evidence = Some(Lacking {
            verdict: Verdict::NoData,
            more_requests: None,
        });
        assert_eq!(without(&past), "without evidence (no data)");
        past.evidence = None;
        past.steps = vec![Percent::ZERO, Percent::FULL];
        assert_eq!(without(&past), "without the steps 0 %, 100 %");
    }
}
