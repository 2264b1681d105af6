//! The names and numbers of the sample.

use windlass_model::{
    AppName, DeploymentId, EnvironmentName, InstanceId, Percent, PlanId, ServiceName, Version,
};

pub(crate) const STARTED_US: i64 = 1_795_269_731_000_000;

pub(crate) fn at(ms: i64) -> i64 {
    STARTED_US + ms * 1000
}

pub(crate) fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

pub(super) fn app() -> AppName {
    AppName::new("shop").unwrap()
}

pub(super) fn production() -> EnvironmentName {
    EnvironmentName::new("production").unwrap()
}

pub(super) fn version(text: &str) -> Version {
    Version(text.to_owned())
}

pub(super) fn id(text: &str) -> DeploymentId {
    DeploymentId::parse(text).unwrap()
}

pub(super) fn plan_id() -> PlanId {
    PlanId::from_tail("9f3cab12340000").unwrap()
}

pub(crate) fn instance(tail: &str) -> InstanceId {
    InstanceId::from_tail(tail).unwrap()
}

pub(super) fn percent(share: u64) -> Percent {
    Percent::new(share).unwrap()
}
