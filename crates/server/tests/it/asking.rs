//! Every question and its answer.

use windlass_api::{
    Code, Command, DeployRequest, DownRequest, Exit, HappeningView, LogQuery, Problem, Source,
    VersionView,
};
use windlass_client::{Client, ClientError};
use windlass_model::{DeploymentState, Happened, Happening, PlanId};

use crate::fake::id;
use crate::standing::{Standing, file, folder, hello, paths};

fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Problem {
    match answer {
        Err(ClientError::Refused(problem)) => *problem,
        other => panic!("not refused: {other:?}"),
    }
}

fn from(source: Source) -> DeployRequest {
    DeployRequest {
        source,
        by: "mira".to_owned(),
        may_move: false,
        keep_failed: false,
        wait_ms: None,
        supersede: false,
        why: None,
    }
}

#[tokio::test]
async fn the_greeting_says_which_controller_answers() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let expected = VersionView {
        version: "0.1.0".to_owned(),
        api: windlass_api::API_VERSION,
        pid: 1,
        epoch: 7,
        lost_history: None,
    };
    assert_eq!(client.controller(), &expected);
}

#[tokio::test]
async fn without_a_controller_nothing_is_made() {
    let folder = folder();
    let paths = paths(folder.path());
    let answer = Client::connect(&paths).await;
    assert!(matches!(answer, Err(ClientError::NotRunning)), "{answer:?}");
}

#[tokio::test]
async fn a_plan_gets_the_decoded_file_and_only_the_values_that_it_names() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let view = server.client().await.plan(&hello()).await.unwrap();
    assert_eq!(view.plan.app.as_str(), "hello");
    let state = server.fake.state();
    let wanted = &state.wanted[0];
    assert_eq!(wanted.folder.to_str(), Some("/srv/hello"));
    let names: Vec<_> = wanted.values.keys().map(String::as_str).collect();
    assert_eq!(names, ["TOKEN"]);
}

#[tokio::test]
async fn every_problem_of_a_file_comes_back_drawn() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let bad = file("app: hello\nservices:\n  web:\n    rum: ./x\n    bake: 30\n");
    let problem = refused(server.client().await.plan(&bad).await);
    assert_eq!((problem.status, problem.exit), (422, Exit::Configuration));
    let detail = problem.detail.unwrap();
    assert!(detail.contains("windlass.yaml:4:5"), "{detail}");
    assert!(detail.contains("windlass.yaml:5:11"), "{detail}");
    assert!(server.fake.state().wanted.is_empty());
}

#[tokio::test]
async fn a_name_without_a_value_is_refused_at_its_place() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let mut file = hello();
    file.values.clear();
    let problem = refused(server.client().await.plan(&file).await);
    assert_eq!(problem.code, Code("WL0190".to_owned()));
    assert_eq!(problem.exit, Exit::Configuration);
    assert!(problem.detail.unwrap().contains("windlass.yaml:4"));
}

#[tokio::test]
async fn what_was_typed_beside_the_file_is_a_usage_error() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let mut file = hello();
    file.environment = Some("elsewhere".to_owned());
    let problem = refused(server.client().await.plan(&file).await);
    assert_eq!(problem.exit, Exit::Usage);
    let mut file = hello();
    file.folder = "here".to_owned();
    let problem = refused(server.client().await.plan(&file).await);
    assert_eq!(problem.exit, Exit::Usage);
}

#[tokio::test]
async fn figures_and_status_are_passed_on() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    assert!(client.figures().await.unwrap().services.is_empty());
    assert!(client.status().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_happened_comes_a_page_at_a_time_and_whole() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    assert_eq!(client.happenings(5).await.unwrap().known, []);
    let all: Vec<HappeningView> = (1..=450)
        .rev()
        .map(|number: u64| {
            let what = Happened::ControllerEnded;
            HappeningView::of(number, Happening::once(1, None, what))
        })
        .collect();
    server.fake.state().happenings.clone_from(&all);
    assert_eq!(client.happenings(1_000).await.unwrap().known, all);
    assert_eq!(client.happenings(3).await.unwrap().known, all[..3]);
}

