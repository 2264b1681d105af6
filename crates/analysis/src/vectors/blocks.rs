//! The blocks of a file, each to the part that computes it.

use serde_json::Value;

use super::report::{Block, Report};
use super::tally::Tally;
use super::{history, kayenta, ratio, sequence, small, trigger};

/// Why a text is no file of vectors.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON.
    #[error("no JSON")]
    Text(#[from] serde_json::Error),
    /// It is JSON, but no object of blocks.
    #[error("not an object of named blocks")]
    Shape,
}

/// Checks every block of a file: an object of named blocks, beside a seed and a note.
///
/// # Errors
/// The text is no such object. Cases that are off are told by the report.
pub fn check(text: &str) -> Result<Report, Unreadable> {
    let file: Value = serde_json::from_str(text)?;
    let blocks = file.as_object().ok_or(Unreadable::Shape)?;
    let blocks = blocks
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "seed" | "note"))
        .map(|(name, value)| block(name, value));
    Ok(Report::of(blocks.collect()))
}

fn block(name: &str, value: &Value) -> Block {
    match name {
        "rate_ratio_eprocess" => ratio::processes(name, value),
        "lindon_malek_multinomial" => ratio::closed_forms(name, value),
        "sample_ratio_mismatch" => ratio::splits(name, value),
        "confseq_boundaries" => sequence::bounds(name, value),
        "bernoulli_confidence_sequence" => sequence::rates(name, value),
        "empirical_process_lil_bound" => sequence::bands(name, value),
        "double_stitching_bound" => sequence::stitched(name, value),
        "quantile_ab_p_value" => sequence::quantiles(name, value),
        "kayenta_classify" => kayenta::classes(name, value),
        "kayenta_score" => kayenta::scores(name, value),
        "threshold_triggers" => trigger::triggers(name, value),
        "change_points_otava" => history::changes(name, value),
        "risk_logit_map" => small::risk(name, value),
        "percentile_r7" => small::percentiles(name, value),
        "wald" => small::wald(name, value),
        _ => Tally::unknown(name),
    }
}
