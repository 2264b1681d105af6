//! What came of a file of vectors.

use serde::Serialize;

/// All blocks of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// By name.
    pub blocks: Vec<Block>,
    /// Whether there is a block, and no case of any failed.
    pub ok: bool,
}

/// One block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Block {
    /// Its name in the file.
    pub name: String,
    /// Cases in it.
    pub cases: u64,
    /// Those of them that are off, or can't be read.
    pub failed: u64,
    /// The largest error, in the unit of the tolerance. Where a block has several tolerances, errors
    /// against another one are scaled to this; a word that differs is an error of 1 at least.
    pub worst_error: f64,
    /// What an error may be: relative, or absolute where the file says so.
    pub tolerance: f64,
    /// What is off in the first case that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
}

impl Report {
    pub(super) fn of(blocks: Vec<Block>) -> Self {
        let ok = !blocks.is_empty() && blocks.iter().all(|block| block.failed == 0);
        Self { blocks, ok }
    }
}
