//! A history that is lost or older, and taking over what runs.

use sqlx::Executor;
use windlass_edge::{ErrorKind, Store};
use windlass_model::{Epoch, Happened, Happening};

use crate::fixture::{Place, environment, plan};

/// Who did that.
fn taken_over() -> Happening {
    let what = Happened::Adopted {
        by: "ana".to_owned(),
        why: None,
    };
    Happening::once(7, None, what)
}

#[tokio::test]
async fn the_opening_after_an_adoption_is_above_what_was_heard() {
    let place = Place::new();
    let store = place.open();
    let own = store.epoch();
    let heard = Epoch(own.0 + 40);
    let both = [environment("shop"), environment("mail")];
    store
        .adopt(&both, heard, &taken_over())
        .await
        .expect("adopted");
    assert_eq!(store.epoch(), own, "this opening stays what it is");
    drop(store);
    let next = place.open();
    assert_eq!(next.epoch(), heard.next());
    let written = next.environments().await.expect("readable");
    assert_eq!(written, [environment("mail"), environment("shop")]);
    let noted = next.happenings(None, 9).await.expect("readable");
    let noted: Vec<Happening> = noted.into_iter().map(|(_, it)| it).collect();
    assert_eq!(
        noted,
        [taken_over()],
        "who did it is in the same transaction"
    );
    let first = next.put_environment(&environment("shop")).await;
    first.expect("the next opening writes");
}

#[tokio::test]
async fn an_adoption_never_lowers_the_epoch() {
    let place = Place::new();
    drop((place.open(), place.open()));
    let store = place.open();
    let own = store.epoch();
    store
        .adopt(&[], Epoch(1), &taken_over())
        .await
        .expect("adopted");
    drop(store);
    assert!(place.open().epoch() > own);
}

#[tokio::test]
async fn a_lost_history_is_noted_until_it_is_adopted() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.lost().await.expect("readable"), None);
    store.note_lost(Epoch(9)).await.expect("noted");
    store.note_lost(Epoch(7)).await.expect("noted");
    drop(store);
    // Each opening raises the epoch, and is not the wiser for it.
    for _ in 0..12 {
        let store = place.open();
        assert_eq!(store.lost().await.expect("readable"), Some(Epoch(9)));
    }
    let store = place.open();
    store
        .adopt(&[], Epoch(9), &taken_over())
        .await
        .expect("adopted");
    drop(store);
    let store = place.open();
    assert_eq!(store.lost().await.expect("readable"), None);
}

#[tokio::test]
async fn an_older_opening_adopts_nothing() {
    let place = Place::new();
    let old = place.open();
    let new = place.open();
    let refused = old
        .adopt(&[environment("shop")], Epoch(90), &taken_over())
        .await;
    assert_eq!(refused.expect_err("fenced").kind, ErrorKind::Refused);
    assert_eq!(new.environments().await.expect("readable"), []);
    drop((old, new));
    assert!(place.open().epoch() < Epoch(90), "all of it, or nothing");
}

#[tokio::test]
async fn a_plan_that_can_not_be_read_hides_no_other() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.plans().await.expect("readable"), []);
    for tail in ["p", "q"] {
        store.put_plan(&plan(tail), 1).await.expect("kept");
    }
    let mut beside = place.beside().await;
    beside
        .execute("INSERT INTO plans (id, at_us, plan) VALUES ('pln_a', 1, '{')")
        .await
        .expect("written");
    let found = store.plans().await.expect("readable");
    assert_eq!(found, [plan("p"), plan("q")]);
}
