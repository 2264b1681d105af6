//! Every operation, asked in many ways.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};

use super::asked::{Asked, asked};
use super::fitting::Fitting;
use super::heard::{Heard, Judge, ask};
use super::operation::Operation;
use crate::lab::{Lab, Service};

/// Requests of each operation.
const EACH: u32 = 60;

const SHOP: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 100ms
";

/// What is in the lab, by type or by property.
fn known(lab: &Lab) -> BTreeMap<&'static str, Vec<Value>> {
    let folder = lab.app("");
    let file = std::fs::read_to_string(lab.app("windlass.yaml")).unwrap();
    BTreeMap::from([
        ("EnvironmentName", vec![json!("default")]),
        ("ServiceName", vec![json!("web"), json!("other")]),
        ("DeploymentId", vec![json!(lab.last())]),
        ("id", vec![json!(lab.last())]),
        ("environment", vec![json!("default")]),
        ("text", vec![json!(file)]),
        ("folder", vec![json!(folder)]),
        ("name", vec![json!("windlass.yaml"), json!("a.toml")]),
        // Nothing is waited for here.
        ("wait_ms", vec![json!(1)]),
        ("cursor", vec![json!("ZGVwXzE")]),
        ("follow", vec![json!(false)]),
        ("Idempotency-Key", vec![json!("one"), json!("two")]),
        (
            "If-Match",
            vec![json!("*"), json!("\"1\""), json!("W/\"1\"")],
        ),
    ])
}

fn document(lab: &Lab) -> Value {
    let plain = Asked {
        method: "GET".to_owned(),
        target: "/v1/openapi.json".to_owned(),
        headers: Vec::new(),
        body: None,
        fits: true,
    };
    let heard = ask(lab, &plain);
    serde_json::from_slice(&heard.body).unwrap()
}

/// Operations of which the document can't say all that is not understood: a cursor is one of ours.
const BEYOND_SCHEMAS: [&str; 2] = ["deployments", "happenings"];

/// A request that fits is understood; a body that does not fit is refused.
fn misjudged(
    judge: &mut Judge<'_>,
    operation: &Operation<'_>,
    asked: &Asked,
    heard: &Heard,
) -> Option<String> {
    let understood = !matches!(heard.status, 400 | 415);
    if asked.fits && !understood && !BEYOND_SCHEMAS.contains(&operation.id()) {
        return Some("it fits the document and is not understood".to_owned());
    }
    let sent = asked.body.as_deref()?;
    let schema = operation.body()?;
    let fits = serde_json::from_slice(sent).is_ok_and(|sent| judge.takes(schema, &sent));
    let taken = heard.status < 400 && asked.method == operation.method;
    (!fits && taken).then(|| "it does not fit the document and is taken".to_owned())
}

#[test]
fn whatever_is_asked_the_answer_is_one_that_the_document_promises() {
    let lab = Lab::new(SHOP);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy().exits(0);
    let document = document(&lab);
    let mut known = known(&lab);
    let judge = RefCell::new(Judge::new(&document));
    let seen = RefCell::new(BTreeMap::<u16, u32>::new());
    for operation in Operation::all(&document) {
        // What the others ask of must stay.
        let takes_away = ["down", "remove"].contains(&operation.id());
        let app = if takes_away { "elsewhere" } else { "shop" };
        known.extend([("AppName", vec![json!(app)]), ("app", vec![json!(app)])]);
        let config = Config {
            cases: EACH,
            failure_persistence: None,
            max_shrink_iters: 50,
            ..Config::default()
        };
        let numbers = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, numbers);
        let fitting = Fitting {
            document: &document,
            known: &known,
        };
        let met = runner.run(&asked(fitting, &operation), |asked| {
            let heard = ask(&lab, &asked);
            *seen.borrow_mut().entry(heard.status).or_default() += 1;
            let mut judge = judge.borrow_mut();
            let complaint = judge
                .complaint(&operation, &asked, &heard)
                .or_else(|| misjudged(&mut judge, &operation, &asked, &heard));
            match complaint {
                None => Ok(()),
                Some(what) => {
                    let body = String::from_utf8_lossy(&heard.body);
                    let sent = String::from_utf8_lossy(asked.body.as_deref().unwrap_or_default());
                    let said = format!(
                        "{what}\nanswer: {} {body}\nsent: {sent:.2000}",
                        heard.status
                    );
                    Err(TestCaseError::fail(said))
                }
            }
        });
        assert!(met.is_ok(), "{}: {}", operation.id(), met.unwrap_err());
    }
    let seen = seen.into_inner();
    // Each kind of answer was met, so nothing of this passes for want of requests.
    for status in [200, 400, 404, 405, 409, 412, 415, 422] {
        assert!(
            seen.contains_key(&status),
            "{status} was never met: {seen:?}"
        );
    }
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.starts_with("shop in default"), "{status}");
}
