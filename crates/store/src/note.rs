//! What happened outside of deployments: written beside the journal, and never in its way.

use serde::Serialize;
use sqlx::SqliteConnection;
use windlass_edge::EdgeError;
use windlass_model::Happening;

use crate::error;
use crate::queries::happenings;

/// Most happenings kept; the oldest go first.
const HAPPENINGS_MOST: i64 = 1_000;

/// Adds one. What is one more of an earlier one takes its place, under a number of its own, so that the newest
/// number is always what happened last.
pub(crate) async fn put(
    connection: &mut SqliteConnection,
    happening: &Happening,
) -> Result<(), EdgeError> {
    let failed = |cause| error::sql("what happened can't be noted", cause);
    let gist = json(&happening.gist())?;
    let mut noted = happening.clone();
    if let Some((sequence, text)) = happenings::alike(connection, &gist).await.map_err(failed)?
        // One that can't be read stays as it is, and counts for nothing.
        && let Ok(earlier) = serde_json::from_str::<Happening>(&text)
    {
        noted = noted.once_more(&earlier);
        if noted.holds(&earlier) {
            let dropped = happenings::delete(connection, sequence).await;
            dropped.map_err(failed)?;
        }
    }
    let text = json(&noted)?;
    let row = (gist.as_str(), text.as_str());
    let inserted = happenings::insert(connection, row, HAPPENINGS_MOST).await;
    inserted.map_err(failed)
}

fn json(value: &impl Serialize) -> Result<String, EdgeError> {
    serde_json::to_string(value)
        .map_err(|why| error::malformed("what happened can't be written as JSON").because(why))
}

/// Those before a sequence, or all, newest first. One that can't be read is left out, and an older one takes its
/// place: fewer than `limit` are all that there are.
pub(crate) async fn before(
    connection: &mut SqliteConnection,
    sequence: Option<u64>,
    limit: u32,
) -> Result<Vec<(u64, Happening)>, EdgeError> {
    let sequence = sequence.and_then(|before| i64::try_from(before).ok());
    let mut left = sequence.unwrap_or(i64::MAX);
    let mut read = Vec::new();
    loop {
        let wanted = limit.saturating_sub(u32::try_from(read.len()).unwrap_or(u32::MAX));
        let rows = happenings::before(connection, left, wanted).await;
        let rows = rows.map_err(|cause| error::sql("the store can't be read", cause))?;
        let Some((oldest, _)) = rows.last() else {
            return Ok(read);
        };
        left = *oldest;
        read.extend(rows.into_iter().filter_map(readable));
    }
}

fn readable((sequence, text): (i64, String)) -> Option<(u64, Happening)> {
    match serde_json::from_str(&text) {
        Ok(happening) => Some((u64::try_from(sequence).ok()?, happening)),
        Err(why) => {
            tracing::warn!(error = %why, "happening {sequence} can't be read");
            None
        }
    }
}
