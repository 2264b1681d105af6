//! Bounds that hold at every moment at once: confidence sequences of one sample.
//!
//! After Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
//! sequences" (Annals of Statistics 49(2), 2021), and Howard and Ramdas, "Sequential estimation of
//! quantiles" (Bernoulli 28(3), 2022).

pub mod bernoulli;
pub mod beta_binomial;
pub mod gamma_poisson;
pub mod lil;
mod mixture;
pub mod normal;
pub mod quantile;
pub mod stitched;

pub use mixture::{Mixture, Sides};
