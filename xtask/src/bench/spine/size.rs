//! How big the one binary is.

use std::fs;

use anyhow::Context as _;

use crate::bench::registry::Product;
use crate::bench::row::{Goal, Measure};

const BYTES_PER_MB: f64 = 1_000_000.0;

/// One row: the release binary's size, as it lies on disk.
pub(super) fn rows(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let bytes = fs::metadata(&product.binary)
        .with_context(|| format!("look at {}", product.binary.display()))?
        .len();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a binary is far below 2^52 bytes"
    )]
    let value = bytes as f64 / BYTES_PER_MB;
    Ok(vec![Measure {
        name: "binary_size",
        value,
        unit: "MB",
        anchor: None,
        goal: Goal::Told,
    }])
}
