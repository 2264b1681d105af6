//! Damaged rows: found, named, and no harm to others.

use sqlx::{AssertSqlSafe, Executor};
use windlass_edge::{ErrorKind, Store};

use crate::fixture::{Place, dep, deployment, environment, row};

/// A store with deployments `a` and `b` of four rows each, and one statement run beside it.
async fn damaged(place: &Place, damage: &'static str) -> windlass_store::SqliteStore {
    let store = place.open();
    for id in ["a", "b"] {
        store
            .begin(&deployment(id), &environment("shop"))
            .await
            .expect("begun");
        for number in 0..4 {
            store.append(row(id, number)).await.expect("appended");
        }
    }
    drop(store);
    let mut beside = place.beside().await;
    let done = beside
        .execute(AssertSqlSafe(damage))
        .await
        .expect("damaged");
    assert_eq!(done.rows_affected(), 1, "{damage}");
    place.open()
}

/// Checks that `a` ends after `rows` rows and says `why`, and that `b` is whole.
async fn only_a_is_poisoned(damage: &'static str, rows: usize, why: &str) {
    let place = Place::new();
    let store = damaged(&place, damage).await;
    let open = store.open_deployments().await.expect("readable");
    assert_eq!(open.len(), 2, "both are listed");
    let (a, b) = (&open[0], &open[1]);
    assert_eq!(a.entries.len(), rows, "{damage}");
    let poisoned = a.poisoned.as_deref().unwrap_or_default();
    assert!(poisoned.contains(why), "{damage}: {poisoned:?}");
    assert_eq!((b.entries.len(), &b.poisoned), (4, &None), "{damage}");

    let next = store
        .append(row("a", 4))
        .await
        .expect_err("a damaged chain is not made longer");
    assert_eq!(next.kind, ErrorKind::Malformed, "{damage}: {}", next.what);
    assert!(next.what.contains(why), "{}", next.what);
    store.append(row("b", 4)).await.expect("the other goes on");
    assert_eq!(store.deployments(10).await.expect("readable").len(), 2);
    let shown = store
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(shown.entries.len(), rows);
}

/// What is written to a file without a name is gone with the process.
#[tokio::test]
async fn a_journal_that_was_removed_or_replaced_takes_no_row_until_it_is_back() {
    let place = Place::new();
    let store = place.open();
    let begins = async |id| store.begin(&deployment(id), &environment("shop")).await;
    begins("a").await.expect("it is there");
    store.append(row("a", 0)).await.expect("appended");
    let wal = place.file().with_extension("sqlite-wal");
    for file in [place.file(), wal] {
        let aside = file.with_extension("aside");
        let refused = async || {
            for refused in [
                begins("b").await.expect_err("nothing begins"),
                store
                    .append(row("a", 1))
                    .await
                    .expect_err("nothing goes on"),
            ] {
                assert_eq!(refused.kind, ErrorKind::Unreachable, "{}", refused.what);
                assert!(refused.what.contains("replaced"), "{}", refused.what);
                let name = file.file_name().and_then(|name| name.to_str());
                assert!(refused.what.contains(name.expect("a name")));
            }
        };
        std::fs::rename(&file, &aside).expect("removed");
        refused().await;
        std::fs::copy(&aside, &file).expect("a copy");
        refused().await;
        std::fs::rename(&aside, &file).expect("put back");
    }
    begins("b").await.expect("it is back");
    store
        .append(row("a", 1))
        .await
        .expect("and goes on as if nothing was");
}

/// Also by a connection that had nothing to read so far.
#[tokio::test]
async fn a_journal_that_was_removed_is_read_all_the_same() {
    let place = Place::new();
    let store = place.open();
    let begun = store.begin(&deployment("a"), &environment("shop")).await;
    begun.expect("it is there");
    std::fs::rename(place.file(), place.file().with_extension("aside")).expect("removed");
    // Side by side: each takes a connection of its own.
    let (first, second) = tokio::join!(store.deployments(10), store.deployments(10));
    for read in [first, second] {
        let read = read.unwrap_or_else(|why| panic!("{}", why.chain()));
        assert_eq!(read.len(), 1);
    }
}

#[tokio::test]
async fn a_flipped_byte_in_an_event_poisons_its_deployment_only() {
    only_a_is_poisoned(
        "UPDATE journal SET event = replace(event, 'timer', 'tamer')
            WHERE deployment = 'dep_a' AND number = 2",
        2,
        "row 2 fails its checksum",
    )
    .await;
}

