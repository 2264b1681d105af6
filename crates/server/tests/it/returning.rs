//! Going back, taking away and mending.

use windlass_api::{
    CheckAnswer, CheckRequest, Command, DeployRequest, DownRequest, RemoveRequest, RollbackRequest,
    Source,
};
use windlass_client::ClientError;
use windlass_model::{DeploymentState, Millis, Repair};
use windlass_runtime::{Check, When};

use crate::fake::id;
use crate::standing::{Standing, folder, hello};

#[tokio::test]
async fn a_deployment_may_wait_for_another_or_take_its_place_but_not_both() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let mut request = DeployRequest {
        source: Source::File(hello()),
        by: "mira".to_owned(),
        may_move: false,
        keep_failed: false,
        wait_ms: None,
        supersede: false,
        why: None,
    };
    client.deploy(&request).await.unwrap();
    request.wait_ms = Some(300);
    client.deploy(&request).await.unwrap();
    request.supersede = true;
    let refused = client.deploy(&request).await.unwrap_err();
    assert_eq!(refused.exit().code(), 64);
    request.wait_ms = None;
    client.deploy(&request).await.unwrap();
    let when = server.fake.state().when.clone();
    let wait = When::Wait(Millis::from_millis(300));
    assert_eq!(when, [When::Now, wait, When::Supersede]);
}

#[tokio::test]
async fn a_rollback_names_its_place_and_bad_names_are_refused() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let mut request = RollbackRequest {
        app: "shop".to_owned(),
        environment: "default".to_owned(),
        service: Some("api".to_owned()),
        to: Some("1.4.1".to_owned()),
        agreed: None,
        by: "mira".to_owned(),
        why: None,
    };
    let answer = client.rollback(&request).await.unwrap();
    assert!(answer.aborted && answer.deployment.is_some() && answer.plan.is_none());
    request.service = Some("No Name".to_owned());
    let refused = client.rollback(&request).await.unwrap_err();
    assert_eq!(refused.exit().code(), 64);
    let asked = server.fake.state().rolled_back.clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].service.as_ref().unwrap().as_str(), "api");
    assert_eq!(asked[0].to.as_ref().unwrap().0, "1.4.1");
}

#[tokio::test]
async fn a_removal_that_is_refused_keeps_its_exit_code() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let request = RemoveRequest {
        app: "shop".to_owned(),
        environment: "default".to_owned(),
        service: "api".to_owned(),
        by: "mira".to_owned(),
        why: Some("it is no longer used".to_owned()),
    };
    match client.remove(&request).await {
        Err(ClientError::Refused(problem)) => assert_eq!(problem.exit.code(), 5),
        other => panic!("{other:?}"),
    }
    assert_eq!(server.fake.state().removed.len(), 1);
}

#[tokio::test]
async fn a_deployment_is_finalized_repaired_and_what_runs_adopted() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let request = DeployRequest {
        source: Source::File(hello()),
        by: "mira".to_owned(),
        may_move: false,
        keep_failed: false,
        wait_ms: None,
        supersede: false,
        why: None,
    };
    let dep = client.deploy(&request).await.unwrap().deployment.unwrap();
    client
        .finalize(&dep, "jo", Some("frees memory"))
        .await
        .unwrap();
    let how = Repair::Abandon;
    let view = client.repair(&dep, how, "jo", None).await.unwrap();
    assert_eq!(view.state, DeploymentState::Returning);
    let said = server.fake.state().said.clone();
    let commands: Vec<_> = said.iter().map(|(_, command, _)| *command).collect();
    assert_eq!(commands, [Command::Finalize, Command::Repair { how }]);
    assert!(client.finalize(&id("dep_09"), "jo", None).await.is_err());
    assert_eq!(client.adopt("jo", None).await.unwrap().epoch, 7);
}

#[tokio::test]
async fn a_check_asks_what_would_be_done_and_does_none_of_it() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let (app, environment) = ("shop".to_owned(), "default".to_owned());
    let by = "mira".to_owned();
    let removal = RemoveRequest {
        app: app.clone(),
        environment: environment.clone(),
        service: "api".to_owned(),
        by: by.clone(),
        why: None,
    };
    let rollback = RollbackRequest {
        app: app.clone(),
        environment: environment.clone(),
        service: None,
        to: None,
        agreed: None,
        by: by.clone(),
        why: None,
    };
    let down = DownRequest {
        app,
        environment: Some(environment),
        by: by.clone(),
        why: None,
    };
    let deploy = DeployRequest {
        source: Source::File(hello()),
        by,
        may_move: true,
        keep_failed: false,
        wait_ms: None,
        supersede: true,
        why: None,
    };
    for check in [
        CheckRequest::Remove(removal),
        CheckRequest::Down(down),
        CheckRequest::Deploy(deploy),
    ] {
        let answer = client.check(&check).await.unwrap();
        assert_eq!(answer, Some(CheckAnswer::default()));
    }
    client.check_rollback(&rollback).await.unwrap();
    let state = server.fake.state();
    assert!(state.rolled_back.is_empty() && state.removed.is_empty() && state.when.is_empty());
    let [remove, down, deploy, rollback] = state.checked.as_slice() else {
        panic!("{:?}", state.checked);
    };
    assert!(matches!(remove, Check::Remove(at) if at.service.as_str() == "api"));
    assert!(matches!(down, Check::Down(_, Some(place)) if place.as_str() == "default"));
    let superseding = |when: &When| *when == When::Supersede;
    assert!(matches!(deploy, Check::Deploy { may_move: true, when, .. } if superseding(when)));
    assert!(matches!(rollback, Check::Rollback(at) if at.service.is_none()));
}
