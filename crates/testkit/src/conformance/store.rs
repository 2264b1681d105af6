//! What a store promises. The whole story, with pages and damage, is told by the store's own tests.

use windlass_edge::{ErrorKind, NewEntry, Store, StoredDeployment};
use windlass_model::{
    DeploymentId, Environment, Fact, Happened, Happening, InstanceEnd, ONCE_MORE_WITHIN_US, Outcome,
};

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
    begins_once(case).await;
    knows_what_was_asked_for(case).await;
    let (first, second) = appends_in_order(case).await;
    reads_back(case, first, second).await;
    ends_for_good(case).await;
    keeps_what_was_seen(case.store).await;
    counts_what_happens_again(case.store).await;
}

async fn begins_once(case: &StoreCase<'_>) {
    let (store, id) = (case.store, &case.deployment.id);
    let open = store.open_deployments().await.expect("readable");
    assert!(open.is_empty());
    let early = store.append(row(id, 0, false)).await;
    assert!(early.is_err(), "nothing has begun");
    let begun = store.begin(&case.deployment, &case.environment).await;
    begun.expect("begun");
    let again = store.begin(&case.deployment, &case.environment).await;
    assert_eq!(
        again.expect_err("the id is taken").kind,
        ErrorKind::Conflict
    );
    let environments = store.environments().await.expect("readable");
    let expected = std::slice::from_ref(&case.environment);
    assert_eq!(environments, expected, "with its deployment, in one commit");
}

async fn knows_what_was_asked_for(case: &StoreCase<'_>) {
    let (store, begun) = (case.store, &case.deployment);
    let asked_as = begun.asked_as.as_deref().expect("the case has a key");
    let found = store.asked(asked_as).await.expect("readable");
    let found = found.expect("it has begun");
    assert_eq!((&found.id, &found.asked_as), (&begun.id, &begun.asked_as));
    let other = store.asked("of nobody").await.expect("readable");
    assert!(other.is_none(), "nobody has asked so");
}

async fn appends_in_order(case: &StoreCase<'_>) -> (u64, u64) {
    let (store, id) = (case.store, &case.deployment.id);
    let first = store.append(row(id, 0, false)).await.expect("appended");
    let taken = store.append(row(id, 0, false)).await;
    assert_eq!(
        taken.expect_err("the number is taken").kind,
        ErrorKind::Conflict
    );
    let gap = store.append(row(id, 2, false)).await;
    assert_eq!(
        gap.expect_err("a number is missing").kind,
        ErrorKind::Conflict
    );
    let mut changed = case.environment.clone();
    changed.revision += 1;
    let second = NewEntry {
        environment: Some(changed.clone()),
        ..row(id, 1, false)
    };
    let second = store.append(second).await.expect("appended");
    assert!(second > first, "sequences rise");
    let environments = store.environments().await.expect("readable");
    assert_eq!(environments, [changed]);
    (first, second)
}

async fn reads_back(case: &StoreCase<'_>, first: u64, second: u64) {
    let (store, id) = (case.store, &case.deployment.id);
    let open = store.open_deployments().await.expect("readable");
    let numbers: Vec<u64> = open[0].entries.iter().map(|entry| entry.number).collect();
    assert_eq!((open.len(), numbers), (1, vec![0, 1]));
    assert_eq!(open[0].poisoned, None);
    let after = store.entries(Some(id), first, 10).await.expect("readable");
    let last = after.last().map(|entry| entry.sequence);
    assert_eq!(store.end().await.expect("readable"), last.expect("rows"));
    assert_eq!((after.len(), after[0].sequence), (1, second));
    assert_eq!(after[0].facts, row(id, 1, false).facts);
}

async fn keeps_what_was_seen(store: &dyn Store) {
    assert_eq!(store.seen().await.expect("readable"), None);
    for state in ["one", "two"] {
        store.put_seen(state.to_owned()).await.expect("kept");
        let seen = store.seen().await.expect("readable");
        assert_eq!(seen.as_deref(), Some(state));
    }
}

async fn counts_what_happens_again(store: &dyn Store) {
    let restarted = |at_us| {
        let end = InstanceEnd::Killed(9);
        Happening::once(at_us, None, Happened::RouterRestarted { end })
    };
    let ended = Happening::once(2, None, Happened::ControllerEnded);
    let all = [restarted(1), ended, restarted(3)];
    for happening in &all {
        store.put_happening(happening).await.expect("noted");
    }
    let noted = store.happenings(None, 10).await.expect("readable");
    let told = |noted: &[(u64, Happening)]| -> Vec<(u32, i64)> {
        let told = noted.iter().map(|(_, it)| (it.count, it.at_us));
        told.collect()
    };
    assert_eq!(told(&noted), [(2, 3), (1, 2)], "newest first, folded");
    let older = store.happenings(Some(noted[0].0), 10).await;
    assert_eq!(told(&older.expect("readable")), [(1, 2)]);
    let late = restarted(4 + ONCE_MORE_WITHIN_US);
    store.put_happening(&late).await.expect("noted");
    let newest = store.happenings(None, 1).await.expect("readable");
    assert_eq!(told(&newest), [(1, late.at_us)], "too late to be one more");
    assert!(newest[0].0 > noted[0].0);
}

async fn ends_for_good(case: &StoreCase<'_>) {
    let (store, id) = (case.store, &case.deployment.id);
    store.append(row(id, 2, true)).await.expect("appended");
    let open = store.open_deployments().await.expect("readable");
    assert!(open.is_empty());
    let late = store.append(row(id, 3, false)).await;
    assert!(late.is_err(), "what has ended stays as it is");
    let ended = store.deployment(id).await.expect("readable");
    let ended = ended.expect("it is known");
    assert_eq!(
        (ended.deployment.ended_us, ended.entries.len()),
        (Some(1), 3)
    );
    store.forget_deployments(0).await.expect("dropped");
    let gone = store.deployment(id).await.expect("readable");
    assert!(gone.is_none());
}
