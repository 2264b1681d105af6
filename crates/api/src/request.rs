//! What clients ask.
//!
//! A field that is not known is refused, so that a misspelt one is not silently without effect. A field that is
//! added to a request is therefore left out by our clients where it is not needed (`skip_serializing_if`): an
//! older controller then refuses only those who ask for what it can't do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
#[cfg(feature = "openapi")]
use windlass_model::REASON_LONGEST;
use windlass_model::{
    AppName, DeploymentId, EnvironmentName, InstanceId, Job, Percent, PlanId, Repair, ServiceKey,
    ServiceName, Version,
};

use crate::PlanView;
use crate::integer::whole_if_known;

/// Longest name of who asks, in characters.
pub const BY_MAX: usize = 128;

/// What the name of who asks looks like: people read it in a terminal.
#[cfg(feature = "openapi")]
fn signature() -> utoipa::openapi::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some("Who asks: one line, without control characters"))
        .min_length(Some(1))
        .max_length(Some(BY_MAX))
        .pattern(Some(r"^[^\x00-\x1f\x7f-\x9f]*$"))
        .build()
}

/// What a reason looks like, or that none is given.
#[cfg(feature = "openapi")]
fn reason() -> utoipa::openapi::Object {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(
            "Why: one line, without control characters or those that turn the order of reading",
        ))
        .min_length(Some(1))
        .max_length(Some(REASON_LONGEST))
        .pattern(Some(
            r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$",
        ))
        .build()
}

/// Services, each with a version: pairs of exactly two texts, which a tuple's own schema does not say.
#[cfg(feature = "openapi")]
fn pairs() -> utoipa::openapi::Array {
    use utoipa::openapi::{ArrayBuilder, ObjectBuilder, schema::Type};
    let text = ObjectBuilder::new().schema_type(Type::String);
    let pair = ArrayBuilder::new()
        .items(text)
        .min_items(Some(2))
        .max_items(Some(2));
    ArrayBuilder::new()
        .description(Some("`--set S=V`: a service and a version each"))
        .items(pair)
        .build()
}

/// A file and what its deployer has: enough to plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FileRequest {
    /// The file's text.
    pub text: String,
    /// Its name, for messages. Its ending says the format: `.toml`, `.json`, else YAML.
    pub name: String,
    /// The folder that its relative paths belong to; absolute. Accepted on the private socket only.
    #[cfg_attr(feature = "openapi", schema(pattern = "^/"))]
    pub folder: String,
    /// `-e`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<EnvironmentName>))]
    pub environment: Option<String>,
    /// `--set S=V`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(schema_with = pairs))]
    pub set: Vec<(String, String)>,
    /// Values of the names that `run` and `env` take from the deployer's environment.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// PATH, HOME and LANG of the deployer.
    #[serde(default)]
    pub surroundings: BTreeMap<String, String>,
}

/// What a deployment is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A file: planned now.
    File(FileRequest),
    /// A stored plan: its releases and values; refused when stale.
    Plan(PlanId),
    /// The stored plan of an ended deployment, once more from the first step.
    Retry(DeploymentId),
}

/// `POST /v1/deployments`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeployRequest {
    /// From what.
    pub source: Source,
    /// Who asks.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// `--move`: the application's folder may change.
    #[serde(default)]
    pub may_move: bool,
    /// `--keep-failed`: a candidate that fails runs on without traffic, until the next deployment.
    #[serde(default)]
    pub keep_failed: bool,
    /// `--wait`: how long it may queue behind a deployment that holds the lock, in milliseconds.
    #[serde(default, deserialize_with = "whole_if_known")]
    pub wait_ms: Option<u64>,
    /// `--supersede`: the deployment that holds the lock is taken back first.
    #[serde(default)]
    pub supersede: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// Answer to [`DeployRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeployAnswer {
    /// The deployment; none when there is nothing to do.
    pub deployment: Option<DeploymentId>,
    /// What it will do.
    pub plan: PlanView,
}

/// What a person says to a running deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Wait until resumed.
    Hold,
    /// End the wait.
    Resume,
    /// Stop and go back.
    Abort,
    /// Skip the remaining bakes and steps.
    Promote,
    /// Drop the standby that an ended deployment has left.
    Finalize,
    /// Mend what is stuck.
    Repair {
        /// How.
        how: Repair,
    },
}

