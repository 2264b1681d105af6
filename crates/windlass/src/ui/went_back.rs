//! What the past holds against the new releases of a plan, in sentences.

use jiff::tz::TimeZone;
use windlass_api::{PlanView, WentBack, WentBackView};
use windlass_model::ServiceName;

use super::time::of_calendar;
use super::words::{harmless, reason};

/// Of each release that was left before: when, by whom or why, and where to read more.
pub(super) fn warning(found: &WentBackView, zone: &TimeZone) -> String {
    let WentBackView {
        version,
        deployment,
        at_us,
        how,
    } = found;
    let at = of_calendar(*at_us, zone);
    let told = match how {
        WentBack::ByHand { by } => {
            format!("{} rolled {version} back by hand on {at}", harmless(by))
        }
        WentBack::BeforePromotion { why } => {
            format!("{version} went back on {at}: {}", reason(why))
        }
    };
    format!("warning: {told}; look: windlass show {deployment}")
}

/// The same for a question: "api 1.4.2 was rolled back by hand before, by mira on 2026-11-21 14:02:11."
pub(crate) fn sentences(view: &PlanView, zone: &TimeZone) -> Vec<String> {
    let all = view.went_back.iter();
    all.map(|(service, found)| sentence(service, found, zone))
        .collect()
}

fn sentence(service: &ServiceName, found: &WentBackView, zone: &TimeZone) -> String {
    let version = &found.version;
    let at = of_calendar(found.at_us, zone);
    match &found.how {
        WentBack::ByHand { by } => {
            let by = harmless(by);
            format!("{service} {version} was rolled back by hand before, by {by} on {at}.")
        }
        // Why is in the plan that is shown above the question.
        WentBack::BeforePromotion { .. } => {
            format!("{service} {version} went back before, on {at}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::{ReturnReason, Rule, Trigger, Version};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_release_that_was_left_is_told_with_when_by_whom_and_why() {
        let mut found = WentBackView {
            version: Version("1.4.2".to_owned()),
            deployment: sample::deployment("dep_01k0a").id,
            at_us: 1_795_269_731_000_000,
            how: WentBack::ByHand {
                by: "mira".to_owned(),
            },
        };
        let told = |found: &WentBackView| {
            let warning = warning(found, &TimeZone::UTC);
            let sentence = sentence(&sample::service("api"), found, &TimeZone::UTC);
            [warning, sentence].join("\n")
        };
        insta::assert_snapshot!(told(&found), @r"
        warning: mira rolled 1.4.2 back by hand on 2026-11-21 14:02:11; look: windlass show dep_01k0a
        api 1.4.2 was rolled back by hand before, by mira on 2026-11-21 14:02:11.
        ");
        found.how = WentBack::BeforePromotion {
            why: ReturnReason::Triggered {
                trigger: Rule::from(Trigger::ErrorRateWorse),
                saw: "errors 2.00 % against 0.11 % beside it".to_owned(),
            },
        };
        insta::assert_snapshot!(told(&found), @r"
        warning: 1.4.2 went back on 2026-11-21 14:02:11: error rate worse than baseline: errors 2.00 % against 0.11 % beside it; look: windlass show dep_01k0a
        api 1.4.2 went back before, on 2026-11-21 14:02:11.
        ");
    }
}
