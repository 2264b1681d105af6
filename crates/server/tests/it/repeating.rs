//! Requests that are sent again, and words that depend on what was seen.

use std::collections::BTreeMap;

use tokio::net::{TcpStream, UnixStream};
use windlass_api::{DeployRequest, EnvironmentView, Scope, Source, TokenRequest};
use windlass_model::{AppName, EnvironmentName, PlanId};
use windlass_server::Limits;

use crate::contract::{Heard, ask, on_the_network};
use crate::fake::{deployment, held};
use crate::standing::{Standing, folder, hello};

async fn post(server: &Standing, path: &str, headers: &str, body: &str) -> Heard {
    let socket = &server.paths.controller_socket;
    let stream = UnixStream::connect(socket).await.unwrap();
    ask(stream, &format!("POST {path}"), headers, body).await
}

async fn get(server: &Standing, path: &str, headers: &str) -> Heard {
    let socket = &server.paths.controller_socket;
    let stream = UnixStream::connect(socket).await.unwrap();
    ask(stream, &format!("GET {path}"), headers, "").await
}

fn request(by: &str) -> String {
    let request = DeployRequest {
        source: Source::File(hello()),
        by: by.to_owned(),
        may_move: false,
        keep_failed: false,
        wait_ms: None,
        supersede: false,
        why: None,
    };
    serde_json::to_string(&request).unwrap()
}

/// The same for a reason.
fn because(request: &str, why: &str) -> String {
    let mut request: serde_json::Value = serde_json::from_str(request).unwrap();
    request["why"] = why.into();
    request.to_string()
}

const KEY: &str = "Idempotency-Key: 0123\r\n";

#[tokio::test]
async fn the_same_key_begins_once_and_gets_the_first_answer() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let first = post(&server, "/v1/deployments", KEY, &request("mira")).await;
    let again = post(&server, "/v1/deployments", KEY, &request("mira")).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert!(again.head.contains("idempotency-replayed: true"));
    assert_eq!(server.fake.state().deployments.len(), 1);
    let other = post(&server, "/v1/deployments", KEY, &request("jo")).await;
    assert_eq!(other.status, 422, "{}", other.body);
    let other = request("mira").replace("\"TOKEN\":\"secret\"", "\"TOKEN\":\"guess\"");
    let other = post(&server, "/v1/deployments", KEY, &other).await;
    assert_eq!(other.status, 422, "{}", other.body);
    let spaced = "Idempotency-Key: a b\r\n";
    let bad = post(&server, "/v1/down", spaced, "{}").await;
    assert_eq!(bad.status, 400);
    assert_eq!(server.fake.state().deployments.len(), 1);
}

#[tokio::test]
async fn a_reason_that_is_none_begins_nothing_and_a_check_says_so_before() {
    let folder = folder();
    let server = Standing::new(folder.path());
    for why in ["", "two\nlines", &"w".repeat(201)] {
        let bad = because(&request("mira"), why);
        let checked = format!("{{\"deploy\":{bad}}}");
        for (path, body) in [("/v1/deployments", &bad), ("/v1/checks", &checked)] {
            let heard = post(&server, path, "", body).await;
            assert_eq!(heard.status, 400, "{path} {why:?}: {}", heard.body);
            assert!(heard.body.contains("`why` has 1 to 200 characters"));
        }
    }
    assert!(server.fake.state().deployments.is_empty());
    let good = because(&request("mira"), "a hotfix");
    assert_eq!(
        post(&server, "/v1/deployments", "", &good).await.status,
        200
    );
}

