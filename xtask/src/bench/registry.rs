//! The benches there are.

use std::path::PathBuf;

use crate::bench::rollback;
use crate::bench::router;
use crate::bench::row::Measure;
use crate::bench::spine;

/// What a bench measures.
#[derive(Debug)]
pub(crate) struct Product {
    /// The release build of the one binary.
    pub(crate) binary: PathBuf,
    /// The example that times the journal's commit.
    pub(crate) commit: PathBuf,
    /// The example that times the compiling of a plan.
    pub(crate) compile: PathBuf,
    /// The example that is asked through proxies.
    pub(crate) origin: PathBuf,
    /// A folder on the disk that is measured, for what a bench leaves nothing of.
    pub(crate) scratch: PathBuf,
}

/// One part of a bench: takes the product, returns its rows.
pub(crate) type Part = fn(&Product) -> anyhow::Result<Vec<Measure>>;

/// A named set of rows.
#[derive(Debug)]
pub(crate) struct Bench {
    /// What is typed after `cargo xtask bench`.
    pub(crate) name: &'static str,
    /// What it measures, in one line.
    pub(crate) about: &'static str,
    /// Its parts, in the order in which they run.
    pub(crate) parts: &'static [Part],
}

/// Every bench.
pub(crate) static BENCHES: [Bench; 3] = [spine::BENCH, rollback::BENCH, router::BENCH];

/// The benches of this name, or all of them.
///
/// # Errors
/// There is no bench of this name; the error lists those there are.
pub(crate) fn chosen(name: Option<&str>) -> anyhow::Result<Vec<&'static Bench>> {
    let chosen: Vec<&Bench> = BENCHES
        .iter()
        .filter(|bench| name.is_none_or(|name| name == bench.name))
        .collect();
    let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
    anyhow::ensure!(
        !chosen.is_empty(),
        "no such bench; there are: {}",
        names.join(", ")
    );
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_is_found_by_name_and_all_without_one() {
        assert_eq!(chosen(Some("spine")).expect("it is there").len(), 1);
        assert_eq!(chosen(Some("rollback")).expect("it is there").len(), 1);
        assert_eq!(chosen(Some("router")).expect("it is there").len(), 1);
        assert_eq!(chosen(None).expect("all").len(), BENCHES.len());
        let error = chosen(Some("nothing"))
            .expect_err("it is not there")
            .to_string();
        assert!(error.contains("spine"), "{error}");
    }
}
