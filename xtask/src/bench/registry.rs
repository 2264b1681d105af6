//! The benches there are.

use std::path::PathBuf;

use crate::bench::analysis;
use crate::bench::rollback;
use crate::bench::router;
use crate::bench::row::Measure;
use crate::bench::spine;
use crate::workspace::Workspace;

/// What a bench measures.
#[derive(Debug)]
pub(crate) struct Product {
    /// The one binary, built as it ships.
    pub(crate) binary: PathBuf,
    /// The example that times the journal's commit.
    pub(crate) commit: PathBuf,
    /// The example that times the compiling of a plan.
    pub(crate) compile: PathBuf,
    /// The example that is asked through proxies.
    pub(crate) origin: PathBuf,
    /// The example that has WebSockets say what was said to them.
    pub(crate) sockets: PathBuf,
    /// A folder on the disk that is measured, for what a bench leaves nothing of.
    pub(crate) scratch: PathBuf,
}

/// One part of a bench.
#[derive(Debug)]
pub(crate) struct Part {
    /// What is typed after `--only`.
    pub(crate) name: &'static str,
    /// Its rows.
    pub(crate) rows: fn(&Product) -> anyhow::Result<Vec<Measure>>,
}

impl Part {
    pub(crate) const fn new(
        name: &'static str,
        rows: fn(&Product) -> anyhow::Result<Vec<Measure>>,
    ) -> Self {
        Self { name, rows }
    }
}

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

/// A bench that measures no product: it builds what it needs by itself.
#[derive(Debug)]
pub(crate) struct Simulation {
    /// What is typed after `cargo xtask bench`.
    pub(crate) name: &'static str,
    /// What it measures, in one line.
    pub(crate) about: &'static str,
    /// Its rows.
    pub(crate) rows: fn(&Workspace) -> anyhow::Result<Vec<Measure>>,
}

/// Every simulation.
pub(crate) static SIMULATIONS: [Simulation; 1] = [analysis::SIMULATION];

/// Parts of one bench that are to be measured.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) bench: &'static Bench,
    pub(crate) parts: Vec<&'static Part>,
}

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// Benches of the product.
    pub(crate) benches: Vec<Wanted>,
    /// Benches without it.
    pub(crate) simulations: Vec<&'static Simulation>,
}

/// Every bench of the product.
pub(crate) static BENCHES: [Bench; 3] = [spine::BENCH, rollback::BENCH, router::BENCH];

/// The benches of this name, or all of them, with the part of this name, or all of theirs.
///
/// # Errors
/// There is none of this name; the error lists those there are.
pub(crate) fn chosen(name: Option<&str>, only: Option<&str>) -> anyhow::Result<Chosen> {
    let wanted = |of: &str| name.is_none_or(|name| name == of);
    let benches = BENCHES.iter().filter(|bench| wanted(bench.name));
    let chosen = Chosen {
        benches: benches
            .map(|bench| of(bench, only))
            .collect::<Result<_, _>>()?,
        simulations: SIMULATIONS.iter().filter(|s| wanted(s.name)).collect(),
    };
    let names = BENCHES.iter().map(|bench| bench.name);
    let names: Vec<&str> = names.chain(SIMULATIONS.iter().map(|s| s.name)).collect();
    anyhow::ensure!(
        !chosen.benches.is_empty() || !chosen.simulations.is_empty(),
        "no such bench; there are: {}",
        names.join(", ")
    );
    anyhow::ensure!(
        only.is_none() || chosen.simulations.is_empty(),
        "this bench has no parts"
    );
    Ok(chosen)
}

fn of(bench: &'static Bench, only: Option<&str>) -> anyhow::Result<Wanted> {
    let wanted = |part: &&Part| only.is_none_or(|only| only == part.name);
    let parts: Vec<&Part> = bench.parts.iter().filter(wanted).collect();
    let names: Vec<&str> = bench.parts.iter().map(|part| part.name).collect();
    anyhow::ensure!(
        !parts.is_empty(),
        "bench {} has no such part; there are: {}",
        bench.name,
        names.join(", ")
    );
    Ok(Wanted { bench, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_is_found_by_name_and_all_without_one() {
        for name in ["spine", "rollback", "router"] {
            let found = chosen(Some(name), None).expect("it is there");
            assert_eq!((found.benches.len(), found.simulations.len()), (1, 0));
        }
        let found = chosen(Some("analysis"), None).expect("it is there");
        assert_eq!((found.benches.len(), found.simulations.len()), (0, 1));
        let all = chosen(None, None).expect("all");
        assert_eq!(all.benches.len(), BENCHES.len());
        assert_eq!(all.simulations.len(), SIMULATIONS.len());
        let error = chosen(Some("nothing"), None)
            .expect_err("it is not there")
            .to_string();
        assert!(error.contains("spine"), "{error}");
    }

    #[test]
    fn a_part_is_found_by_name_and_no_two_have_the_same() {
        for bench in &BENCHES {
            for part in bench.parts {
                let found = chosen(Some(bench.name), Some(part.name)).expect("it is there");
                let parts: usize = found.benches.iter().map(|wanted| wanted.parts.len()).sum();
                assert_eq!(parts, 1, "{} {}", bench.name, part.name);
            }
        }
        let error = chosen(Some("router"), Some("nothing"))
            .expect_err("it is not there")
            .to_string();
        assert!(error.contains("upgrade"), "{error}");
        assert!(chosen(Some("analysis"), Some("upgrade")).is_err());
    }
}
