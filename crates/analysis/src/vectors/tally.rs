//! How far off the cases of a block are.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::report::Block;

/// The tolerance of a block that states none.
const EXACT: f64 = 1e-9;

/// The error of a word that differs.
const DIFFERENT: f64 = 1.0;

/// Gathers the errors of one block.
pub(super) struct Tally {
    block: Block,
    absolute: bool,
    case_failed: bool,
}

impl Tally {
    /// Runs every case of a block through `judge`. A case that can't be read has failed.
    pub(super) fn run<C: DeserializeOwned>(
        name: &str,
        block: &Value,
        judge: impl Fn(&mut Self, C),
    ) -> Block {
        let stated = |key: &str| block.get(key).and_then(Value::as_f64);
        let absolute =
            stated("abs_tol").or_else(|| stated("ci_abs_tol").filter(|_| stated("tol").is_none()));
        let mut tally = Self {
            block: Block {
                name: name.to_owned(),
                cases: 0,
                failed: 0,
                worst_error: 0.0,
                tolerance: absolute.or_else(|| stated("tol")).unwrap_or(EXACT),
                first_failure: None,
            },
            absolute: absolute.is_some(),
            case_failed: false,
        };
        let own = std::slice::from_ref(block);
        let list = block.get("cases").unwrap_or(block);
        for case in list.as_array().map_or(own, Vec::as_slice) {
            tally.block.cases += 1;
            tally.case_failed = false;
            match C::deserialize(case) {
                Ok(case) => judge(&mut tally, case),
                Err(error) => tally.fail(DIFFERENT, || format!("can't be read: {error}")),
            }
            tally.block.failed += u64::from(tally.case_failed);
        }
        tally.block
    }

    /// A block that nothing here can compute.
    pub(super) fn unknown(name: &str) -> Block {
        Block {
            name: name.to_owned(),
            cases: 1,
            failed: 1,
            worst_error: DIFFERENT,
            tolerance: EXACT,
            first_failure: Some("no such block is known".to_owned()),
        }
    }

    /// A figure against the tolerance of the block.
    pub(super) fn near(&mut self, what: &str, found: f64, wanted: f64) {
        let error = if self.absolute {
            (found - wanted).abs()
        } else {
            relative(found, wanted)
        };
        self.error(what, error, (found, wanted));
    }

    /// A figure against a relative tolerance of its own.
    pub(super) fn near_by(&mut self, what: &str, tolerance: f64, (found, wanted): (f64, f64)) {
        let error = relative(found, wanted) / tolerance * self.block.tolerance;
        self.error(what, error, (found, wanted));
    }

    /// A figure against an absolute tolerance of its own.
    pub(super) fn within(&mut self, what: &str, tolerance: f64, (found, wanted): (f64, f64)) {
        let error = (found - wanted).abs() / tolerance * self.block.tolerance;
        self.error(what, error, (found, wanted));
    }

    /// Figures one after the other, and as many of them.
    pub(super) fn all_near(&mut self, what: &str, found: &[f64], wanted: &[f64]) {
        self.same(what, &found.len(), &wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            self.near(what, *found, *wanted);
        }
    }

    /// Something that is alike or not.
    pub(super) fn same<T: PartialEq + std::fmt::Debug>(
        &mut self,
        what: &str,
        found: &T,
        wanted: &T,
    ) {
        if found != wanted {
            self.fail(DIFFERENT, || {
                format!("{what}: {found:?} instead of {wanted:?}")
            });
        }
    }

    fn error(&mut self, what: &str, error: f64, (found, wanted): (f64, f64)) {
        let told = || format!("{what}: {found} instead of {wanted}");
        if error.is_nan() || error > self.block.tolerance {
            self.fail(if error.is_finite() { error } else { DIFFERENT }, told);
        } else {
            self.block.worst_error = self.block.worst_error.max(error);
        }
    }

    fn fail(&mut self, error: f64, told: impl FnOnce() -> String) {
        self.case_failed = true;
        self.block.worst_error = self.block.worst_error.max(error);
        let case = self.block.cases;
        self.block
            .first_failure
            .get_or_insert_with(|| format!("case {case}: {}", told()));
    }
}

/// Of nothing, the error itself.
fn relative(found: f64, wanted: f64) -> f64 {
    if found.to_bits() == wanted.to_bits() {
        return 0.0;
    }
    let error = (found - wanted).abs();
    if wanted == 0.0 {
        error
    } else {
        error / wanted.abs()
    }
}
