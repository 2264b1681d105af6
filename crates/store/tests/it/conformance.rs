//! The promises that every store keeps.

use windlass_testkit::conformance::{StoreCase, store};

use crate::fixture::{Place, deployment, environment};

#[tokio::test]
async fn the_sqlite_store_is_a_store() {
    let place = Place::new();
    let opened = place.open();
    let case = StoreCase {
        store: &opened,
        deployment: deployment("a"),
        environment: environment("shop"),
    };
    store(&case).await;
}
