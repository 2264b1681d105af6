//! Rows back into nouns, checked.

use std::collections::{BTreeMap, BTreeSet};

use windlass_edge::{EdgeError, ErrorKind, JournalEntry, OpenDeployment, StoredDeployment};
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Finalize, OnFailure, Plan, PlanId,
    PlanKind, ScoreSpec,
};

use crate::checksum::FORMAT_VERSION;
use crate::error;
use crate::queries::deployments::DeploymentRow;
use crate::queries::environments::EnvironmentRow;
use crate::queries::journal::JournalRow;

/// Checks a deployment and its whole chain of rows.
///
/// The rows end before the first that fails; `poisoned` then says which and why. A chain that the
/// database itself finds damaged is empty and poisoned.
///
/// # Errors
/// `Malformed` when not even the deployment's names can be read; the failure to read the chain when
/// it says nothing about the chain.
pub(crate) fn deployment(
    row: &DeploymentRow,
    chain: Result<Vec<JournalRow>, EdgeError>,
) -> Result<OpenDeployment, EdgeError> {
    let (deployment, opening) = stored(row)?;
    let (entries, broken) = match chain {
        Ok(chain) if opening.is_none() => intact_rows(&row.checksum, chain),
        Ok(_) => (Vec::new(), None),
        Err(why) if why.kind == ErrorKind::Malformed => (Vec::new(), Some(why.chain())),
        Err(why) => return Err(why),
    };
    Ok(OpenDeployment {
        deployment,
        entries,
        poisoned: opening.or(broken),
    })
}

/// The rows up to the first that fails, and how that fails.
fn intact_rows(opening: &[u8], chain: Vec<JournalRow>) -> (Vec<JournalEntry>, Option<String>) {
    let mut entries = Vec::with_capacity(chain.len());
    let mut previous = opening.to_vec();
    for (number, row) in (0_i64..).zip(chain) {
        match linked(&row, number, &previous).and_then(|()| entry(&row)) {
            Ok(entry) => entries.push(entry),
            Err(why) => return (entries, Some(why)),
        }
        previous = row.checksum;
    }
    (entries, None)
}

/// Reads a deployment without its rows, and says what is wrong with it.
///
/// # Errors
/// `Malformed` when not even its names can be read.
pub(crate) fn stored(row: &DeploymentRow) -> Result<(StoredDeployment, Option<String>), EdgeError> {
    let id = DeploymentId::parse(&row.id)
        .map_err(|why| error::malformed("a deployment's id can't be read").because(why))?;
    let mut poisoned = None;
    if row.checksum != row.parts().checksum() {
        poisoned = Some("its opening fails its checksum".to_owned());
    }
    let plan = match serde_json::from_str(&row.plan) {
        Ok(plan) => plan,
        Err(why) => {
            poisoned.get_or_insert_with(|| format!("its plan can't be read: {why}"));
            empty_plan(row)?
        }
    };
    let stored = StoredDeployment {
        id,
        plan,
        started_us: row.started_us,
        ended_us: row.ended_us,
        by: row.by.clone(),
        opening: row.opening.clone(),
        asked_as: row.asked_as.clone(),
    };
    Ok((stored, poisoned))
}

/// What stands for a plan that can't be read: its names, and nothing to do.
fn empty_plan(row: &DeploymentRow) -> Result<Plan, EdgeError> {
    let unreadable = |why: &dyn std::fmt::Display| {
        error::malformed(format!("deployment {} can't be read: {why}", row.id))
    };
    Ok(Plan {
        folder: String::new(),
        id: PlanId::parse(&row.plan_id).map_err(|why| unreadable(&why))?,
        app: AppName::new(&row.app).map_err(|why| unreadable(&why))?,
        environment: EnvironmentName::new(&row.environment).map_err(|why| unreadable(&why))?,
        revision: 0,
        on_failure: OnFailure::All,
        parallel: 1,
        kind: PlanKind::Deploy,
        finalize: Finalize::NextDeployment,
        score: ScoreSpec::default(),
        before: Vec::new(),
        renames: BTreeMap::new(),
        rollouts: BTreeMap::new(),
        unchanged: BTreeSet::new(),
        unmanaged: BTreeSet::new(),
        tasks: Vec::new(),
    })
}

/// Whether a row continues the chain at `number` after the row with checksum `previous`.
fn linked(row: &JournalRow, number: i64, previous: &[u8]) -> Result<(), String> {
    if row.number != number {
        return Err(format!(
            "row {number} is missing; row {} follows",
            row.number
        ));
    }
    intact(row)?;
    if row.previous != previous {
        return Err(format!("row {number} does not continue the row before it"));
    }
    Ok(())
}

/// Whether a row is as it was written.
fn intact(row: &JournalRow) -> Result<(), String> {
    if row.version != FORMAT_VERSION {
        return Err(format!(
            "row {} has format {}, and this program knows format {FORMAT_VERSION}",
            row.number, row.version
        ));
    }
    if row.checksum != row.parts().checksum() {
        return Err(format!("row {} fails its checksum", row.number));
    }
    Ok(())
}

/// Reads one row, if it is as it was written.
pub(crate) fn entry(row: &JournalRow) -> Result<JournalEntry, String> {
    intact(row)?;
    let unreadable =
        |why: &dyn std::fmt::Display| format!("row {} can't be read: {why}", row.number);
    Ok(JournalEntry {
        sequence: u64::try_from(row.sequence).map_err(|why| unreadable(&why))?,
        deployment: DeploymentId::parse(&row.deployment).map_err(|why| unreadable(&why))?,
        number: u64::try_from(row.number).map_err(|why| unreadable(&why))?,
        at_us: row.at_us,
        event: row.event.clone(),
        facts: serde_json::from_str(&row.facts).map_err(|why| unreadable(&why))?,
    })
}

/// Reads an environment.
///
/// # Errors
/// `Malformed`, naming it.
pub(crate) fn environment(row: &EnvironmentRow) -> Result<Environment, EdgeError> {
    serde_json::from_str(&row.state).map_err(|why| {
        let EnvironmentRow {
            app, environment, ..
        } = row;
        error::malformed(format!("environment {environment} of {app} can't be read")).because(why)
    })
}
