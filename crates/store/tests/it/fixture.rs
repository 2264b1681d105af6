//! Plans, environments and rows to store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use windlass_edge::{NewEntry, StoredDeployment};
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Fact, Finalize, OnFailure, Outcome, Plan,
    PlanId, PlanKind,
};
use windlass_store::SqliteStore;

/// A folder with a store file's path in it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("journal.sqlite")
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file()).expect("the store opens")
    }

    /// A connection beside the store's, for looking and for damage.
    pub(crate) async fn beside(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.file());
        options.connect().await.expect("a second connection")
    }
}

pub(crate) fn dep(tail: &str) -> DeploymentId {
    DeploymentId::from_tail(tail).expect("a valid id")
}

pub(crate) fn plan(tail: &str) -> Plan {
    Plan {
        folder: String::new(),
        id: PlanId::from_tail(tail).expect("a valid id"),
        app: AppName::new("shop").expect("a valid name"),
        environment: EnvironmentName::default_environment(),
        revision: 7,
        on_failure: OnFailure::All,
        parallel: 8,
        kind: PlanKind::Deploy,
        finalize: Finalize::NextDeployment,
        score: windlass_model::ScoreSpec::default(),
        before: Vec::new(),
        renames: BTreeMap::new(),
        rollouts: BTreeMap::new(),
        unchanged: BTreeSet::new(),
        unmanaged: BTreeSet::new(),
        tasks: Vec::new(),
    }
}

pub(crate) fn deployment(tail: &str) -> StoredDeployment {
    StoredDeployment {
        id: dep(tail),
        plan: plan(tail),
        started_us: 1_000,
        ended_us: None,
        by: "an ada".to_owned(),
        opening: r#"{"slots":[]}"#.to_owned(),
        asked_as: Some(format!("asked {tail}")),
    }
}

pub(crate) fn environment(app: &str) -> Environment {
    Environment::empty(
        AppName::new(app).expect("a valid name"),
        EnvironmentName::default_environment(),
    )
}

pub(crate) fn row(tail: &str, number: u64) -> NewEntry {
    NewEntry {
        deployment: dep(tail),
        number,
        at_us: 2_000 + i64::try_from(number).unwrap_or(0),
        event: format!(r#"{{"event":"timer_fired","id":{number}}}"#),
        facts: vec![Fact::Held {
            by: format!("person {number}"),
        }],
        environment: None,
        ends: false,
    }
}

pub(crate) fn last_row(tail: &str, number: u64) -> NewEntry {
    NewEntry {
        facts: vec![Fact::Ended {
            outcome: Outcome::Promoted,
        }],
        ends: true,
        ..row(tail, number)
    }
}
