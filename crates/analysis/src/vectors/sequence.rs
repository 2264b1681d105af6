//! Confidence sequences of one sample.

use serde::Deserialize;
use serde_json::Value;

use super::report::Block;
use super::tally::Tally;
use crate::ratio::Arm;
use crate::sequence::beta_binomial::BetaBinomial;
use crate::sequence::gamma_poisson::GammaPoisson;
use crate::sequence::lil::Band;
use crate::sequence::normal::Normal;
use crate::sequence::quantile::Quantile;
use crate::sequence::{Mixture as _, Sides, bernoulli, stitched as stitching};

#[derive(Deserialize)]
struct Bounds {
    v: f64,
    s: f64,
    alpha: f64,
    v_opt: f64,
    g: f64,
    h: f64,
    normal_mixture_bound_1s: f64,
    normal_mixture_bound_2s: f64,
    beta_binomial_log_mixture_2s: f64,
    beta_binomial_mixture_bound_1s: f64,
    gamma_poisson_mixture_bound_c1: f64,
    poly_stitching_bound: f64,
}

/// Where mixtures are tightest, unless the file says otherwise.
const TIGHTEST_FOR: f64 = 0.05;

pub(super) fn bounds(name: &str, block: &Value) -> Block {
    let stated = block.get("alpha_opt").and_then(Value::as_f64);
    let tightest = stated.unwrap_or(TIGHTEST_FOR);
    Tally::run(name, block, |tally, case: Bounds| {
        let (v, alpha) = (case.v, case.alpha);
        let normal = |sides| Normal::tightest_at(case.v_opt, tightest, sides).bound(v, alpha);
        let beta = |sides| BetaBinomial::tightest_at(case.v_opt, tightest, (case.g, case.h), sides);
        let gamma = GammaPoisson::tightest_at(case.v_opt, tightest, 1.0);
        let found = [
            (
                "normal, one side",
                normal(Sides::One),
                case.normal_mixture_bound_1s,
            ),
            (
                "normal, both sides",
                normal(Sides::Both),
                case.normal_mixture_bound_2s,
            ),
            (
                "beta-binomial",
                beta(Sides::Both).log(case.s, v),
                case.beta_binomial_log_mixture_2s,
            ),
            (
                "beta-binomial bound",
                beta(Sides::One).bound(v, alpha),
                case.beta_binomial_mixture_bound_1s,
            ),
            (
                "gamma-Poisson",
                gamma.bound(v, alpha),
                case.gamma_poisson_mixture_bound_c1,
            ),
            (
                "stitched",
                stitching::polynomial(v, alpha, 1.0, 0.0),
                case.poly_stitching_bound,
            ),
        ];
        for (what, found, wanted) in found {
            tally.near(what, found, wanted);
        }
    })
}

#[derive(Deserialize)]
struct Rate {
    s: u64,
    n: u64,
    alpha: f64,
    t_opt: f64,
    alpha_opt: f64,
    ci: [f64; 2],
}

pub(super) fn rates(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Rate| {
        let arm = Arm {
            requests: case.n,
            bad: case.s,
        };
        let tuning = bernoulli::Tuning {
            requests: case.t_opt,
            alpha: case.alpha_opt,
        };
        let (low, high) = bernoulli::interval(arm, case.alpha, tuning);
        tally.all_near("ci", &[low, high], &case.ci);
    })
}

#[derive(Deserialize)]
struct Banded {
    t: f64,
    alpha: f64,
    t_min: f64,
    bound: Option<f64>,
    #[serde(rename = "C")]
    c: f64,
}

pub(super) fn bands(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Banded| {
        let band = Band::new(case.alpha, case.t_min);
        tally.near("C", band.constant(), case.c);
        let bound = band.after(case.t);
        match case.bound {
            Some(wanted) => tally.near("bound", bound, wanted),
            None => tally.same("bound", &bound, &f64::INFINITY),
        }
    })
}

#[derive(Deserialize)]
struct Stitched {
    p: f64,
    t: f64,
    alpha: f64,
    t_opt: f64,
    bound_in_counts: f64,
}

pub(super) fn stitched(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Stitched| {
        let bound = stitching::all_quantiles(case.p, case.t, case.alpha, case.t_opt);
        tally.near("bound_in_counts", bound, case.bound_in_counts);
    })
}

#[derive(Deserialize)]
struct Compared {
    a: Vec<f64>,
    b: Vec<f64>,
    p: f64,
    t_opt: f64,
    alpha_opt: f64,
    p_value: f64,
}

pub(super) fn quantiles(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, mut case: Compared| {
        case.a.sort_by(f64::total_cmp);
        case.b.sort_by(f64::total_cmp);
        let quantile = Quantile {
            p: case.p,
            values: case.t_opt,
            alpha: case.alpha_opt,
        };
        tally.near("p_value", quantile.p_value(&case.a, &case.b), case.p_value);
    })
}
