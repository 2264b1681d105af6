//! What takes more than one value to see.

mod addresses;
mod commands;
mod every;
mod needs;
mod probes;
mod renames;
mod strategies;
mod variables;

pub(crate) use addresses::check as check_addresses;
pub(crate) use every::every_environment;
