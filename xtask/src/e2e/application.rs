//! The file that every version is deployed by: what is watched is the same for all of them.

use std::net::SocketAddr;

/// The file of a version whose program has these options.
pub(super) fn text(listen: SocketAddr, options: &str) -> String {
    format!(
        "app: judged
services:
  web:
    release: {{ version: \"1\" }}
    run: >-
      ./windlass demo-service --name web --version ${{VERSION}} --port ${{PORT}} {options}
    listen: {listen}
    probes:
      ready: {{ http: /health/ready, every: 500ms, timeout: 1s, within: 10s }}
      detailed: {{ http: /health/detailed, every: 1s, timeout: 5s }}
    limits: {{ memory: 96M }}
    drain: 5s
    strategy: {{ canary: [{{ to: 20%, bake: 5s }}, {{ to: 50%, bake: 10s }}, {{ to: 100%, bake: 1s }}] }}
    analysis: {{ require: pass, longest: 5m }}
    rollback_on:
      - crash
      - readiness lost
      - error rate worse than baseline
      - probe database failing for 2s
      - memory > 95% for 2s
"
    )
}