/// Each of them a controller that knows nothing of the others.
#[tokio::test]
async fn a_deployment_is_known_by_its_key_and_what_it_asks_for_whatever_is_left_of_its_wait() {
    let asked = async |headers: &str, body: &str| {
        let folder = folder();
        let server = Standing::new(folder.path());
        let heard = post(&server, "/v1/deployments", headers, body).await;
        assert_eq!(heard.status, 200, "{}", heard.body);
        let asked_as = server.fake.state().asked_as.clone();
        asked_as.into_iter().next().unwrap()
    };
    let first = asked(KEY, &patient("mira")).await;
    assert!(first.is_some());
    let later = patient("mira").replace("60000", "100");
    assert_eq!(asked(KEY, &later).await, first);
    assert_ne!(asked(KEY, &patient("jo")).await, first);
    // The digest is kept in the journal: it confirms no guess of a value.
    let guess = patient("mira").replace("\"TOKEN\":\"secret\"", "\"TOKEN\":\"guess\"");
    assert_ne!(guess, patient("mira"));
    assert_eq!(asked(KEY, &guess).await, first);
    // Nor does it begin once more for a better reason.
    let reasoned = because(&patient("mira"), "a hotfix");
    assert_eq!(asked(KEY, &reasoned).await, first);
    let moving = patient("mira").replace("\"may_move\":false", "\"may_move\":true");
    assert_ne!(asked(KEY, &moving).await, first);
    let other = "Idempotency-Key: 0124\r\n";
    assert_ne!(asked(other, &patient("mira")).await, first);
    assert_eq!(asked("", &patient("mira")).await, None);
}

#[tokio::test]
async fn a_request_goes_on_when_its_client_is_gone_and_the_next_try_gets_its_answer() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let (begun, has_begun) = futures_channel::oneshot::channel();
    let (go_on, may_go_on) = futures_channel::oneshot::channel();
    server.fake.state().waits = Some((begun, may_go_on));
    let body = r#"{"app":"hello","by":"mira"}"#;
    let first = Box::pin(post(&server, "/v1/down", KEY, body));
    // The first client leaves once its request is under way.
    futures_util::future::select(first, has_begun).await;
    let again = post(&server, "/v1/down", KEY, body);
    let (again, ()) = tokio::join!(again, async { go_on.send(()).unwrap() });
    assert_eq!(again.status, 200, "{}", again.body);
    assert!(again.body.contains(r#""last":true"#), "{}", again.body);
}

/// The same that waits for another deployment.
fn patient(by: &str) -> String {
    request(by).replace("\"wait_ms\":null", "\"wait_ms\":60000")
}

#[tokio::test]
async fn a_deployment_that_nobody_waits_for_any_more_is_taken_back_and_its_key_is_free_again() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let (begun, has_begun) = futures_channel::oneshot::channel();
    let (mut go_on, may_go_on) = futures_channel::oneshot::channel();
    server.fake.state().waits = Some((begun, may_go_on));
    let body = patient("mira");
    let first = Box::pin(post(&server, "/v1/deployments", KEY, &body));
    // Its client leaves while it waits.
    drop(futures_util::future::select(first, has_begun).await);
    go_on.cancellation().await;
    assert!(server.fake.state().deployments.is_empty());
    let again = post(&server, "/v1/deployments", KEY, &body).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert!(
        !again.head.contains("idempotency-replayed"),
        "{}",
        again.head
    );
    assert_eq!(server.fake.state().deployments.len(), 1);
}

#[tokio::test]
async fn while_one_of_two_clients_waits_with_a_key_its_deployment_goes_on() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let (begun, has_begun) = futures_channel::oneshot::channel();
    let (go_on, may_go_on) = futures_channel::oneshot::channel();
    server.fake.state().waits = Some((begun, may_go_on));
    let body = patient("mira");
    let first = Box::pin(post(&server, "/v1/deployments", KEY, &body));
    let left = async {
        drop(futures_util::future::select(first, has_begun).await);
        // Whichever of the two is noticed first: it begins once.
        go_on.send(()).ok();
    };
    let (again, ()) = tokio::join!(post(&server, "/v1/deployments", KEY, &body), left);
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(server.fake.state().deployments.len(), 1);
}

