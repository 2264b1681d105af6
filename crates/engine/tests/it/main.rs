//! The engine, held to its invariants: rows of the transition tables, whole deployments against a fake
//! world, random histories, plans and environments.
#![expect(clippy::panic, reason = "a test helper that gives up says why")]

mod adjust;
mod beside;
mod builders;
mod command_target;
mod commands;
mod environment;
mod evidence;
mod first;
mod history;
mod in_place;
mod incidents;
mod judge;
mod labels;
mod opening;
mod plan;
mod properties;
mod recovery;
mod removal;
mod renames;
mod repair;
mod reports;
mod rollback;
mod scenarios;
mod score_gates;
mod settling;
mod show;
mod stuck;
mod triggers;
mod trips;
mod waits;
mod walk;
mod world;
