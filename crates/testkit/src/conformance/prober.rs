//! What a prober promises.

use windlass_edge::Prober;
use windlass_model::{Instance, Probe, Probed};

/// What the suite needs: who answers well, who answers badly, and who does not answer.
pub struct ProberCase<'c> {
    /// The prober.
    pub prober: &'c dyn Prober,
    /// How they are asked.
    pub probe: Probe,
    /// Answers well.
    pub good: Instance,
    /// Listens, and answers badly.
    pub bad: Instance,
    /// Does not listen.
    pub closed: Instance,
}

/// Every promise of [`Prober`].
pub async fn prober(case: &ProberCase<'_>) {
    let ask = |instance| case.prober.probe(&case.probe, instance);
    assert_eq!(ask(&case.good).await, Probed::Ready);
    assert_eq!(
        ask(&case.good).await,
        Probed::Ready,
        "one question leaves no trace"
    );
    for instance in [&case.bad, &case.closed] {
        let began = tokio::time::Instant::now();
        let answer = ask(instance).await;
        let said = matches!(&answer, Probed::Unready { saw } if !saw.is_empty());
        assert!(said, "it says what was seen: {answer:?}");
        let most = case.probe.timeout.duration() * 2;
        assert!(began.elapsed() <= most, "an answer comes within its time");
    }
}