#[tokio::test]
async fn a_byte_that_is_no_text_poisons_its_deployment_only() {
    only_a_is_poisoned(
        "UPDATE journal SET event = CAST(x'7bff7d' AS TEXT)
            WHERE deployment = 'dep_a' AND number = 0",
        0,
        "row 0 fails its checksum",
    )
    .await;
}

#[tokio::test]
async fn flipped_facts_times_and_links_are_found() {
    let row_3 = "row 3 fails its checksum";
    only_a_is_poisoned(
        "UPDATE journal SET facts = '[]' WHERE deployment = 'dep_a' AND number = 3",
        3,
        row_3,
    )
    .await;
    only_a_is_poisoned(
        "UPDATE journal SET at_us = at_us + 1 WHERE deployment = 'dep_a' AND number = 3",
        3,
        row_3,
    )
    .await;
    only_a_is_poisoned(
        "UPDATE journal SET previous = zeroblob(32) WHERE deployment = 'dep_a' AND number = 3",
        3,
        row_3,
    )
    .await;
}

#[tokio::test]
async fn a_row_of_a_newer_format_is_named() {
    only_a_is_poisoned(
        "UPDATE journal SET format_version = 2 WHERE deployment = 'dep_a' AND number = 1",
        1,
        "row 1 has format 2, and this program knows format 1",
    )
    .await;
}

#[tokio::test]
async fn a_missing_row_is_found() {
    only_a_is_poisoned(
        "DELETE FROM journal WHERE deployment = 'dep_a' AND number = 1",
        1,
        "row 1 is missing",
    )
    .await;
}

#[tokio::test]
async fn a_damaged_opening_or_plan_is_found() {
    only_a_is_poisoned(
        "UPDATE deployments SET opening = '{}' WHERE id = 'dep_a'",
        0,
        "its opening fails its checksum",
    )
    .await;
    only_a_is_poisoned(
        "UPDATE deployments SET plan = CAST(x'ff' AS TEXT) WHERE id = 'dep_a'",
        0,
        "its opening fails its checksum",
    )
    .await;
}

#[tokio::test]
async fn a_row_of_another_chain_does_not_continue_this_one() {
    let place = Place::new();
    // A row with a good checksum of its own, made for another opening of the same deployment.
    let other = Place::new();
    let forged = other.open();
    let mut elsewhere = deployment("a");
    elsewhere.started_us += 1;
    forged
        .begin(&elsewhere, &environment("shop"))
        .await
        .expect("begun");
    forged.append(row("a", 0)).await.expect("appended");
    drop(forged);
    drop(
        damaged(
            &place,
            "DELETE FROM journal WHERE deployment = 'dep_a' AND number = 0",
        )
        .await,
    );
    let mut beside = place.beside().await;
    let attach = format!("ATTACH '{}' AS other", other.file().display());
    beside
        .execute(AssertSqlSafe(attach))
        .await
        .expect("attached");
    beside
        .execute(
            "INSERT INTO journal SELECT 1000, deployment, number, at_us, format_version, event,
                facts, previous, checksum FROM other.journal",
        )
        .await
        .expect("copied");
    let store = place.open();
    let a = store
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(a.entries.len(), 0);
    let poisoned = a.poisoned.unwrap_or_default();
    assert!(poisoned.contains("does not continue"), "{poisoned:?}");
}

#[tokio::test]
async fn followers_are_told_or_led_past() {
    let place = Place::new();
    let damage = "UPDATE journal SET event = '{}' WHERE deployment = 'dep_a' AND number = 1";
    let store = damaged(&place, damage).await;
    let first = store
        .entries(Some(&dep("a")), 0, 10)
        .await
        .expect("up to the damage");
    assert_eq!(first.iter().map(|e| e.number).collect::<Vec<_>>(), [0]);
    let after = first.first().expect("one row").sequence;
    let why = store
        .entries(Some(&dep("a")), after, 10)
        .await
        .expect_err("no quiet end");
    assert_eq!(why.kind, ErrorKind::Malformed);
    assert!(
        why.what.contains("dep_a") && why.what.contains("row 1"),
        "{}",
        why.what
    );

    let next = store.entries(None, after, 1).await.expect("readable");
    assert_eq!(next.len(), 1, "an empty page would look like the end");
    let all = store.entries(None, 0, 100).await.expect("readable");
    let of = |id| all.iter().filter(move |e| e.deployment == dep(id)).count();
    assert_eq!((of("a"), of("b")), (3, 4));
}
