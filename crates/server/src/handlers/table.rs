//! What is served where, to whom, and what the API's document says of it.

use axum::routing::{MethodRouter, delete, get, post};
use windlass_api::{
    AdoptAnswer, AdoptRequest, CheckAnswer, CheckRequest, CommandRequest, DeployAnswer,
    DeployRequest, DeploymentPage, DeploymentView, DownAnswer, DownRequest, EnvironmentView,
    EventQuery, FiguresView, FileRequest, FinalizeRequest, HappeningPage, ListQuery, LogQuery,
    PlanView, RemoveAnswer, RemoveRequest, RepairRequest, ReportAnswer, ReportRequest,
    RollbackAnswer, RollbackRequest, RunView, Scope, ScoreList, ScoreView, TokenAnswer, TokenList,
    TokenRequest, TokenView, VersionView,
};

use super::{
    adoptions, checks, deployments, document, down, environments, events, figures, happenings,
    health, logs, plans, removals, reports, rollbacks, scores, status, tokens, version,
};
use crate::Controller;
use crate::access::Access;
use crate::app::App;
use crate::says::Says;

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Looks; a second time does no harm.
    Get,
    /// Does.
    Post,
    /// Takes away.
    Delete,
}

impl Verb {
    /// As a request has it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// One method of one path.
pub(crate) struct Row<C> {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// Whether it begins something, so that it takes an idempotency key.
    pub(crate) begins: bool,
    /// Whether its body is as short as a report.
    pub(crate) short: bool,
    pub(crate) says: Says,
    pub(crate) handler: MethodRouter<App<C>>,
}

impl<C> Row<C> {
    /// The same, at this path, for these callers.
    fn at(mut self, path: &'static str, access: Access) -> Self {
        self.path = path;
        self.access = access;
        self
    }
}

fn row<C>(verb: Verb, says: Says, handler: MethodRouter<App<C>>) -> Row<C> {
    Row {
        verb,
        path: "",
        access: Access::Owner,
        begins: verb == Verb::Post,
        short: false,
        says,
        handler,
    }
}

const READ: Access = Access::From(Scope::Read);
const OPERATE: Access = Access::From(Scope::Operate);
const DEPLOY: Access = Access::From(Scope::Deploy);

/// What a deployment's id looks like.
const DEPLOYMENT: Option<&str> = Some("^dep_[0-9a-z]{1,60}$");

/// What names look like.
const NAME: Option<&str> = Some("^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$");

/// Refusals of what is planned from a file.
const FILE: [&str; 7] = [
    "WL01xx", "WL0309", "WL0310", "WL0311", "WL0330", "WL0372", "WL0464",
];

/// Refusals of what begins a deployment.
const BEGINS: [&str; 13] = [
    "WL0304", "WL0305", "WL0306", "WL0307", "WL0312", "WL0340", "WL0341", "WL0342", "WL0343",
    "WL0351", "WL0379", "WL0380", "WL0474",
];

/// Refusals of what is said to a deployment.
const SAID: [&str; 10] = [
    "WL0307", "WL0313", "WL0330", "WL0340", "WL0348", "WL0349", "WL0350", "WL0304", "WL0316",
    "WL0380",
];

/// Refusals of what goes back or takes away.
const RETURNS: [&str; 10] = [
    "WL0308", "WL0310", "WL0313", "WL0330", "WL0345", "WL0346", "WL0344", "WL0354", "WL0380",
    "WL0453",
];

/// Every route. Router and document are made from it, so neither has one that the other lacks.
pub(crate) fn rows<C: Controller>() -> Vec<Row<C>> {
    let mut all = about();
    all.extend(looking());
    all.extend(telling());
    all.extend(deploying());
    all.extend(saying());
    all.extend(running());
    all.extend(owning());
    all
}

fn about<C: Controller>() -> Vec<Row<C>> {
    let says = |id, what| Says::new(id, what);
    vec![
        row(
            Verb::Get,
            says("alive", "Whether the controller answers").answers::<health::Health>(),
            get(health::alive),
        )
        .at("/healthz", Access::Open),
        row(
            Verb::Get,
            says("ready", "Whether the controller takes work")
                .answers::<health::Health>()
                .refuses(&["WL0330"]),
            get(health::ready::<C>),
        )
        .at("/readyz", Access::Open),
        row(
            Verb::Get,
            says("version", "Which controller this is").answers::<VersionView>(),
            get(version::get::<C>),
        )
        .at("/v1/version", READ),
        row(
            Verb::Get,
            says("document", "This document").answers_something(),
            get(document::get),
        )
        .at("/v1/openapi.json", READ),
    ]
}

fn looking<C: Controller>() -> Vec<Row<C>> {
    vec![
        row(
            Verb::Get,
            Says::new("status", "Every environment and what runs in it")
                .lists::<EnvironmentView>()
                .refuses(&[]),
            get(status::get::<C>),
        )
        .at("/v1/status", READ),
        row(
            Verb::Get,
            Says::new("environment", "One environment")
                .within("app", NAME)
                .within("environment", NAME)
                .answers::<EnvironmentView>()
                .tagged()
                .refuses(&["WL0308"]),
            get(environments::get::<C>),
        )
        .at("/v1/environments/{app}/{environment}", READ),
        row(
            Verb::Get,
            Says::new("scores", "Health scores of an environment, newest first")
                .within("app", NAME)
                .within("environment", NAME)
                .answers::<ScoreList>()
                .refuses(&[]),
            get(scores::list::<C>),
        )
        .at("/v1/environments/{app}/{environment}/scores", READ),
        row(
            Verb::Get,
            Says::new("figures", "What the router has counted")
                .answers::<FiguresView>()
                .refuses(&["WL0316"]),
            get(figures::get::<C>),
        )
        .at("/v1/figures", READ),
        row(
            Verb::Get,
            Says::new("deployments", "Deployments, newest first, a page at a time")
                .asks::<ListQuery>()
                .answers::<DeploymentPage>()
                .refuses(&[]),
            get(deployments::list::<C>),
        )
        .at("/v1/deployments", READ),
        row(
            Verb::Get,
            Says::new("deployment", "One deployment")
                .within("id", DEPLOYMENT)
                .answers::<DeploymentView>()
                .tagged()
                .refuses(&["WL0307"]),
            get(deployments::show::<C>),
        )
        .at("/v1/deployments/{id}", READ),
    ]
}

fn telling<C: Controller>() -> Vec<Row<C>> {
    let events_say = Says::new("events", "Events after a sequence, then as they happen")
        .asks::<EventQuery>()
        .switches()
        .streams("text/event-stream", "Server-sent events: one Event each")
        .refuses(&["WL0307", "WL0471"]);
    let logs_say = Says::new("logs", "What a service's instances printed")
        .asks::<LogQuery>()
        .streams("application/x-ndjson", "One LogLine a line")
        .refuses(&["WL0308", "WL0489"]);
    vec![
        row(Verb::Get, events_say, get(events::get::<C>)).at("/v1/events", READ),
        row(
            Verb::Get,
            Says::new(
                "happenings",
                "What happened outside of deployments, newest first, a page at a time",
            )
            .asks::<ListQuery>()
            .answers::<HappeningPage>()
            .refuses(&[]),
            get(happenings::list::<C>),
        )
        .at("/v1/happenings", READ),
        row(Verb::Get, logs_say, get(logs::get::<C>)).at("/v1/logs", READ),
    ]
}

fn deploying<C: Controller>() -> Vec<Row<C>> {
    vec![
        row(
            Verb::Post,
            Says::new("plan", "What a deployment of a file would do")
                .takes::<FileRequest>()
                .answers::<PlanView>()
                .refuses(&FILE),
            post(plans::post::<C>),
        )
        .at("/v1/plans", DEPLOY),
        row(
            Verb::Post,
            Says::new("score", "Measures the health score that a file asks for")
                .takes::<FileRequest>()
                .answers::<ScoreView>()
                .refuses(&FILE)
                .refuses(&["WL0325"]),
            post(scores::post::<C>),
        )
        .at("/v1/scores", DEPLOY),
        row(
            Verb::Post,
            Says::new("deploy", "Begins a deployment")
                .takes::<DeployRequest>()
                .answers::<DeployAnswer>()
                .conditional()
                .refuses(&FILE)
                .refuses(&BEGINS),
            post(deployments::post::<C>),
        )
        .at("/v1/deployments", DEPLOY),
        row(
            Verb::Post,
            Says::new(
                "check",
                "What a deployment, a removal or an end would do; nothing begins",
            )
            .takes::<CheckRequest>()
            .answers::<CheckAnswer>()
            .refuses(&FILE)
            .refuses(&RETURNS)
            .refuses(&BEGINS)
            .refuses(&["WL0347"]),
            post(checks::post::<C>),
        )
        .at("/v1/checks", DEPLOY),
        row(
            Verb::Post,
            Says::new("remove", "Takes a service away")
                .takes::<RemoveRequest>()
                .answers::<RemoveAnswer>()
                .conditional()
                .refuses(&RETURNS)
                .refuses(&BEGINS)
                .refuses(&["WL0347"]),
            post(removals::post::<C>),
        )
        .at("/v1/removals", DEPLOY),
        row(
            Verb::Post,
            Says::new("down", "Ends an application's services")
                .takes::<DownRequest>()
                .answers::<DownAnswer>()
                .refuses(&["WL0304", "WL0315", "WL0330"]),
            post(down::post::<C>),
        )
        .at("/v1/down", DEPLOY),
    ]
}

fn saying<C: Controller>() -> Vec<Row<C>> {
    let says = |id, what| {
        Says::new(id, what)
            .within("id", DEPLOYMENT)
            .answers::<DeploymentView>()
            .tagged()
            .conditional()
            .refuses(&SAID)
    };
    vec![
        row(
            Verb::Post,
            Says::new("rollback", "Goes back to earlier releases")
                .takes::<RollbackRequest>()
                .answers::<RollbackAnswer>()
                .conditional()
                .refuses(&RETURNS)
                .refuses(&BEGINS)
                .refuses(&["WL0353"]),
            post(rollbacks::post::<C>),
        )
        .at("/v1/rollbacks", OPERATE),
        row(
            Verb::Post,
            Says::new("rollback_check", "What a rollback would do; nothing begins")
                .takes::<RollbackRequest>()
                .answers::<CheckAnswer>()
                .refuses(&RETURNS)
                .refuses(&BEGINS)
                .refuses(&["WL0353"]),
            post(checks::rollback::<C>),
        )
        .at("/v1/rollbacks/check", OPERATE),
        row(
            Verb::Post,
            says(
                "command",
                "Hold, resume, abort, promote, finalize or repair",
            )
            .takes::<CommandRequest>(),
            post(deployments::command::<C>),
        )
        .at("/v1/deployments/{id}/commands", OPERATE),
        row(
            Verb::Post,
            says("finalize", "Drops what a deployment has left running").takes::<FinalizeRequest>(),
            post(deployments::finalize::<C>),
        )
        .at("/v1/deployments/{id}/finalize", OPERATE),
        row(
            Verb::Post,
            says("repair", "Mends a deployment that is stuck").takes::<RepairRequest>(),
            post(deployments::repair::<C>),
        )
        .at("/v1/deployments/{id}/repair", OPERATE),
    ]
}

fn running<C: Controller>() -> Vec<Row<C>> {
    let says = |id, what| {
        Says::new(id, what)
            .within("id", DEPLOYMENT)
            .within("service", NAME)
            .refuses(&["WL0330", "WL0377"])
    };
    let mut report = row(
        Verb::Post,
        says("report", "What the run of a service's command says")
            .refuses(&["WL0474"])
            .takes::<ReportRequest>()
            .answers::<ReportAnswer>(),
        post(reports::post::<C>),
    );
    // Many come, and the keys of what begins something should not be forgotten for them.
    report.begins = false;
    report.short = true;
    vec![
        report.at(
            "/v1/deployments/{id}/services/{service}/reports",
            Access::Run,
        ),
        row(
            Verb::Get,
            says(
                "health",
                "How the deployment of a run is, and whether it is wanted",
            )
            .answers::<RunView>(),
            get(reports::health::<C>),
        )
        .at(
            "/v1/deployments/{id}/services/{service}/health",
            Access::Run,
        ),
    ]
}

fn owning<C: Controller>() -> Vec<Row<C>> {
    let mut create = row(
        Verb::Post,
        Says::new("create_token", "Makes a token for the network")
            .takes::<TokenRequest>()
            .answers::<TokenAnswer>()
            .refuses(&["WL0374", "WL0375"]),
        post(tokens::post::<C>),
    );
    // Its answer holds a secret, which is not to be remembered.
    create.begins = false;
    vec![
        row(
            Verb::Post,
            Says::new(
                "adopt",
                "Writes down as stable what runs, after a lost journal",
            )
            .takes::<AdoptRequest>()
            .answers::<AdoptAnswer>()
            .refuses(&["WL0316", "WL0331", "WL0332"]),
            post(adoptions::post::<C>),
        )
        .at("/v1/adoptions", Access::Owner),
        create.at("/v1/tokens", Access::Owner),
        row(
            Verb::Get,
            Says::new("tokens", "Tokens, without their secrets").answers::<TokenList>(),
            get(tokens::list::<C>),
        )
        .at("/v1/tokens", Access::Owner),
        row(
            Verb::Delete,
            Says::new("revoke_token", "Ends a token")
                .within("id", None)
                .answers::<TokenView>()
                .refuses(&["WL0373", "WL0374"]),
            delete(tokens::delete::<C>),
        )
        .at("/v1/tokens/{id}", Access::Owner),
    ]
}
