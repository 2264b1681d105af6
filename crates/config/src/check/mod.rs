//! What takes more than one value to see.

mod addresses;
mod commands;
mod every;
mod evidence;
mod metrics;
mod needs;
mod ordered;
mod probes;
mod renames;
pub(crate) mod score;
mod strategies;
mod variables;
mod watched;

pub(crate) use addresses::check as check_addresses;
pub(crate) use every::every_environment;
pub(crate) use metrics::check as check_metrics;
pub(crate) use ordered::check as check_ordered;
