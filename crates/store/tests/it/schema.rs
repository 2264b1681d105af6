//! The schema and the statements that go with it.

use sqlx::{Executor, Row, SqlStr};
use windlass_store::MIGRATIONS;

use crate::fixture::Place;

/// Every object of the schema as SQLite keeps it.
async fn objects(connection: &mut sqlx::SqliteConnection) -> Vec<(String, Option<String>)> {
    let rows = sqlx::query("SELECT name, sql FROM sqlite_schema ORDER BY name")
        .fetch_all(connection)
        .await
        .expect("readable");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_fresh_store_has_the_schema_of_all_files_applied() {
    let fresh = Place::new();
    drop(fresh.open());
    let by_hand = Place::new();
    std::fs::write(by_hand.file(), b"").expect("written");
    let mut beside = by_hand.beside().await;
    for migration in MIGRATIONS {
        beside
            .execute(sqlx::raw_sql(migration.sql))
            .await
            .expect("it applies");
    }
    let mut expected = objects(&mut beside).await;
    let mut found = objects(&mut fresh.beside().await).await;
    found.retain(|(name, _)| !name.contains("schema_files"));
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(found.iter().any(|(name, _)| name == "journal"));
}

#[tokio::test]
async fn every_statement_prepares() {
    let place = Place::new();
    drop(place.open());
    let mut beside = place.beside().await;
    let statements = windlass_store::statements();
    assert!(statements.len() > 15, "the list is there");
    for statement in statements {
        let prepared = beside.prepare(SqlStr::from_static(statement)).await;
        assert!(prepared.is_ok(), "{statement}: {:?}", prepared.err());
    }
}
