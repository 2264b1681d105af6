//! What happened outside of deployments, with rows that can't be read.

use windlass_edge::Store;
use windlass_model::{Happened, Happening};

use crate::fixture::Place;

#[tokio::test]
async fn a_row_that_cannot_be_read_is_left_out_and_shortens_no_page() {
    let place = Place::new();
    let store = place.open();
    for at_us in 1..=5 {
        let what = Happened::RouterNotStarted {
            why: at_us.to_string(),
        };
        let happening = Happening::once(at_us * 10_000_000_000, None, what);
        store.put_happening(&happening).await.expect("noted");
    }
    let all = store.happenings(None, 10).await.expect("readable");
    assert_eq!(all.len(), 5);
    let damage = "UPDATE happenings SET happening = '{}' WHERE sequence IN ($1, $2)";
    sqlx::query(damage)
        .bind(i64::try_from(all[0].0).expect("small"))
        .bind(i64::try_from(all[2].0).expect("small"))
        .execute(&mut place.beside().await)
        .await
        .expect("damaged");
    let page = store.happenings(None, 2).await.expect("readable");
    assert_eq!(page, [all[1].clone(), all[3].clone()]);
    let next = store.happenings(Some(page[1].0), 2).await;
    assert_eq!(next.expect("readable"), [all[4].clone()]);
}
