//! What a request is about.

use std::collections::BTreeMap;

use windlass_model::{AppName, DeploymentId, EnvironmentName, ServiceName, Version};

use crate::handle::{From, When};

/// One service of one environment.
#[derive(Clone, Debug)]
pub struct ServiceAt {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The service.
    pub service: ServiceName,
}

/// Which of a service's lines.
#[derive(Clone, Debug, Default)]
pub struct LinesAt {
    /// Most bytes per stream and instance to begin with.
    pub tail: u64,
    /// Most lines per instance of these.
    pub lines: Option<u64>,
    /// Only what was printed later, microseconds since 1970 UTC.
    pub since_us: Option<i64>,
    /// Only what this deployment has started.
    pub deployment: Option<DeploymentId>,
    /// Only what runs or ran this version.
    pub version: Option<String>,
    /// Only the instance with this id, or this end of it.
    pub instance: Option<String>,
    /// Whether to go on.
    pub follow: bool,
}

/// What goes back.
#[derive(Clone, Debug)]
pub struct RollbackAt {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// One service of it; none for all that were promoted last.
    pub service: Option<ServiceName>,
    /// To this version, also one that was rolled back from; none for the last good one.
    pub to: Option<Version>,
    /// What somebody has agreed to, if it was shown before: the version that each service goes back to, by
    /// its name as it was sent. It is refused where it would be another by now.
    pub agreed: Option<BTreeMap<String, Version>>,
}

/// What is asked for, to hear what it would do.
#[derive(Clone, Debug)]
pub enum Check {
    /// A deployment.
    Deploy {
        /// From what.
        from: From,
        /// Whether the application may come from another folder than before.
        may_move: bool,
        /// When it would begin.
        when: When,
    },
    /// A rollback.
    Rollback(RollbackAt),
    /// That a service goes.
    Remove(ServiceAt),
    /// That an application's services end: in one environment, else in all.
    Down(AppName, Option<EnvironmentName>),
}
