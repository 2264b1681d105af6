//! What the past says of a plan, in lines.

use windlass_api::{LearnedRisk, RiskView};

use super::words::harmless;

/// Nothing where there is too little past.
pub(super) fn lines(risk: Option<&RiskView>) -> Vec<String> {
    let Some(risk) = risk else {
        return Vec::new();
    };
    let RiskView {
        deployments,
        failed,
        learned,
    } = risk;
    let rate = format!("{failed} of the last {deployments} deployments here were not promoted");
    let mut lines = vec![String::new()];
    match learned {
        None => lines.push(format!(
            "risk: {rate}; nothing foretells more than that rate does"
        )),
        Some(learned) => {
            lines.push(format!(
                "risk: about {:.0} % ({:.0} % to {:.0} %) that it is not promoted; {rate}",
                f64::from(learned.percent),
                f64::from(learned.at_least),
                f64::from(learned.at_most),
            ));
            lines.extend(reasons(learned));
        }
    }
    lines
}

fn reasons(learned: &LearnedRisk) -> Vec<String> {
    let reasons = learned.reasons.iter().map(|reason| {
        let adds = f64::from(reason.adds);
        let way = if adds > 0.0 { "more" } else { "less" };
        format!("  {}: {way} ({adds:+.2})", harmless(&reason.name))
    });
    let mut lines: Vec<String> = reasons.collect();
    let few = if learned.calibrated {
        ""
    } else {
        ", and too few failed to take it for a frequency"
    };
    lines.push(format!(
        "  it advises and decides nothing; a low one is not safe{few}"
    ));
    lines
}

#[cfg(test)]
mod tests {
    use windlass_api::RiskReason;
    use windlass_model::Measure;

    use super::*;

    #[test]
    fn a_risk_says_what_it_rests_on_and_what_it_is_not() {
        assert_eq!(lines(None), Vec::<String>::new());
        let plain = RiskView {
            deployments: 12,
            failed: 3,
            learned: None,
        };
        insta::assert_snapshot!(lines(Some(&plain)).join("\n"), @r"

        risk: 3 of the last 12 deployments here were not promoted; nothing foretells more than that rate does
        ");
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
        insta::assert_snapshot!(lines(Some(&learned)).join("\n"), @r"

        risk: about 41 % (20 % to 66 %) that it is not promoted; 3 of the last 12 deployments here were not promoted
          how the deployment before ended: more (+0.80)
          how many services change: less (-0.11)
          it advises and decides nothing; a low one is not safe, and too few failed to take it for a frequency
        ");
    }
}
