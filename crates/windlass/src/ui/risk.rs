//! What the past says of a plan, in a sentence.

use windlass_api::{LearnedRisk, RiskView};

use super::words::harmless;

/// One sentence with its numbers; nothing where there is too little past.
pub(super) fn lines(risk: Option<&RiskView>) -> Vec<String> {
    let Some(risk) = risk else {
        return Vec::new();
    };
    let RiskView {
        deployments,
        failed,
        learned,
    } = risk;
    let text = match learned {
        None => {
            format!("risk: {failed} of the last {deployments} deployments here were not promoted")
        }
        Some(learned) => format!(
            "risk: about {:.0} % that it is not promoted ({:.0} % to {:.0} %){}; of the last \
             {deployments} here, {failed} were not",
            f64::from(learned.percent),
            f64::from(learned.at_least),
            f64::from(learned.at_most),
            mostly(learned),
        ),
    };
    vec![String::new(), text]
}

/// What the chance rests on most, as a part of the sentence.
fn mostly(learned: &LearnedRisk) -> String {
    let first = learned.reasons.first();
    first.map_or_else(String::new, |reason| {
        let way = if f64::from(reason.adds) > 0.0 {
            "raised"
        } else {
            "lowered"
        };
        format!(", {way} most by {}", harmless(&reason.name))
    })
}

#[cfg(test)]
mod tests {
    use windlass_api::RiskReason;
    use windlass_model::Measure;

    use super::*;

    #[test]
    fn a_risk_is_one_sentence_with_its_numbers_and_what_it_rests_on_most() {
        assert_eq!(lines(None), Vec::<String>::new());
        let plain = RiskView {
            deployments: 12,
            failed: 3,
            learned: None,
        };
        let told = |risk: &RiskView| lines(Some(risk)).join("\n").trim().to_owned();
        insta::assert_snapshot!(told(&plain), @"risk: 3 of the last 12 deployments here were not promoted");
        let learned = RiskView {
            learned: Some(LearnedRisk {
                percent: Measure::nearest(41.2),
                at_least: Measure::nearest(20.0),
                at_most: Measure::nearest(65.9),
                calibrated: false,
                reasons: vec![
                    RiskReason {
                        name: "how the deployment before ended".to_owned(),
                        adds: Measure::nearest(0.8),
                    },
                    RiskReason {
                        name: "how many services change".to_owned(),
                        adds: Measure::nearest(-0.11),
                    },
                ],
            }),
            ..plain
        };
        insta::assert_snapshot!(told(&learned), @"risk: about 41 % that it is not promoted (20 % to 66 %), raised most by how the deployment before ended; of the last 12 here, 3 were not");
    }
}
