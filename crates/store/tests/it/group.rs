//! What waits together is committed together, and who goes away cancels nothing.

use futures_util::future::join_all;
use sqlx::Executor;
use windlass_edge::{ErrorKind, NewEntry, Store};

use crate::fixture::{Place, dep, deployment, environment, row};

const WRITERS: usize = 50;

#[tokio::test]
async fn fifty_appends_that_wait_together_share_few_commits() {
    let place = Place::new();
    let store = place.open();
    let ids: Vec<String> = (0..WRITERS).map(|n| format!("d{n}")).collect();
    for id in &ids {
        store
            .begin(&deployment(id), &environment("shop"))
            .await
            .expect("begun");
    }
    let before = store.commits();
    assert_eq!(before, 50, "alone, each has a commit of its own");
    let results = join_all(ids.iter().map(|id| store.append(row(id, 0)))).await;
    let mut sequences: Vec<u64> = results.into_iter().map(|r| r.expect("appended")).collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), WRITERS);
    let commits = store.commits() - before;
    assert!((1..=5).contains(&commits), "{commits} commits");
    for open in store.open_deployments().await.expect("readable") {
        assert_eq!((open.entries.len(), open.poisoned), (1, None));
    }
}

#[tokio::test]
async fn a_chain_may_grow_by_several_rows_in_one_commit() {
    let place = Place::new();
    let store = place.open();
    store
        .begin(&deployment("a"), &environment("shop"))
        .await
        .expect("begun");
    let results = join_all((0..40).map(|number| store.append(row("a", number)))).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let a = store
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((a.entries.len(), a.poisoned), (40, None));
}

#[tokio::test]
async fn a_conflict_in_a_group_fails_by_itself() {
    let place = Place::new();
    let store = place.open();
    for id in ["a", "b"] {
        store
            .begin(&deployment(id), &environment("shop"))
            .await
            .expect("begun");
    }
    let mut unwanted = environment("shop");
    "/unwanted".clone_into(&mut unwanted.folder);
    let wrong = |number| NewEntry {
        environment: Some(unwanted.clone()),
        ..row("a", number)
    };
    let results = join_all([
        store.append(row("b", 0)),
        store.append(row("a", 0)),
        store.append(wrong(0)),
        store.append(row("b", 1)),
        store.append(wrong(5)),
        store.append(row("a", 1)),
    ])
    .await;
    let kinds: Vec<_> = results
        .iter()
        .map(|r| r.as_ref().err().map(|why| why.kind))
        .collect();
    let conflict = Some(ErrorKind::Conflict);
    assert_eq!(kinds, [None, None, conflict, None, conflict, None]);
    for id in ["a", "b"] {
        let found = store
            .deployment(&dep(id))
            .await
            .expect("readable")
            .expect("there");
        assert_eq!((found.entries.len(), found.poisoned), (2, None), "{id}");
    }
    let folders = store.environments().await.expect("readable");
    assert!(
        folders.iter().all(|e| e.folder != "/unwanted"),
        "taken back with its row"
    );
}

#[tokio::test]
async fn a_begin_whose_id_is_taken_leaves_the_others_of_its_group() {
    let place = Place::new();
    let store = place.open();
    let (a, b) = (deployment("a"), deployment("b"));
    let shop = environment("shop");
    let results = join_all([
        store.begin(&a, &shop),
        store.begin(&a, &shop),
        store.begin(&b, &shop),
    ])
    .await;
    let kinds: Vec<_> = results
        .iter()
        .map(|r| r.as_ref().err().map(|why| why.kind))
        .collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Conflict), None]);
    store
        .append(row("a", 0))
        .await
        .expect("the one that was begun goes on");
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_nothing() {
    let place = Place::new();
    let store = place.open();
    store
        .begin(&deployment("a"), &environment("shop"))
        .await
        .expect("begun");
    for number in 0..20 {
        let mut going = store.append(row("a", number));
        // One poll queues the write; then the caller is gone.
        assert!(futures_util::poll!(&mut going).is_pending());
        drop(going);
    }
    store
        .append(row("a", 20))
        .await
        .expect("all before it were written");
    drop(store);
    let found = place
        .open()
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((found.entries.len(), found.poisoned), (21, None));
}

#[tokio::test]
async fn closing_waits_for_what_is_queued() {
    let place = Place::new();
    let store = place.open();
    store
        .begin(&deployment("a"), &environment("shop"))
        .await
        .expect("begun");
    {
        let mut going = store.append(row("a", 0));
        assert!(futures_util::poll!(&mut going).is_pending());
    }
    drop(store);
    let found = place
        .open()
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(found.entries.len(), 1);
}

/// Makes the database refuse the environment of the app `cursed`, as a full disk refuses one write.
async fn curse(place: &Place) {
    let mut beside = place.beside().await;
    let trigger = "CREATE TRIGGER curse BEFORE INSERT ON environments WHEN NEW.app = 'cursed'
        BEGIN SELECT RAISE(ABORT, 'no room'); END";
    beside.execute(trigger).await.expect("cursed");
}

#[tokio::test]
async fn a_write_that_fails_half_way_is_taken_back_whole() {
    let place = Place::new();
    let store = place.open();
    store
        .begin(&deployment("a"), &environment("shop"))
        .await
        .expect("begun");
    curse(&place).await;
    let cursed = |number| NewEntry {
        environment: Some(environment("cursed")),
        ..row("a", number)
    };
    let why = store.append(cursed(0)).await.expect_err("alone");
    assert_eq!(why.kind, ErrorKind::Unreachable);
    assert!(why.chain().contains("no room"), "{}", why.chain());
    let results = join_all([
        store.append(row("a", 0)),
        store.append(cursed(1)),
        store.append(row("a", 1)),
    ])
    .await;
    let failed: Vec<_> = results.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, true, false], "{results:?}");
    let a = store
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((a.entries.len(), a.poisoned), (2, None));
}

#[tokio::test]
async fn a_deployment_whose_environment_fails_was_not_begun() {
    let place = Place::new();
    let store = place.open();
    curse(&place).await;
    store
        .begin(&deployment("a"), &environment("cursed"))
        .await
        .expect_err("cursed");
    let why = store.append(row("a", 0)).await.expect_err("not begun");
    assert_eq!(why.kind, ErrorKind::Rejected, "{}", why.chain());
    store
        .begin(&deployment("a"), &environment("shop"))
        .await
        .expect("begun");
    store.append(row("a", 0)).await.expect("appended");
}
