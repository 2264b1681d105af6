//! What comparing a release with the one before came to, for those that were promoted.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass_api::{DeploymentView, RolloutView};
use windlass_model::{
    DeploymentState, Measure, Outcome, PlanKind, RolloutPhase, ServiceName, Verdict, whole_if_known,
};

use super::words::harmless;

/// What it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Compared<'v> {
    verdict: Verdict,
    /// Whether it showed anything: that the new release is no worse, or that it is.
    conclusive: bool,
    /// Requests to the new release that were compared.
    requests: u64,
    /// The same of the one beside it.
    beside: u64,
    /// The lowest error rate, in per cent, that would have been seen in nine cases of ten, where any would.
    #[serde(serialize_with = "whole_if_known")]
    visible: Option<Measure>,
    /// About how many more to the new one were lacking, where that can be told.
    more_requests: Option<u64>,
    words: &'v str,
}

/// The services of a promotion that were compared with what served before; not those of which nothing was.
pub(crate) fn compared(view: &DeploymentView) -> BTreeMap<&ServiceName, Compared<'_>> {
    let promoted = matches!(
        view.state,
        DeploymentState::Ended(Outcome::Promoted | Outcome::PartlyPromoted)
    );
    if !promoted || view.kind != PlanKind::Deploy {
        return BTreeMap::new();
    }
    let all = view.rollouts.iter();
    all.filter_map(|(service, part)| Some((service, of(part)?)))
        .collect()
}

fn of(part: &RolloutView) -> Option<Compared<'_>> {
    let judgement = part.judgement.as_ref()?;
    let is_done = part.phase == RolloutPhase::Done && part.from.is_some();
    let is_compared = !judgement.unanswered && judgement.verdict != Verdict::NoData;
    (is_done && is_compared).then(|| Compared {
        verdict: judgement.verdict,
        conclusive: matches!(judgement.verdict, Verdict::Pass | Verdict::Fail),
        requests: judgement.candidate.requests,
        beside: judgement.stable.requests,
        visible: judgement.visible,
        more_requests: judgement.more_requests.filter(|more| *more > 0),
        words: &judgement.words,
    })
}

/// The same, one line each: "web: the comparison passed: errors …". Where it has neither passed nor failed,
/// the words say what was seen and what would have been: nobody waited for a proof.
pub(crate) fn lines(view: &DeploymentView) -> Vec<String> {
    let all = compared(view).into_iter();
    all.map(|(service, compared)| {
        let how = match compared.verdict {
            Verdict::Pass => "the comparison passed: ",
            Verdict::Fail => "the comparison failed: ",
            Verdict::Inconclusive => "",
            Verdict::Error | Verdict::NoData => "the comparison is void: ",
        };
        let words = harmless(compared.words);
        format!("{service}: {how}errors {words}")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    /// A promotion whose `auth` was judged so.
    fn promoted(verdict: Verdict, words: &str, more: Option<u64>) -> DeploymentView {
        let mut view = sample::ended(Outcome::Promoted);
        let mut judgement = sample::judgement();
        (judgement.verdict, judgement.words) = (verdict, words.to_owned());
        judgement.more_requests = more;
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").judgement = Some(judgement);
        view
    }

    #[test]
    fn a_promotion_says_in_one_line_whether_the_comparison_showed_anything() {
        let few = "0.00 % against 0.00 % beside it: no sign of harm; 1,000 requests; 4 % or more would \
                   have been seen";
        let view = promoted(Verdict::Inconclusive, few, Some(300));
        insta::assert_snapshot!(lines(&view).join("\n"), @"auth: errors 0.00 % against 0.00 % beside it: no sign of harm; 1,000 requests; 4 % or more would have been seen");
        let json = serde_json::to_value(compared(&view)).expect("JSON");
        assert_eq!(json["auth"]["verdict"], "inconclusive");
        assert_eq!(json["auth"]["conclusive"], false);
        assert_eq!(json["auth"]["more_requests"], 300);

        let enough = sample::judgement().words;
        let view = promoted(Verdict::Pass, &enough, Some(0));
        insta::assert_snapshot!(lines(&view).join("\n"), @"auth: the comparison passed: errors 0.42 % against 0.40 % beside it: no difference shown; 12,400 requests; a doubling would have been seen");
        assert!(compared(&view).values().all(|one| one.conclusive));
    }

    #[test]
    fn of_what_was_not_compared_or_did_not_stay_nothing_is_said() {
        let mut view = promoted(Verdict::NoData, "", None);
        assert_eq!(lines(&view), Vec::<String>::new());
        view = promoted(Verdict::Pass, "well", None);
        view.state = DeploymentState::Ended(Outcome::RolledBack);
        assert_eq!(lines(&view), Vec::<String>::new());
        view = promoted(Verdict::Pass, "well", None);
        view.kind = PlanKind::Rollback;
        assert_eq!(lines(&view), Vec::<String>::new());
    }
}
