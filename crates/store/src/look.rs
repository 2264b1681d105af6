//! What a store says without being opened for writing.

use std::path::Path;

use sqlx::Connection as _;
use windlass_edge::EdgeError;
use windlass_model::Environment;

use crate::check::{known_schema, look_at};
use crate::queries::{environments, installation};
use crate::{error, read};

/// Every environment of the store at `path`, as its last controller left it; none where a later history
/// than this one was heard of, since then it says nothing about what runs. Changes nothing, and raises no
/// epoch.
///
/// # Errors
/// Those of [`check`](crate::check()).
pub async fn environments(path: &Path) -> Result<Option<Vec<Environment>>, EdgeError> {
    let mut looker = look_at(path).await?;
    let failed = |cause| error::sql(format!("{} can't be read", path.display()), cause);
    known_schema(&mut looker, path).await?;
    let lost = installation::lost(&mut looker).await.map_err(failed)?;
    let rows = environments::all(&mut looker).await.map_err(failed)?;
    looker.close().await.map_err(failed)?;
    if lost.is_some() {
        return Ok(None);
    }
    rows.iter()
        .map(read::environment)
        .collect::<Result<_, _>>()
        .map(Some)
}
