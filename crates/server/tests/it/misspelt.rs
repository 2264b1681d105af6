//! What is misspelt is refused by its name: nothing of a request is without effect in silence.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::net::UnixStream;
use windlass_server::document;

use crate::contract::{ROUTES, ask};
use crate::standing::{Standing, folder};

/// A connection on the private socket.
pub(crate) async fn private(server: &Standing) -> UnixStream {
    let socket = &server.paths.controller_socket;
    UnixStream::connect(socket).await.unwrap()
}

async fn refused(server: &Standing, line: &str, headers: &str, body: &Value) -> Value {
    let body = body.to_string();
    let heard = ask(private(server).await, line, headers, &body).await;
    let problem: Value = serde_json::from_str(&heard.body).unwrap_or_default();
    assert_eq!(heard.status, 400, "{line} {body}: {}", heard.body);
    problem
}

fn path(route: &str) -> String {
    route
        .replace("{id}", "dep_09")
        .replace("{service}", "legacy")
        .replace("{app}", "shop")
        .replace("{environment}", "default")
}

/// Bodies with a field that none of ours has, at each place where an object of ours can be.
fn with_a_stranger(all: &Value, schema: &Value, seen: &mut BTreeSet<String>) -> Vec<Value> {
    let mut schema = schema;
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        schema = &all["components"]["schemas"][name];
        seen.insert(name.to_owned());
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let each = choices.iter();
        return each
            .flat_map(|choice| with_a_stranger(all, choice, seen))
            .collect();
    }
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    assert_eq!(schema["additionalProperties"], false, "{schema}");
    let mut found = vec![json!({ "of_nobody": 1 })];
    for (name, schema) in properties {
        let inner = with_a_stranger(all, schema, seen);
        found.extend(inner.into_iter().map(|inner| json!({ name: inner })));
    }
    found
}

#[tokio::test]
async fn no_route_takes_a_query_that_it_does_not_know() {
    let folder = folder();
    let server = Standing::new(folder.path());
    for (verb, route, needs) in ROUTES {
        if matches!(needs, "open" | "nothing") {
            continue;
        }
        let line = format!("{verb} {}?of_nobody=1", path(route));
        let problem = refused(&server, &line, "", &json!({})).await;
        assert_eq!(problem["code"], "WL0490", "{line}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("the query has `of_nobody`; "),
            "{detail}"
        );
        assert!(problem["hint"].is_string(), "{problem}");
    }
}

#[tokio::test]
async fn no_body_takes_a_field_that_it_does_not_know() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let all = serde_json::to_value(document()).unwrap();
    let mut seen = BTreeSet::new();
    let mut asked = 0;
    for (verb, route, _) in ROUTES {
        let operation = &all["paths"][route][verb.to_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            continue;
        }
        let line = format!("{verb} {}", path(route));
        for body in with_a_stranger(&all, schema, &mut seen) {
            let text = refused(&server, &line, "", &body).await.to_string();
            assert!(text.contains("of_nobody"), "{line} {body}: {text}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(text.contains(&format!("operation `{id}`")), "{text}");
            asked += 1;
        }
    }
    assert!(asked > 15, "{asked}");
    assert!(seen.contains("FileRequest"), "{seen:?}");
}

#[tokio::test]
async fn what_was_meant_is_said() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let deploy = "POST /v1/deployments";
    let body = json!({ "source": { "retry": "dep_09" }, "by": "x", "supercede": true });
    let problem = refused(&server, deploy, "", &body).await;
    assert_eq!(problem["hint"], "did you mean `supersede`?");
    let known = "known there: source, by, may_move, keep_failed, wait_ms, supersede, why";
    assert_eq!(
        problem["detail"],
        format!("the body has `supercede`; {known}")
    );
    let problem = refused(&server, "GET /v1/deployments?cursr=abc", "", &json!({})).await;
    assert_eq!(problem["hint"], "did you mean `cursor`?");
}

#[tokio::test]
async fn a_client_of_ours_that_knows_more_is_told_how_to_go_on() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let newer = "Windlass-Version: 99.1.0\r\n";
    let body = json!({ "by": "x", "sings": true });
    let problem = refused(&server, "POST /v1/adoptions", newer, &body).await;
    assert_eq!(problem["code"], "WL0490");
    assert_eq!(problem["exit"], "unreachable");
    let hint = problem["hint"].as_str().unwrap();
    for part in ["Windlass 99.1.0", "windlass serve --replace"] {
        assert!(hint.contains(part), "{hint}");
    }
}

#[tokio::test]
async fn a_refusal_names_its_operation_also_under_a_key() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let key = "Idempotency-Key: one\r\n";
    // The second answer is the first, remembered.
    for _ in 0..2 {
        let problem = refused(&server, "POST /v1/down", key, &json!({ "by": "x" })).await;
        assert_eq!(problem["code"], "WL0360");
        let hint = "what POST /v1/down takes: operation `down` in GET /v1/openapi.json";
        assert_eq!(problem["hint"], hint);
    }
}

#[tokio::test]
async fn another_method_is_told_which_there_are() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let heard = ask(private(&server).await, "DELETE /v1/deployments", "", "").await;
    assert_eq!(heard.status, 405);
    let problem: Value = serde_json::from_str(&heard.body).unwrap();
    let detail = "DELETE is not served here; this path takes GET, POST";
    assert_eq!(problem["detail"], detail, "{}", heard.head);
}
