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
    AdoptAnswer, AdoptRequest, AdoptedView, Command, CommandRequest, DeployAnswer, DeployRequest,
    DownAnswer, DownRequest, FileRequest, FinalizeRequest, LeftView, LogLine, LogQuery,
    RemoveAnswer, RemoveRequest, RepairRequest, RollbackAnswer, RollbackRequest, Source,
};
pub use view::{
    DeploymentView, EnvironmentView, FiguresView, InstanceView, LockView, LostHistoryView,
    PlanView, RolloutView, ServiceView, SlotView, VersionFigures, VersionView,
};

/// Version of this contract. A client refuses a controller of another one and says which command
/// upgrades it.
pub const API_VERSION: u32 = 1;

/// How the holder of a deployment that met a halt begins, before the name of who halted: so clients
/// tell it from a person's own hold.
pub const HALT_SIGN: &str = "halt (";
