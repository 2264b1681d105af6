//! `analysis`: how often the judgements are wrong and how soon they see what is wrong, by simulation,
//! and what the rules of others say of the same streams.

mod rows;

use crate::bench::registry::Simulation;

/// The simulation.
pub(crate) const SIMULATION: Simulation = Simulation {
    name: "analysis",
    about: "false alarms, detection and speed of the judgements, beside tables and peers",
    rows: rows::rows,
};
