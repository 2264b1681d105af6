//! A store that is looked at and copied from beside its controller.

use windlass_edge::{ErrorKind, Store};
use windlass_store::{LATEST_SCHEMA, check, copy};

use crate::fixture::{Place, deployment, environment, row};

/// A store with two deployments of four rows each, still open.
async fn written(place: &Place) -> windlass_store::SqliteStore {
    let store = place.open();
    for id in ["a", "b"] {
        let begun = store.begin(&deployment(id), &environment("shop")).await;
        begun.expect("begun");
        for number in 0..4 {
            store.append(row(id, number)).await.expect("appended");
        }
    }
    store
}

#[tokio::test]
async fn a_store_is_looked_at_and_copied_while_somebody_writes() {
    let place = Place::new();
    let store = written(&place).await;
    let checked = check(&place.file()).await.expect("readable");
    assert_eq!(checked.damage, Vec::<String>::new());
    assert_eq!(
        (checked.schema, checked.epoch),
        (LATEST_SCHEMA, store.epoch().0)
    );
    assert_eq!((checked.deployments, checked.open, checked.rows), (2, 2, 8));
    let elsewhere = Place::new();
    copy(&place.file(), &elsewhere.file())
        .await
        .expect("copied");
    let later = store.append(row("a", 4)).await;
    later.expect("the writer is not fenced by who looks");
    let copied = check(&elsewhere.file()).await.expect("readable");
    assert_eq!(copied, checked, "the copy is of its moment");
    let now = check(&place.file()).await.expect("readable");
    assert_eq!(now.rows, 9);
    let opened = elsewhere.open();
    assert_eq!(opened.installation(), store.installation());
    assert!(opened.epoch() > store.epoch());
}

#[tokio::test]
async fn a_copy_is_for_its_owner_only_and_what_is_damaged_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    drop(written(&place).await);
    let damage = "UPDATE journal SET event = '{}' WHERE deployment LIKE '%a' AND number = 2";
    sqlx::query(damage)
        .execute(&mut place.beside().await)
        .await
        .expect("damaged");
    let elsewhere = Place::new();
    copy(&place.file(), &elsewhere.file())
        .await
        .expect("copied");
    let mode = std::fs::metadata(elsewhere.file())
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    for place in [&place, &elsewhere] {
        let checked = check(&place.file()).await.expect("readable");
        assert_eq!(checked.rows, 6);
        assert!(
            checked.damage[0].contains("row 2 fails its checksum"),
            "{:?}",
            checked.damage
        );
        assert_eq!(checked.damage.len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let place = Place::new();
    let missing = check(&place.file()).await.expect_err("nothing there");
    assert_eq!(missing.kind, ErrorKind::Unreachable);
    assert!(!place.file().exists(), "looking makes nothing");
    std::fs::write(place.file(), b"").expect("written");
    sqlx::query("CREATE TABLE others (a)")
        .execute(&mut place.beside().await)
        .await
        .expect("made");
    let foreign = check(&place.file()).await.expect_err("another program's");
    assert_eq!(foreign.kind, ErrorKind::Refused);
    let elsewhere = Place::new();
    let refused = copy(&place.file(), &elsewhere.file()).await;
    assert_eq!(refused.expect_err("refused").kind, ErrorKind::Refused);
    assert!(!elsewhere.file().exists());
}
