//! The field tables and the shapes of their values.

mod argv;
mod choice;
mod collection;
mod file;
mod number;
mod place;
mod probe;
mod process;
mod service;
mod strategy;
mod text;

pub(crate) use file::{FileDraft, WindlassFile};
pub(crate) use probe::ProbeDraft;
pub(crate) use process::ProcessDraft;
pub(crate) use service::{MergedService, ServiceDraft};
pub(crate) use strategy::{StepDraft, StrategyDraft};
pub(crate) use text::version_problem;