/// `POST /v1/deployments/{id}/commands`. Repeating a command that already holds is accepted; one
/// that no longer applies is refused with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CommandRequest {
    /// What.
    pub command: Command,
    /// Who says it.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// `POST /v1/deployments/{id}/finalize`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FinalizeRequest {
    /// Who says it.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// `POST /v1/deployments/{id}/repair`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RepairRequest {
    /// How.
    pub how: Repair,
    /// Who says it.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// `POST /v1/rollbacks`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    /// The application.
    #[cfg_attr(feature = "openapi", schema(value_type = AppName))]
    pub app: String,
    /// Its environment.
    #[cfg_attr(feature = "openapi", schema(value_type = EnvironmentName))]
    pub environment: String,
    /// One service of it; none for all of what was promoted last.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ServiceName>))]
    pub service: Option<String>,
    /// `--to`: this version, also one that was rolled back from.
    #[serde(default)]
    pub to: Option<String>,
    /// What a check has shown, the version that each service goes back to: refused if it would be another
    /// by now.
    #[serde(default)]
    pub agreed: Option<BTreeMap<String, Version>>,
    /// Who asks.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// Answer to [`RollbackRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackAnswer {
    /// The deployment that goes back: a new one, or the one that was aborted. None when everything is
    /// there already.
    pub deployment: Option<DeploymentId>,
    /// Whether a deployment ran, so that it was aborted.
    pub aborted: bool,
    /// What the new one will do.
    #[serde(default)]
    pub plan: Option<PlanView>,
    /// Services among what was promoted that stay as they are; with why.
    #[serde(default)]
    pub stays: BTreeMap<ServiceName, String>,
}

/// `POST /v1/removals`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RemoveRequest {
    /// The application.
    #[cfg_attr(feature = "openapi", schema(value_type = AppName))]
    pub app: String,
    /// Its environment.
    #[cfg_attr(feature = "openapi", schema(value_type = EnvironmentName))]
    pub environment: String,
    /// The service.
    #[cfg_attr(feature = "openapi", schema(value_type = ServiceName))]
    pub service: String,
    /// Who asks.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// Answer to [`RemoveRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemoveAnswer {
    /// The deployment that takes it away.
    pub deployment: DeploymentId,
    /// What it will do.
    pub plan: PlanView,
}

/// `POST /v1/adoptions`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AdoptRequest {
    /// Who asks.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// Answer to [`AdoptRequest`]. The controller ends after it; the next one starts above `epoch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdoptAnswer {
    /// What was adopted.
    pub environments: Vec<AdoptedView>,
    /// The highest epoch that was heard of.
    pub epoch: u64,
    /// What runs and was not adopted: nobody looks after it any more.
    #[serde(default)]
    pub left: Vec<LeftView>,
}

/// An instance that runs and belongs to nothing that was adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeftView {
    /// Whose.
    pub service: ServiceKey,
    /// Which.
    pub instance: InstanceId,
    /// What it runs.
    pub version: Version,
    /// The share of traffic that its slot has until the service's next deployment.
    pub weight: Percent,
}

/// One environment whose running services were written down as stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdoptedView {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// Its services.
    pub services: Vec<ServiceName>,
}

/// `POST /v1/down`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DownRequest {
    /// The application.
    #[cfg_attr(feature = "openapi", schema(value_type = AppName))]
    pub app: String,
    /// One environment of it; none for all.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<EnvironmentName>))]
    pub environment: Option<String>,
    /// Who asks.
    #[cfg_attr(feature = "openapi", schema(schema_with = signature))]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = reason))]
    pub why: Option<String>,
}

/// Answer to [`DownRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DownAnswer {
    /// Services whose instances were ended.
    pub ended: Vec<ServiceName>,
    /// Services of a script: what that has deployed stays as it left it, and nothing of it was Windlass's to end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<ServiceName>,
    /// Deployments that were stuck, and ended with it: each as far as it had come, with no say about what is live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<DeploymentId>,
    /// Whether nothing is left, so that the controller and its router end too.
    pub last: bool,
}

/// `GET /v1/logs`: query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct LogQuery {
    /// The application.
    #[cfg_attr(feature = "openapi", param(value_type = AppName))]
    pub app: String,
    /// Its environment.
    #[cfg_attr(feature = "openapi", param(value_type = EnvironmentName))]
    pub environment: String,
    /// The service.
    #[cfg_attr(feature = "openapi", param(value_type = ServiceName))]
    pub service: String,
    /// Most bytes per stream and instance to begin with.
    #[serde(default)]
    pub tail: Option<u64>,
    /// Most lines per instance to begin with, of those that `tail` leaves.
    #[serde(default)]
    pub lines: Option<u64>,
    /// Begin with what was printed after this time, microseconds since 1970 UTC.
    #[serde(default)]
    pub since_us: Option<i64>,
    /// Only what this deployment has started.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(value_type = Option<DeploymentId>))]
    pub deployment: Option<String>,
    /// Only what runs or ran this version.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(max_length = 100))]
    pub version: Option<String>,
    /// Only the instance with this id, or with this end of it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(max_length = 100))]
    pub instance: Option<String>,
    /// Whether to go on until the client leaves.
    #[serde(default)]
    pub follow: bool,
}

/// One line of the answer to [`LogQuery`] (`application/x-ndjson`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// Which instance printed it.
    pub instance: String,
    /// The version it runs.
    pub version: String,
    /// What of a script it is; none of a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// The line, without its end; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Where the line ends in its stream, in bytes: what was read twice is known by it. 0 where that
    /// is not known.
    #[serde(default)]
    pub end: u64,
    /// When it was printed, at most a second late, microseconds since 1970 UTC; none where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_us: Option<i64>,
}
