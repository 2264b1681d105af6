//! The API's document, and who may use what it says.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use windlass_api::{Scope, TokenRequest};
use windlass_server::{Limits, Network, Rate, document};

use crate::fake::Fake;
use crate::standing::{Standing, folder};

/// An answer as it came.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends one request over `stream` and reads until the server closes.
pub(crate) async fn ask<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    mut stream: S,
    line: &str,
    headers: &str,
    body: &str,
) -> Heard {
    let json = "Content-Type: application/json\r\nConnection: close\r\nHost: w";
    let length = body.len();
    let text =
        format!("{line} HTTP/1.1\r\n{json}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is an end too.
    stream.read_to_end(&mut answer).await.ok();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Heard {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

/// A server on the network too, and where.
pub(crate) async fn on_the_network(
    folder: &std::path::Path,
    limits: Limits,
) -> (Standing, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let network = Network {
        listener,
        tls: None,
    };
    let fake = Fake::default();
    let server = Standing::on(folder, fake, limits, 1, Some(network));
    (server, address)
}

pub(crate) async fn token(server: &Standing, scope: Scope) -> String {
    let request = TokenRequest {
        name: "test".to_owned(),
        scope,
        expires_in_ms: None,
    };
    let made = server.client().await.create_token(&request).await.unwrap();
    format!("Authorization: Bearer {}\r\n", made.secret)
}

/// Every route, and the scope that it needs over the network: `open`, one of the scopes, or `owner`.
pub(crate) const ROUTES: [(&str, &str, &str); 32] = [
    ("GET", "/healthz", "open"),
    ("GET", "/readyz", "open"),
    ("GET", "/v1/version", "read"),
    ("GET", "/v1/openapi.json", "read"),
    ("GET", "/v1/status", "read"),
    ("GET", "/v1/environments/{app}/{environment}", "read"),
    ("GET", "/v1/environments/{app}/{environment}/scores", "read"),
    ("GET", "/v1/figures", "read"),
    ("GET", "/v1/events", "read"),
    ("GET", "/v1/logs", "read"),
    ("GET", "/v1/happenings", "read"),
    ("GET", "/v1/deployments", "read"),
    ("GET", "/v1/deployments/{id}", "read"),
    ("POST", "/v1/plans", "deploy"),
    ("POST", "/v1/scores", "deploy"),
    ("POST", "/v1/deployments", "deploy"),
    ("POST", "/v1/checks", "deploy"),
    ("POST", "/v1/removals", "deploy"),
    ("POST", "/v1/down", "deploy"),
    ("POST", "/v1/rollbacks", "operate"),
    ("POST", "/v1/rollbacks/check", "operate"),
    ("POST", "/v1/deployments/{id}/commands", "operate"),
    ("POST", "/v1/deployments/{id}/finalize", "operate"),
    ("POST", "/v1/deployments/{id}/repair", "operate"),
    (
        "POST",
        "/v1/deployments/{id}/services/{service}/reports",
        "run",
    ),
    (
        "GET",
        "/v1/deployments/{id}/services/{service}/health",
        "run",
    ),
    ("POST", "/v1/adoptions", "owner"),
    ("POST", "/v1/tokens", "owner"),
    ("GET", "/v1/tokens", "owner"),
    ("DELETE", "/v1/tokens/{id}", "owner"),
    ("GET", "/nothing", "nothing"),
    ("POST", "/v1/version", "nothing"),
];

fn documented() -> BTreeMap<(String, String), Value> {
    let all = serde_json::to_value(document()).unwrap();
    let mut found = BTreeMap::new();
    for (path, methods) in all["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.insert((method.to_uppercase(), path.clone()), operation.clone());
        }
    }
    found
}

#[test]
fn the_document_has_every_route_of_the_table_and_no_other() {
    let routes = ROUTES.iter().filter(|(_, _, needs)| *needs != "nothing");
    let table: Vec<_> = routes
        .map(|(verb, path, _)| ((*verb).to_owned(), (*path).to_owned()))
        .collect();
    let documented = documented();
    for route in &table {
        assert!(documented.contains_key(route), "not documented: {route:?}");
    }
    assert_eq!(table.len(), documented.len(), "{:?}", documented.keys());
}

#[test]
fn no_reference_of_the_document_leads_nowhere() {
    let all = serde_json::to_value(document()).unwrap();
    assert_eq!(all["openapi"], "3.1.0");
    let text = all.to_string();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(!all["components"]["schemas"][name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn each_route_lets_in_who_may_and_answers_as_documented() {
    let folder = folder();
    let plenty = Rate {
        per_second: 10_000,
        burst: 10_000,
    };
    let limits = Limits {
        stranger_rate: plenty,
        token_rate: plenty,
        ..Limits::default()
    };
    let (server, address) = on_the_network(folder.path(), limits).await;
    let callers = [
        ("nobody", 0, String::new()),
        ("wrong", 0, "Authorization: Bearer wlt_no\r\n".to_owned()),
        ("read", 1, token(&server, Scope::Read).await),
        ("operate", 2, token(&server, Scope::Operate).await),
        ("deploy", 3, token(&server, Scope::Deploy).await),
    ];
    let documented = documented();
    for (verb, route, needs) in ROUTES {
        let rank = ["open", "read", "operate", "deploy", "owner", "run"];
        let rank = rank.iter().position(|scope| *scope == needs);
        let path = route
            .replace("{id}", "dep_09")
            .replace("{service}", "legacy")
            .replace("{app}", "shop")
            .replace("{environment}", "default");
        for (name, has, header) in &callers {
            if route == "/v1/events" && *has > 0 {
                continue;
            }
            let stream = TcpStream::connect(address).await.unwrap();
            let heard = ask(stream, &format!("{verb} {path}"), header, "{}").await;
            let expected = rank.map(|rank| match (*has >= rank, *has) {
                (true, _) => "in",
                (false, 0) => "401",
                (false, _) => "403",
            });
            let got = match heard.status {
                401 => "401",
                403 => "403",
                _ => "in",
            };
            assert_eq!(expected.unwrap_or("in"), got, "{name}: {verb} {route}");
            assert!(heard.status < 500, "{name}: {verb} {route}: {}", heard.body);
            if let Some(operation) = documented.get(&(verb.to_owned(), route.to_owned())) {
                must_be_documented(operation, &heard, &format!("{name}: {verb} {route}"));
            }
        }
    }
}

/// Status and body are those that the document promises.
fn must_be_documented(operation: &Value, heard: &Heard, what: &str) {
    let answer = &operation["responses"][heard.status.to_string()];
    assert!(
        answer.is_object(),
        "{what}: {} is not documented",
        heard.status
    );
    for media in ["application/json", "application/problem+json"] {
        if !heard.head.contains(&format!("content-type: {media}\r")) {
            continue;
        }
        let mut schema = answer["content"][media]["schema"].clone();
        assert!(schema.is_object(), "{what}: {media} is not documented");
        let all = serde_json::to_value(document()).unwrap();
        schema["components"] = all["components"].clone();
        let body: Value = serde_json::from_str(&heard.body).unwrap();
        let valid = jsonschema::validate(&schema, &body);
        assert!(
            valid.is_ok(),
            "{what}: {}: {}",
            valid.unwrap_err(),
            heard.body
        );
    }
}

#[tokio::test]
async fn secrets_can_not_be_guessed_fast() {
    let folder = folder();
    let limits = Limits {
        stranger_rate: Rate {
            per_second: 1,
            burst: 2,
        },
        ..Limits::default()
    };
    let (_server, address) = on_the_network(folder.path(), limits).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let stream = TcpStream::connect(address).await.unwrap();
        let wrong = "Authorization: Bearer wlt_guess\r\n";
        seen.push(ask(stream, "GET /v1/status", wrong, "").await);
    }
    let statuses: Vec<_> = seen.iter().map(|heard| heard.status).collect();
    assert_eq!(statuses, [401, 401, 429]);
    assert!(seen[2].head.contains("retry-after: 1"), "{}", seen[2].head);
}

#[test]
fn every_refusal_of_the_runtime_is_in_the_document() {
    let problems = include_str!("../../../runtime/src/problems.rs");
    let refusals = include_str!("../../src/refusals.rs");
    let codes = problems
        .split("\"WL")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let mut count = 0;
    for code in codes {
        assert!(refusals.contains(&format!("\"WL{code}\",")), "WL{code}");
        count += 1;
    }
    assert!(count > 20);
}
