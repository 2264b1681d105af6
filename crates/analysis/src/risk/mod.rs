//! How likely a deployment is to fail, as far as the past can tell.
//!
//! For choosing where to begin, how long to wait and whom to ask. Never a reason to judge less: a low
//! risk does not mean safe, what goes with failure is not what causes it, and what one organisation
//! learned says nothing about another. The author is not among the features.

mod fit;
pub mod honesty;
pub mod model;
mod solve;

pub use fit::{Fitted, History, Prior, fit, probability};
