//! Whatever is written into a column of a deployment or of its rows, it harms that deployment only.
//! Also what `fuzz/` runs.

use sqlx::{AssertSqlSafe, Executor};
use windlass_edge::Store;
use windlass_store::SqliteStore;

use crate::fixture::{Place, dep, deployment, environment, row};

/// Rows of each deployment.
const ROWS: usize = 3;

/// The columns, and the table that each is of.
pub(crate) const COLUMNS: [(&str, &str); 16] = [
    ("journal", "event"),
    ("journal", "facts"),
    ("journal", "previous"),
    ("journal", "checksum"),
    ("journal", "at_us"),
    ("journal", "number"),
    ("journal", "format_version"),
    ("deployments", "app"),
    ("deployments", "environment"),
    ("deployments", "plan"),
    ("deployments", "plan_id"),
    ("deployments", "opening"),
    ("deployments", "started_by"),
    ("deployments", "started_us"),
    ("deployments", "ended_us"),
    ("deployments", "checksum"),
];

/// The first byte says the column, the second the kind of value, the rest is the value. The store
/// then has whatever it takes of it. May never panic but for a broken promise.
pub(crate) async fn read_anything(bytes: &[u8]) {
    let [column, kind, value @ ..] = bytes else {
        return;
    };
    let (table, column) = COLUMNS[usize::from(*column) % COLUMNS.len()];
    let value = literal(*kind, value);
    let place = Place::new();
    let store = place.open();
    for id in ["a", "b"] {
        store
            .begin(&deployment(id), &environment("shop"))
            .await
            .expect("begun");
        for number in 0..ROWS as u64 {
            store.append(row(id, number)).await.expect("appended");
        }
    }
    drop(store);
    let whose = if table == "journal" {
        "deployment = 'dep_a' AND number = 1"
    } else {
        "id = 'dep_a'"
    };
    let damage = format!("UPDATE {table} SET {column} = {value} WHERE {whose}");
    let mut beside = place.beside().await;
    // What a constraint of the database refuses does no harm either.
    if beside.execute(AssertSqlSafe(damage)).await.is_ok() {
        only_a_is_harmed(&place.open(), &format!("{table}.{column} = {value}")).await;
    }
}

/// A value as SQL: a number, a text of any bytes, bytes, or nothing.
fn literal(kind: u8, value: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(value);
    match kind % 4 {
        0 => format!("CAST(x'{hex}' AS TEXT)"),
        1 => format!("x'{hex}'"),
        2 => {
            let mut eight = [0; 8];
            let most = value.len().min(eight.len());
            eight[..most].copy_from_slice(&value[..most]);
            i64::from_le_bytes(eight).to_string()
        }
        _ => "NULL".to_owned(),
    }
}

async fn only_a_is_harmed(store: &SqliteStore, what: &str) {
    let open = store.open_deployments().await.expect(what);
    let b = open.iter().find(|open| open.deployment.id == dep("b"));
    let b = b.expect(what);
    assert_eq!((b.entries.len(), &b.poisoned), (ROWS, &None), "{what}");
    if let Some(a) = open.iter().find(|open| open.deployment.id == dep("a")) {
        let whole = a.poisoned.is_none() && a.entries.len() == ROWS;
        assert!(
            whole || a.poisoned.is_some(),
            "{what}: rows are gone, unsaid"
        );
    }
    // A list may leave out or refuse what it can't read; it does not fall.
    drop(store.deployments(10).await);
    drop(store.deployment(&dep("a")).await);
    store.append(row("b", ROWS as u64)).await.expect(what);
}
