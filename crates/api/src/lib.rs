//! The contract between the controller and its clients.
//!
//! Requests, views, events and problems as they travel over HTTP, and the exit codes that scripts
//! rely on. Plain data; a field is only ever added.

mod event;
mod exit;
mod problem;
mod request;
mod view;

pub use event::{Event, EventQuery};
pub use exit::Exit;
pub use problem::{Code, Problem};
pub use request::{
    Command, CommandRequest, DeployAnswer, DeployRequest, DownAnswer, DownRequest, FileRequest,
    LogLine, LogQuery, Source,
};
pub use view::{
    DeploymentView, EnvironmentView, FiguresView, InstanceView, PlanView, RolloutView, ServiceView,
    SlotView, VersionFigures, VersionView,
};

/// Version of this contract. A client refuses a controller of another one and says which command
/// upgrades it.
pub const API_VERSION: u32 = 1;
