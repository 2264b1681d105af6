//! Opening, closing, and who may.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::{Connection, Executor};
use windlass_edge::{ErrorKind, Store};
use windlass_model::Epoch;
use windlass_store::{LATEST_SCHEMA, SqliteStore};

use crate::fixture::{Place, dep, deployment, environment, plan, row};

#[tokio::test]
async fn reopening_keeps_everything_and_raises_the_epoch() {
    let place = Place::new();
    let store = place.open();
    let (installation, key, epoch) = (
        store.installation(),
        *store.installation_key(),
        store.epoch(),
    );
    store
        .begin(&deployment("a"), &environment("shop"))
        .await
        .expect("begun");
    let sequence = store.append(row("a", 0)).await.expect("appended");
    store.put_plan(&plan("p"), 1).await.expect("kept");
    drop(store);

    let store = place.open();
    assert_eq!(store.installation(), installation);
    assert_eq!(*store.installation_key(), key);
    assert_ne!(key, [0; 32]);
    assert_eq!(store.epoch(), epoch.next());
    assert_eq!(
        store.environments().await.expect("readable"),
        [environment("shop")]
    );
    assert_eq!(
        store.plan(&plan("p").id).await.expect("readable"),
        Some(plan("p"))
    );
    let open = store.open_deployments().await.expect("readable");
    let open = open.first().expect("still open");
    assert_eq!(open.poisoned, None);
    assert_eq!(open.entries.first().map(|e| e.sequence), Some(sequence));
    let next = store.append(row("a", 1)).await.expect("the chain goes on");
    assert!(next > sequence);
    let whole = store
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((whole.entries.len(), whole.poisoned), (2, None));
}

#[tokio::test]
async fn two_stores_are_two_installations() {
    let (one, other) = (Place::new(), Place::new());
    let (one, other) = (one.open(), other.open());
    assert_ne!(one.installation(), other.installation());
    assert_ne!(one.installation_key(), other.installation_key());
    assert!(one.epoch() > Epoch(0));
}

#[tokio::test]
async fn an_older_opening_is_refused_every_write() {
    let place = Place::new();
    let older = place.open();
    older
        .begin(&deployment("a"), &environment("shop"))
        .await
        .expect("begun");
    let newer = place.open();
    let fenced = [
        older.append(row("a", 0)).await.map(drop),
        older.begin(&deployment("b"), &environment("shop")).await,
        older.put_environment(&environment("shop")).await,
        older.put_plan(&plan("p"), 1).await,
        older.forget_deployments(0).await,
    ];
    for refused in fenced {
        let why = refused.expect_err("fenced");
        assert_eq!(why.kind, ErrorKind::Refused);
        assert!(why.what.contains("epoch"), "{}", why.what);
    }
    assert_eq!(
        older
            .deployments(10)
            .await
            .expect("reading is harmless")
            .len(),
        1
    );
    newer
        .append(row("a", 0))
        .await
        .expect("the newer one writes");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_both_versions_are_named() {
    let place = Place::new();
    drop(place.open());
    let mut beside = place.beside().await;
    let newer = LATEST_SCHEMA + 41;
    sqlx::query("INSERT INTO schema_files (number, name, checksum) VALUES (?, 'from_afar', x'00')")
        .bind(newer)
        .execute(&mut beside)
        .await
        .expect("written");
    beside.close().await.expect("closed");
    let why = SqliteStore::open(&place.file()).expect_err("refused");
    assert_eq!(why.kind, ErrorKind::Refused);
    let text = why.chain();
    assert!(
        text.contains(&newer.to_string()) && text.contains(&LATEST_SCHEMA.to_string()),
        "{text}"
    );
}

#[tokio::test]
async fn an_edited_schema_file_is_refused() {
    let place = Place::new();
    drop(place.open());
    let mut beside = place.beside().await;
    beside
        .execute("UPDATE schema_files SET checksum = x'00'")
        .await
        .expect("written");
    let why = SqliteStore::open(&place.file()).expect_err("refused");
    assert_eq!(why.kind, ErrorKind::Refused);
    assert!(why.chain().contains("schema file 1"), "{}", why.chain());
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_as_it_is() {
    let place = Place::new();
    std::fs::write(place.file(), b"").expect("written");
    let mut beside = place.beside().await;
    beside
        .execute("CREATE TABLE bookmarks (url TEXT)")
        .await
        .expect("written");
    beside.close().await.expect("closed");
    let before = std::fs::read(place.file()).expect("readable");
    let why = SqliteStore::open(&place.file()).expect_err("refused");
    assert_eq!(why.kind, ErrorKind::Refused);
    assert!(why.chain().contains("another program"), "{}", why.chain());
    assert_eq!(std::fs::read(place.file()).expect("readable"), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_malformed() {
    let place = Place::new();
    std::fs::write(place.file(), vec![7; 8_192]).expect("written");
    let why = SqliteStore::open(&place.file()).expect_err("refused");
    assert_eq!(why.kind, ErrorKind::Malformed, "{}", why.chain());
    assert_eq!(
        std::fs::read(place.file()).expect("readable"),
        vec![7; 8_192]
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    for path in [
        "/proc/self/journal.sqlite",
        "/nonexistent/folder/journal.sqlite",
    ] {
        let why = SqliteStore::open(Path::new(path)).expect_err("refused");
        assert_eq!(why.kind, ErrorKind::Unreachable);
        assert!(why.what.contains(path), "{}", why.what);
    }
}

#[tokio::test]
async fn a_file_that_another_process_is_writing_is_a_conflict() {
    let place = Place::new();
    drop(place.open());
    let mut beside = place.beside().await;
    beside.execute("BEGIN IMMEDIATE").await.expect("locked");
    let why = SqliteStore::open(&place.file()).expect_err("refused");
    assert_eq!(why.kind, ErrorKind::Conflict, "{}", why.chain());
    beside.execute("ROLLBACK").await.expect("unlocked");
    drop(place.open());
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let place = Place::new();
    let store = place.open();
    store
        .put_environment(&environment("shop"))
        .await
        .expect("written");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(place.folder()).expect("a folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
        names.push(entry.file_name().into_string().expect("plain"));
    }
    names.sort();
    assert_eq!(
        names,
        ["journal.sqlite", "journal.sqlite-shm", "journal.sqlite-wal"]
    );
}
