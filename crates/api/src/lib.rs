//! The contract between the controller and its clients.
//!
//! Requests, views, events and problems as they travel over HTTP, and the exit codes that scripts
//! rely on. Plain data; a field is only ever added.

mod brought;
mod check;
mod event;
mod exit;
mod figures;
mod happening;
mod integer;
mod novelty;
mod page;
mod problem;
mod readiness;
mod report;
mod request;
mod risk;
mod said;
mod score;
mod slot;
mod token;
mod typed;
mod view;
mod went_back;

pub use brought::{Brought, BroughtView};
pub use check::{CheckAnswer, CheckRequest};
pub use event::{Event, EventQuery};
pub use exit::Exit;
pub use figures::{FiguresView, VersionFigures};
pub use happening::{HappeningPage, HappeningView, RestartsView};
pub use novelty::Novelty;
pub use page::{DeploymentPage, ListQuery};
pub use problem::{Code, Problem};
pub use readiness::{NotReadyView, UnreadyView};
pub use report::{ReportAnswer, ReportRequest, ReportedView, RunView};
pub use request::{
    AdoptAnswer, AdoptRequest, AdoptedView, BY_MAX, Command, CommandRequest, DeployAnswer,
    DeployRequest, DownAnswer, DownRequest, FileRequest, FinalizeRequest, LeftView, LogLine,
    LogQuery, RemoveAnswer, RemoveRequest, RepairRequest, RollbackAnswer, RollbackRequest, Source,
};
pub use risk::{LearnedRisk, RiskReason, RiskView};
pub use said::{SaidView, Word};
pub use score::{
    DeploymentScore, LetGo, ScoreList, ScoreNote, ScoreView, StepScoreView, points, score_number,
    score_shut,
};
pub use slot::{InstanceView, SlotView};
pub use token::{Scope, TokenAnswer, TokenList, TokenRequest, TokenView};
pub use typed::command_in;
pub use view::{
    BecauseView, DeploymentView, EnvironmentView, EvidenceView, HeldView, LockView,
    LostHistoryView, NoStartView, PlanView, RolloutView, RouterView, ServiceView, SilentRouterView,
    TakesView, VersionView,
};
pub use went_back::{WentBack, WentBackView};

/// Version of this contract: higher whenever something is taken away or changes its shape, never for
/// what is only added. A client refuses a controller of another one and says which command upgrades it.
///
/// Since 2 the list of deployments is a page (`deployments`, `next`), not a bare list.
pub const API_VERSION: u32 = 2;

/// The header in which both sides say their [`API_VERSION`].
pub const API_HEADER: &str = "windlass-api";

/// The header in which both sides say the version of their binary.
pub const VERSION_HEADER: &str = "windlass-version";

/// The header by which a client says that a request is the same one again: 1 to 128 visible ASCII
/// characters, a new one for each thing that is begun.
pub const KEY_HEADER: &str = "idempotency-key";

/// How long a key is known.
pub const KEYS_KEPT: std::time::Duration = std::time::Duration::from_hours(24);

/// How the holder of a deployment that met a halt begins, before the name of who halted: so clients
/// tell it from a person's own hold.
pub const HALT_SIGN: &str = "halt (";