#[tokio::test]
async fn a_request_whose_task_has_died_is_carried_out_when_it_is_sent_again() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let (begun, has_begun) = futures_channel::oneshot::channel();
    // The fake panics when nobody lets it go on.
    let (_, never) = futures_channel::oneshot::channel();
    server.fake.state().waits = Some((begun, never));
    let body = r#"{"app":"hello","by":"mira"}"#;
    let died = post(&server, "/v1/down", KEY, body).await;
    assert_eq!(died.status, 503, "{}", died.body);
    has_begun.await.unwrap();
    let again = post(&server, "/v1/down", KEY, body).await;
    assert_eq!(again.status, 200, "{}", again.body);
}

/// Asks over the network for a deployment that waits; once it does, its token is revoked.
async fn revoked_while_it_waits(headers: &str) -> Heard {
    let folder = folder();
    let (server, address) = on_the_network(folder.path(), Limits::default()).await;
    let client = server.client().await;
    let wanted = TokenRequest {
        name: "ci".to_owned(),
        scope: Scope::Deploy,
        expires_in_ms: None,
    };
    let made = client.create_token(&wanted).await.unwrap();
    let (begun, has_begun) = futures_channel::oneshot::channel();
    let (mut go_on, may_go_on) = futures_channel::oneshot::channel();
    server.fake.state().waits = Some((begun, may_go_on));
    let request = DeployRequest {
        source: Source::Plan(PlanId::parse("plan_1").unwrap()),
        by: "mira".to_owned(),
        may_move: false,
        keep_failed: false,
        wait_ms: Some(60_000),
        supersede: false,
        why: None,
    };
    let body = serde_json::to_string(&request).unwrap();
    let headers = format!("Authorization: Bearer {}\r\n{headers}", made.secret);
    let stream = TcpStream::connect(address).await.unwrap();
    let heard = ask(stream, "POST /v1/deployments", &headers, &body);
    let end = async {
        has_begun.await.unwrap();
        client.revoke_token(&made.token.id).await.unwrap();
        go_on.cancellation().await;
    };
    tokio::join!(heard, end).0
}

#[tokio::test]
async fn a_deployment_that_waits_is_taken_back_once_its_token_is_revoked() {
    for headers in ["", KEY] {
        let heard = revoked_while_it_waits(headers).await;
        assert_eq!(heard.status, 401, "{}", heard.body);
        assert!(heard.body.contains("nothing was begun"), "{}", heard.body);
    }
}

#[tokio::test]
async fn a_word_to_a_deployment_that_has_changed_is_refused() {
    let folder = folder();
    let server = Standing::new(folder.path());
    post(&server, "/v1/deployments", "", &request("mira")).await;
    let seen = get(&server, "/v1/deployments/dep_01a", "").await;
    assert!(seen.head.contains("etag: \"0\""), "{}", seen.head);
    let body = r#"{"command":"hold","by":"jo"}"#;
    let path = "/v1/deployments/dep_01a/commands";
    server.fake.state().deployments[0].sequence = 3;
    let late = post(&server, path, "If-Match: \"0\"\r\n", body).await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert!(late.body.contains("at event 3 now"), "{}", late.body);
    assert!(server.fake.state().said.is_empty());
    let fresh = post(&server, path, "If-Match: \"3\"\r\n", body).await;
    assert_eq!(fresh.status, 200, "{}", fresh.body);
    let seen = "If-Match: \"1\"\r\n";
    let nothing = post(&server, "/v1/deployments", seen, &request("jo")).await;
    assert_eq!(nothing.status, 412);
}