#[tokio::test]
async fn a_deployment_begins_is_shown_is_listed_and_takes_commands() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let begun = client.deploy(&from(Source::File(hello()))).await.unwrap();
    let dep = begun.deployment.unwrap();
    assert_eq!(client.show(&dep).await.unwrap().by, "mira");
    assert_eq!(client.deployments(5).await.unwrap().len(), 1);
    assert_eq!(client.deployments(0).await.unwrap().len(), 0);
    let held = client
        .command(&dep, Command::Hold, "jo", None)
        .await
        .unwrap();
    assert_eq!(held.state, DeploymentState::Held);
    let said = server.fake.state().said.clone();
    assert_eq!(said, [(dep.clone(), Command::Hold, "jo".to_owned())]);
    let lines = client
        .command(&dep, Command::Abort, "jo", Some("two\nlines"))
        .await;
    assert!(
        refused(lines)
            .detail
            .is_some_and(|why| why.contains("`why`"))
    );
}

#[tokio::test]
async fn a_refusal_arrives_whole() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let problem = refused(client.show(&id("dep_09")).await);
    assert_eq!(problem.status, 404);
    assert_eq!(problem.code, Code("WL0307".to_owned()));
    assert_eq!(problem.hint.as_deref(), Some("windlass list"));
    let plan = PlanId::parse("plan_9").unwrap();
    let problem = refused(client.deploy(&from(Source::Plan(plan))).await);
    assert_eq!(problem.exit.code(), 5);
    let answer = client.deploy(&from(Source::Retry(id("dep_09")))).await;
    assert_eq!(refused(answer).status, 404);
    let answer = client
        .command(&id("dep_09"), Command::Abort, "jo", None)
        .await;
    assert_eq!(refused(answer).status, 404);
}

#[tokio::test]
async fn a_log_arrives_line_by_line_and_ends() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let query = LogQuery {
        app: "hello".to_owned(),
        environment: "default".to_owned(),
        service: "web".to_owned(),
        tail: None,
        lines: Some(20),
        since_us: Some(7),
        deployment: None,
        version: Some("1 +2".to_owned()),
        instance: None,
        follow: true,
    };
    let mut logs = server.client().await.logs(&query).await.unwrap();
    let mut texts = Vec::new();
    while let Some(line) = logs.next().await.unwrap() {
        texts.push(line.text);
    }
    assert_eq!(texts.len(), 3);
    assert_eq!(texts[2], "line 3\twith \u{fffd} and \"quotes\"");
    let asked = &server.fake.state().logs_asked[0];
    assert_eq!(asked.0.service.as_str(), "web");
    let which = &asked.1;
    assert_eq!((which.tail, which.follow), (64 * 1024 * 1024, true));
    assert_eq!((which.lines, which.since_us), (Some(20), Some(7)));
    assert_eq!(which.version.as_deref(), Some("1 +2"));
}

#[tokio::test]
async fn a_log_of_no_possible_name_is_refused() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let query = LogQuery {
        app: "hello".to_owned(),
        environment: "default".to_owned(),
        service: "../web".to_owned(),
        tail: Some(1),
        lines: None,
        since_us: None,
        deployment: None,
        version: None,
        instance: None,
        follow: false,
    };
    let answer = server.client().await.logs(&query).await;
    assert_eq!(refused(answer.map(|_logs| ())).status, 400);
}

#[tokio::test]
async fn down_says_what_it_ended() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let ask = |app: &str| DownRequest {
        app: app.to_owned(),
        environment: None,
        by: "mira".to_owned(),
        why: None,
    };
    let answer = client.down(&ask("hello")).await.unwrap();
    assert!(answer.last);
    assert_eq!(refused(client.down(&ask("other")).await).status, 409);
    assert_eq!(refused(client.down(&ask("Bad Name")).await).status, 400);
}

#[tokio::test]
async fn who_asks_is_one_short_line_that_no_terminal_obeys() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    for bad in ["", "mira\u{1b}[2J", "two\nlines", &"x".repeat(129)] {
        let request = DownRequest {
            app: "hello".to_owned(),
            environment: None,
            by: bad.to_owned(),
            why: None,
        };
        let problem = refused(client.down(&request).await);
        assert_eq!(problem.status, 400, "{bad:?}");
        let detail = problem.detail.unwrap();
        assert!(detail.contains("1 to 128 characters"), "{detail}");
    }
}
