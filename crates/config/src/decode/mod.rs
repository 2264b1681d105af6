//! The field tables and the shapes of their values.

mod access;
mod alone;
mod analysis;
mod argv;
mod choice;
mod collection;
mod command;
mod file;
mod finalize;
mod listen;
mod metric;
mod number;
mod place;
mod probe;
mod process;
mod score;
mod sentence;
mod service;
mod size;
mod strategy;
mod text;
mod token;
mod traffic;
mod trigger;

pub(crate) use access::SecretDraft;
pub(crate) use alone::{AloneFile, AloneServiceDraft, OriginDraft};
pub(crate) use analysis::{AnalysisDraft, Require};
pub(crate) use collection::Entries;
pub(crate) use command::CommandDraft;
pub(crate) use file::{FileDraft, WindlassFile};
pub(crate) use listen::{ListenDraft, ProxiesDraft, TlsDraft};
pub(crate) use metric::MetricDraft;
pub(crate) use probe::{DetailedDraft, ProbeDraft};
pub(crate) use process::ProcessDraft;
pub(crate) use score::{CategoryDraft, CheckDraft};
#[cfg(test)]
pub(crate) use service::Defaults;
pub(crate) use service::{MergedService, ServiceDraft};
pub(crate) use strategy::{StepDraft, StrategyDraft};
pub(crate) use text::version_problem;
pub(crate) use traffic::TrafficDraft;
pub(crate) use trigger::TriggersDraft;
