//! The field tables and the shapes of their values.

mod alone;
mod argv;
mod choice;
mod collection;
mod command;
mod file;
mod finalize;
mod listen;
mod number;
mod place;
mod probe;
mod process;
mod sentence;
mod service;
mod strategy;
mod text;
mod trigger;

pub(crate) use alone::{AloneFile, AloneServiceDraft, OriginDraft};
pub(crate) use collection::Entries;
pub(crate) use command::CommandDraft;
pub(crate) use file::{FileDraft, WindlassFile};
pub(crate) use listen::{ListenDraft, ProxiesDraft, TlsDraft};
pub(crate) use probe::ProbeDraft;
pub(crate) use process::ProcessDraft;
pub(crate) use service::{MergedService, ServiceDraft};
pub(crate) use strategy::{StepDraft, StrategyDraft};
pub(crate) use text::version_problem;
pub(crate) use trigger::TriggersDraft;
