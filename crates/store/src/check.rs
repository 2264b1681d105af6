//! A whole store looked at, and copied, while its controller goes on.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use windlass_edge::{EdgeError, ErrorKind, Retry};

use crate::connect::{create_private, looker_options};
use crate::migrate::{LATEST_SCHEMA, check_ours};
use crate::queries::{check, deployments, installation, journal, schema};
use crate::{error, read};

/// What a store holds, and what of it is damaged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The number of its newest schema file.
    pub schema: u32,
    /// The epoch of its latest opening.
    pub epoch: u64,
    /// An epoch that was heard and is not of this history.
    pub lost: Option<u64>,
    /// Environments that are known.
    pub environments: u64,
    /// Deployments that are kept.
    pub deployments: u64,
    /// Those of them that have not ended.
    pub open: u64,
    /// Journal rows whose whole chain was checked.
    pub rows: u64,
    /// Plans that are kept.
    pub plans: u64,
    /// What is damaged, one line each; nothing when all is well.
    pub damage: Vec<String>,
}

/// Looks at every page and at the whole chain of every deployment. Changes nothing; whoever writes
/// meanwhile is not disturbed, and what it writes is not seen.
///
/// # Errors
/// `Unreachable` when the file can't be read; `Refused` for another program's file or a newer
/// schema. Damage is no error but in the answer.
pub async fn check(path: &Path) -> Result<Checked, EdgeError> {
    let mut looker = look_at(path).await?;
    let failed = |cause| error::sql(format!("{} can't be read", path.display()), cause);
    let mut snapshot = looker.begin().await.map_err(failed)?;
    let schema = known_schema(&mut snapshot, path).await?;
    let mut damage = check::integrity(&mut snapshot).await.map_err(failed)?;
    let (mut rows, mut open) = (0, 0);
    let ids = check::deployments(&mut snapshot).await.map_err(failed)?;
    for id in &ids {
        let Some(row) = deployments::one(&mut snapshot, id).await.map_err(failed)? else {
            continue;
        };
        open += u64::from(row.ended_us.is_none());
        let chain = journal::chain(&mut snapshot, id).await.map_err(failed);
        match read::deployment(&row, chain) {
            Ok(whole) => {
                rows += whole.entries.len() as u64;
                damage.extend(whole.poisoned.map(|why| format!("{id}: {why}")));
            }
            Err(why) => damage.push(format!("{id}: {}", why.chain())),
        }
    }
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let checked = Checked {
        schema,
        epoch: count(installation::epoch(&mut snapshot).await.map_err(failed)?),
        lost: installation::lost(&mut snapshot)
            .await
            .map_err(failed)?
            .map(count),
        environments: count(check::environments(&mut snapshot).await.map_err(failed)?),
        deployments: ids.len() as u64,
        open,
        rows,
        plans: count(check::plans(&mut snapshot).await.map_err(failed)?),
        damage,
    };
    snapshot.rollback().await.map_err(failed)?;
    looker.close().await.map_err(failed)?;
    Ok(checked)
}

/// Copies the store, as it is at one moment, into the new file `to`, for its owner only.
///
/// Whoever writes meanwhile is not disturbed. The copy is not synced to the disk.
///
/// # Errors
/// Those of [`check`]; `Unreachable` when the copy can't be written, `Malformed` when the store is
/// too damaged to be copied.
pub async fn copy(path: &Path, to: &Path) -> Result<(), EdgeError> {
    let mut looker = look_at(path).await?;
    known_schema(&mut looker, path).await?;
    create_private(to)?;
    let name = to.to_str().ok_or_else(|| {
        let what = format!("the name of {} is not UTF-8", to.display());
        EdgeError::new(ErrorKind::Rejected, Retry::Never, what)
    })?;
    let failed = |cause| error::sql(format!("{} can't be copied", path.display()), cause);
    check::copy(&mut looker, name).await.map_err(failed)?;
    looker.close().await.map_err(failed)
}

pub(crate) async fn look_at(path: &Path) -> Result<SqliteConnection, EdgeError> {
    let failed = |cause| error::sql(format!("{} can't be opened", path.display()), cause);
    let mut looker = looker_options(path).connect().await.map_err(failed)?;
    check_ours(&mut looker).await?;
    Ok(looker)
}

pub(crate) async fn known_schema(
    looker: &mut SqliteConnection,
    path: &Path,
) -> Result<u32, EdgeError> {
    let failed = |cause| error::sql(format!("{} can't be read", path.display()), cause);
    let applied = schema::applied(looker).await.map_err(failed)?;
    let newest = applied.iter().map(|file| file.number).max().unwrap_or(0);
    if newest == 0 || newest > LATEST_SCHEMA {
        let what = format!(
            "{} has schema {newest}, and this program knows schemas 1 to {LATEST_SCHEMA}",
            path.display()
        );
        return Err(EdgeError::new(ErrorKind::Refused, Retry::Never, what));
    }
    Ok(newest)
}
