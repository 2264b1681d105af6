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
}

/// The file. What a candidate is watched for is what a file says that says nothing.
pub(super) fn text(listen: SocketAddr, health: Health) -> String {
    let fault = match health {
        Health::Good => "",
        Health::Errors => " --fault errors",
    };
    format!(
        "app: bench\nservices:\n  web:\n    release: {{ version: \"1\" }}\n    run: >-\n      ./windlass \
         demo-service --name web --version ${{VERSION}} --port ${{PORT}}{fault}\n    listen: {listen}\n    \
         ready: /health/ready\n    bake: 1s\n    drain: 5s\n    strategy: {{ canary: [{{ to: {SHARE}%, bake: 5m }}, \
         {{ to: 100%, bake: 1s }}] }}\n"
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
    }
}
