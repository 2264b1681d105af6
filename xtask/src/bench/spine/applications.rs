//! The applications that the bench deploys: copies of the product's own demo service.

use std::net::SocketAddr;

/// How long the one service of the loop is watched.
pub(super) const LOOP_BAKE_MS: u64 = 500;
/// How long each service of the chain is watched.
pub(super) const CHAIN_BAKE_MS: u64 = 1_000;
/// The services of the chain, providers first.
pub(super) const CHAIN: [&str; 3] = ["auth", "api", "web"];

/// One service that answers with its version.
pub(super) fn one_service(listen: SocketAddr) -> String {
    let service = service("web", listen, None);
    format!("app: bench\n{}services:\n{service}", defaults(LOOP_BAKE_MS))
}

/// auth, api that asks auth, web that asks api; blue-green, one after the other.
pub(super) fn chain(listen: [SocketAddr; 3]) -> String {
    let mut text = format!("app: bench\n{}services:\n", defaults(CHAIN_BAKE_MS));
    let mut below = None;
    for (name, address) in CHAIN.into_iter().zip(listen) {
        text.push_str(&service(name, address, below));
        below = Some((name, address));
    }
    text
}

fn defaults(bake_ms: u64) -> String {
    format!("defaults:\n  bake: {bake_ms}ms\n  drain: 5s\n  ready: /health/ready\n")
}

fn service(name: &str, listen: SocketAddr, below: Option<(&str, SocketAddr)>) -> String {
    let (needs, upstream) = below.map_or_else(Default::default, |(need, address)| {
        (
            format!("    needs: [{need}]\n"),
            format!(" --upstream http://{address}"),
        )
    });
    format!(
        "  {name}:\n{needs}    release: {{ version: \"1\" }}\n    run: >-\n      ./windlass demo-service \
         --name {name} --version ${{VERSION}} --port ${{PORT}}{upstream}\n    listen: {listen}\n"
    )
}

/// So many services that run `program`, each with three needs among those before it.
pub(super) fn many_services(count: usize, program: &str, first_port: u16) -> String {
    let one = |(number, port): (usize, u16)| {
        let needs: Vec<String> = needs_of(number)
            .iter()
            .map(|need| format!("s{need}"))
            .collect();
        let needs = needs.join(", ");
        format!(
            "  s{number}:\n    needs: [{needs}]\n    run: ./{program} --port ${{PORT}}\n    \
             listen: 127.0.0.1:{port}\n"
        )
    };
    let services: String = (0..count).zip(first_port..).map(one).collect();
    format!(
        "app: bench\n{}services:\n{services}",
        defaults(LOOP_BAKE_MS)
    )
}

/// Up to three services before `number`, near and far.
fn needs_of(number: usize) -> Vec<usize> {
    let mut needs: Vec<usize> = [number / 2, number / 3, number.saturating_sub(10)]
        .into_iter()
        .filter(|need| *need < number)
        .collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_of_the_chain_asks_the_one_before_it() {
        let listen = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let text = chain(listen);
        let api = "  api:\n    needs: [auth]\n    release: { version: \"1\" }\n    run: >-\n      \
                   ./windlass demo-service --name api --version ${VERSION} --port ${PORT} --upstream \
                   http://127.0.0.1:1\n    listen: 127.0.0.1:2\n";
        assert!(text.contains(api), "{text}");
        assert!(text.contains("bake: 1000ms"), "{text}");
    }

    #[test]
    fn no_service_needs_a_later_one() {
        assert_eq!(needs_of(0), [0; 0]);
        assert_eq!(needs_of(1), [0]);
        assert_eq!(needs_of(100), [33, 50, 90]);
    }
}
