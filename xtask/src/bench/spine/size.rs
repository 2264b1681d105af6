//! How big the one binary is.

use std::fs;

use anyhow::Context as _;

use crate::bench::registry::Product;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::megabytes;

/// One row: the binary's size as it ships, as it lies on disk.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bytes = fs::metadata(&product.binary)
        .with_context(|| format!("look at {}", product.binary.display()))?
        .len();
    Ok(vec![Measure {
        name: "binary_size",
        value: megabytes(bytes),
        unit: "MB",
        anchor: None,
        goal: Goal::Told,
    }])
}
