//! The application of the bench: one service, whose candidate stays at a tenth of the traffic.

use std::net::SocketAddr;

/// The share that a candidate gets, in percent.
pub(super) const SHARE: f64 = 10.0;

/// Whether the service does what it is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answers.
    Good,
    /// It is ready, and answers every request with 500.
    Errors,
    /// It is ready, and answers one request of so many with 500.
    ErrorsEvery(u32),
}

/// The file. What a candidate is watched for is what a file says that says nothing.
pub(super) fn text(listen: SocketAddr, health: Health) -> String {
    let fault = match health {
        Health::Good => String::new(),
        Health::Errors => " --fault errors".to_owned(),
        Health::ErrorsEvery(many) => format!(" --fault errors --fault-every {many}"),
    };
    format!(
        "app: bench\nservices:\n  web:\n    release: {{ version: \"1\" }}\n    run: >-\n      ./windlass \
         demo-service --name web --version ${{VERSION}} --port ${{PORT}}{fault}\n    listen: {listen}\n    \
         ready: /health/ready\n    bake: 1s\n    drain: 5s\n    strategy: {{ canary: [{{ to: {SHARE}%, bake: 5m }}, \
         {{ to: 100%, bake: 1s }}] }}\n"
    )
}

/// The same of a service whose answers are known to be soon there, which its file says: then it is also
/// known sooner that there are none.
pub(super) fn text_of_prompt(listen: SocketAddr) -> String {
    let text = text(listen, Health::Good);
    format!(
        "{text}    rollback_on: [crash, readiness lost, error rate > 5% for 10s, error rate worse than baseline, \
         p95 > 100ms for 10s]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bad_one_has_a_fault_and_both_stay_at_a_tenth() {
        let listen = SocketAddr::from(([127, 0, 0, 1], 1));
        assert!(!text(listen, Health::Good).contains("--fault"));
        let bad = text(listen, Health::Errors);
        assert!(bad.contains("--port ${PORT} --fault errors\n"), "{bad}");
        assert!(bad.contains("{ to: 10%, bake: 5m }"), "{bad}");
        let seldom = text(listen, Health::ErrorsEvery(20));
        assert!(
            seldom.contains(" --fault errors --fault-every 20\n"),
            "{seldom}"
        );
    }
}