#[tokio::test]
async fn pages_hold_each_deployment_once_also_when_new_ones_begin() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let name = AppName::new("hello").unwrap();
    for number in 1..=5 {
        let view = deployment(&format!("dep_{number}"), name.clone());
        server.fake.state().deployments.push(view);
    }
    let first = get(&server, "/v1/deployments?limit=2", "").await;
    let page: windlass_api::DeploymentPage = serde_json::from_str(&first.body).unwrap();
    server
        .fake
        .state()
        .deployments
        .push(deployment("dep_6", name));
    let path = format!("/v1/deployments?limit=9&cursor={}", page.next.unwrap());
    let second = get(&server, &path, "").await;
    let rest: windlass_api::DeploymentPage = serde_json::from_str(&second.body).unwrap();
    assert_eq!(rest.next, None);
    let all = page.deployments.iter().chain(&rest.deployments);
    let ids: Vec<_> = all.map(|view| view.id.as_str().to_owned()).collect();
    assert_eq!(ids, ["dep_5", "dep_4", "dep_3", "dep_2", "dep_1"]);
    let client = server.client().await;
    assert_eq!(client.deployments(4).await.unwrap().len(), 4);
}

#[tokio::test]
async fn server_sent_events_carry_the_very_bytes_of_the_socket() {
    let folder = folder();
    let server = Standing::new(folder.path());
    for by in ["mira", "jo", "kim"] {
        server.fake.commit(held(by));
    }
    let heard = get(&server, "/v1/events?after=0", "Last-Event-ID: 1\r\n").await;
    assert!(heard.head.contains("content-type: text/event-stream"));
    let sent: Vec<_> = heard
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: {\"sequence\""))
        .map(|rest| format!("{{\"sequence\"{rest}"))
        .collect();
    let events = server.fake.state().events.clone();
    let texts: Vec<_> = events[1..]
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    assert_eq!(sent, texts);
    assert!(heard.body.contains("id: 3\n"), "{}", heard.body);
    assert!(heard.body.contains("event: end\ndata: {\"end\":\"again\""));
}

#[tokio::test]
async fn a_client_of_another_api_is_told_which_side_to_upgrade() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let newer = get(&server, "/v1/status", "Windlass-Api: 99\r\n").await;
    assert_eq!(newer.status, 409);
    assert!(newer.body.contains("windlass serve --replace"));
    assert!(newer.head.contains("windlass-version: 0.1.0"));
    let older = get(&server, "/v1/status", "Windlass-Api: 0\r\n").await;
    assert!(older.body.contains("upgrade the client to Windlass 0.1.0"));
    let greeting = get(&server, "/v1/version", "Windlass-Api: 99\r\n").await;
    assert_eq!(greeting.status, 200);
    let long = format!("X-Long: {}\r\n", "x".repeat(20_000));
    let long = get(&server, "/v1/status", &long).await;
    assert_eq!(long.status, 431);
    assert!(long.body.contains("WL0376"));
}

#[tokio::test]
async fn a_deployment_that_waits_holds_up_nobody_who_says_what_was_seen() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let app = AppName::new("hello").unwrap();
    server.fake.state().environments.push(EnvironmentView {
        app: app.clone(),
        environment: EnvironmentName::default_environment(),
        revision: 3,
        folder: String::new(),
        deployment: None,
        lock: None,
        halted: None,
        router_silent: None,
        router: None,
        services: BTreeMap::new(),
    });
    server
        .fake
        .state()
        .deployments
        .push(deployment("dep_01b", app));
    let (begun, has_begun) = futures_channel::oneshot::channel();
    let (go_on, may_go_on) = futures_channel::oneshot::channel();
    server.fake.state().waits = Some((begun, may_go_on));
    let body = patient("mira");
    let waits = post(&server, "/v1/deployments", "If-Match: \"3\"\r\n", &body);
    let aborts = async {
        has_begun.await.unwrap();
        let abort = r#"{"command":"abort","by":"jo"}"#;
        let path = "/v1/deployments/dep_01b/commands";
        let heard = post(&server, path, "If-Match: \"0\"\r\n", abort).await;
        go_on.send(()).unwrap();
        heard
    };
    let (waited, aborted) = tokio::join!(waits, aborts);
    assert_eq!(
        (waited.status, aborted.status),
        (200, 200),
        "{}",
        aborted.body
    );
}
