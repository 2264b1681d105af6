//! What a store promises. The whole story, with pages and damage, is told by the store's own tests.

use windlass_edge::{ErrorKind, NewEntry, Store, StoredDeployment};
use windlass_model::{DeploymentId, Environment, Fact, Outcome};

/// What the suite needs: an empty store and something to write.
pub struct StoreCase<'c> {
    /// The store, empty.
    pub store: &'c dyn Store,
    /// A deployment that has not begun.
    pub deployment: StoredDeployment,
    /// The environment it changes.
    pub environment: Environment,
}

fn row(deployment: &DeploymentId, number: u64, ends: bool) -> NewEntry {
    NewEntry {
        deployment: deployment.clone(),
        number,
        at_us: 1,
        event: "\"began\"".to_owned(),
        facts: vec![Fact::Ended {
            outcome: Outcome::Promoted,
        }],
        environment: None,
        ends,
    }
}

/// The promises of [`Store`] that the runtime rests on.
pub async fn store(case: &StoreCase<'_>) {
    let (store, id) = (case.store, &case.deployment.id);
    assert!(store.open_deployments().await.expect("readable").is_empty());
    assert!(
        store.append(row(id, 0, false)).await.is_err(),
        "nothing has begun"
    );
    store
        .begin(&case.deployment, &case.environment)
        .await
        .expect("begun");
    let again = store.begin(&case.deployment, &case.environment).await;
    assert_eq!(
        again.expect_err("the id is taken").kind,
        ErrorKind::Conflict
    );
    let environments = store.environments().await.expect("readable");
    assert_eq!(
        environments,
        [case.environment.clone()],
        "with its deployment, in one commit"
    );

    let first = store.append(row(id, 0, false)).await.expect("appended");
    let taken = store
        .append(row(id, 0, false))
        .await
        .expect_err("the number is taken");
    assert_eq!(taken.kind, ErrorKind::Conflict, "{taken}");
    let gap = store
        .append(row(id, 2, false))
        .await
        .expect_err("a number is missing");
    assert_eq!(gap.kind, ErrorKind::Conflict, "{gap}");
    let changed = Environment {
        revision: case.environment.revision + 1,
        ..case.environment.clone()
    };
    let second = NewEntry {
        environment: Some(changed.clone()),
        ..row(id, 1, false)
    };
    let second = store.append(second).await.expect("appended");
    assert!(second > first, "sequences rise");
    assert_eq!(store.environments().await.expect("readable"), [changed]);

    let open = store.open_deployments().await.expect("readable");
    let numbers: Vec<u64> = open[0].entries.iter().map(|entry| entry.number).collect();
    assert_eq!(
        (open.len(), numbers, open[0].poisoned.as_ref()),
        (1, vec![0, 1], None)
    );
    let after = store.entries(Some(id), first, 10).await.expect("readable");
    assert_eq!(after.len(), 1);
    assert_eq!(
        (after[0].sequence, &after[0].facts),
        (second, &row(id, 1, false).facts)
    );

    store.append(row(id, 2, true)).await.expect("appended");
    assert!(store.open_deployments().await.expect("readable").is_empty());
    assert!(
        store.append(row(id, 3, false)).await.is_err(),
        "what has ended stays as it is"
    );
    let ended = store
        .deployment(id)
        .await
        .expect("readable")
        .expect("it is known");
    assert_eq!(
        (ended.deployment.ended_us, ended.entries.len()),
        (Some(1), 3)
    );
    store.forget_deployments(0).await.expect("dropped");
    assert!(store.deployment(id).await.expect("readable").is_none());
}
