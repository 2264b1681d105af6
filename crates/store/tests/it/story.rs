//! One story for every back end: it knows the trait only.

use windlass_edge::{ErrorKind, NewEntry, OpenDeployment, Store};
use windlass_model::{
    AppName, Band, EnvironmentName, Fact, Measure, PlanId, Score, ScoreEntry, ScoreMoment,
};

use crate::fixture::{Place, dep, deployment, environment, last_row, plan, row};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Tells the whole trait, on a store that is empty.
async fn story(store: &dyn Store) {
    nothing_is_there(store).await;
    a_deployment_is_written(store).await;
    mistakes_are_refused(store).await;
    rows_are_read_in_pages(store).await;
    it_ends(store).await;
    plans_are_kept_for_30_days(store).await;
    scores_are_told_newest_first_for_each_environment(store).await;
    a_moment_of_a_deployment_has_one_score(store).await;
    old_deployments_are_forgotten(store).await;
}

async fn nothing_is_there(store: &dyn Store) {
    assert_eq!(store.environments().await.expect("readable"), []);
    assert!(store.open_deployments().await.expect("readable").is_empty());
    assert!(store.deployments(10).await.expect("readable").is_empty());
    assert!(
        store
            .deployment(&dep("a"))
            .await
            .expect("readable")
            .is_none()
    );
    assert!(
        store
            .entries(None, 0, 10)
            .await
            .expect("readable")
            .is_empty()
    );
}

async fn a_deployment_is_written(store: &dyn Store) {
    let mut shop = environment("shop");
    shop.lock = Some(dep("a"));
    store.begin(&deployment("a"), &shop).await.expect("begun");
    assert_eq!(
        store.environments().await.expect("readable"),
        [shop.clone()]
    );

    let first = store.append(row("a", 0)).await.expect("appended");
    shop.revision = 1;
    let changed = NewEntry {
        environment: Some(shop.clone()),
        ..row("a", 1)
    };
    let second = store.append(changed).await.expect("appended");
    assert!(second > first, "sequences rise: {first}, {second}");
    assert_eq!(store.environments().await.expect("readable"), [shop]);

    let mut other = environment("other");
    store.put_environment(&other).await.expect("written");
    "/srv/other".clone_into(&mut other.folder);
    store.put_environment(&other).await.expect("written again");
    let apps: Vec<_> = store.environments().await.expect("readable");
    assert_eq!(apps.len(), 2);
    assert_eq!(apps.first(), Some(&other));

    let written = store
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    it_reads_as_it_was_written(&written, [first, second]);
}

fn it_reads_as_it_was_written(found: &OpenDeployment, sequences: [u64; 2]) {
    assert_eq!(found.poisoned, None);
    assert_eq!(found.deployment.id, dep("a"));
    assert_eq!(found.deployment.plan, plan("a"));
    assert_eq!(found.deployment.started_us, 1_000);
    assert_eq!(found.deployment.ended_us, None);
    assert_eq!(found.deployment.by, "an ada");
    assert_eq!(found.deployment.opening, r#"{"slots":[]}"#);
    let numbers: Vec<_> = found
        .entries
        .iter()
        .map(|e| (e.sequence, e.number))
        .collect();
    assert_eq!(numbers, [(sequences[0], 0), (sequences[1], 1)]);
    let entry = found.entries.first().expect("the first row");
    assert_eq!(entry.deployment, dep("a"));
    assert_eq!(entry.at_us, 2_000);
    assert_eq!(entry.event, row("a", 0).event);
    assert_eq!(entry.facts, row("a", 0).facts);
}

async fn mistakes_are_refused(store: &dyn Store) {
    let refused = async |entry: NewEntry| {
        let before = store.environments().await.expect("readable");
        let why = store.append(entry).await.expect_err("refused");
        assert_eq!(
            store.environments().await.expect("readable"),
            before,
            "{}",
            why.what
        );
        why.kind
    };
    let mut shop = environment("shop");
    "/nowhere".clone_into(&mut shop.folder);
    let tries = |number| NewEntry {
        environment: Some(shop.clone()),
        ..row("a", number)
    };
    assert_eq!(
        refused(tries(0)).await,
        ErrorKind::Conflict,
        "a number that is taken"
    );
    assert_eq!(
        refused(tries(1)).await,
        ErrorKind::Conflict,
        "a number that is taken"
    );
    assert_eq!(
        refused(tries(3)).await,
        ErrorKind::Conflict,
        "a number that leaves a gap"
    );
    assert_eq!(
        refused(tries(u64::MAX)).await,
        ErrorKind::Conflict,
        "a number beyond all"
    );
    assert_eq!(
        refused(row("nobody", 0)).await,
        ErrorKind::Rejected,
        "never begun"
    );
    let twice = store
        .begin(&deployment("a"), &shop)
        .await
        .expect_err("refused");
    assert_eq!(twice.kind, ErrorKind::Conflict, "an id that is taken");
    let folders: Vec<_> = store.environments().await.expect("readable");
    assert!(
        folders.iter().all(|e| e.folder != "/nowhere"),
        "its environment is not written"
    );
    store
        .append(row("a", 2))
        .await
        .expect("the right number is still free");
}

async fn rows_are_read_in_pages(store: &dyn Store) {
    store
        .begin(&deployment("b"), &environment("shop"))
        .await
        .expect("begun");
    for number in 0..3 {
        store.append(row("b", number)).await.expect("appended");
        store.append(row("a", 3 + number)).await.expect("appended");
    }
    let mut after = 0;
    let mut seen = Vec::new();
    loop {
        let page = store.entries(None, after, 4).await.expect("readable");
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = last.sequence;
        seen.extend(page);
    }
    assert!(seen.is_sorted_by(|a, b| a.sequence < b.sequence));
    let of = |id| {
        seen.iter()
            .filter(move |e| e.deployment == dep(id))
            .map(|e| e.number)
    };
    assert_eq!(of("a").collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(of("b").collect::<Vec<_>>(), [0, 1, 2]);
    let first_of_b = seen
        .iter()
        .find(|e| e.deployment == dep("b"))
        .expect("there");
    let rest = store
        .entries(Some(&dep("b")), first_of_b.sequence, 10)
        .await
        .expect("readable");
    assert_eq!(rest.iter().map(|e| e.number).collect::<Vec<_>>(), [1, 2]);
    assert!(
        store
            .entries(None, u64::MAX, 10)
            .await
            .expect("readable")
            .is_empty()
    );
}

async fn it_ends(store: &dyn Store) {
    let open = store.open_deployments().await.expect("readable");
    let summary: Vec<_> = open
        .iter()
        .map(|o| (&o.deployment.id, o.entries.len()))
        .collect();
    assert_eq!(summary, [(&dep("a"), 6), (&dep("b"), 3)]);
    store.append(last_row("a", 6)).await.expect("appended");
    let open = store.open_deployments().await.expect("readable");
    assert_eq!(
        open.iter().map(|o| &o.deployment.id).collect::<Vec<_>>(),
        [&dep("b")]
    );
    let over = store.append(row("a", 7)).await.expect_err("refused");
    assert_eq!(
        over.kind,
        ErrorKind::Rejected,
        "an ended deployment stays as it is"
    );
    let ended = store
        .deployment(&dep("a"))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(ended.deployment.ended_us, Some(2_006));
    assert!(matches!(
        ended.entries.last().map(|e| e.facts.as_slice()),
        Some([Fact::Ended { .. }])
    ));
    let newest = store.deployments(1).await.expect("readable");
    assert_eq!(
        newest.iter().map(|d| &d.id).collect::<Vec<_>>(),
        [&dep("b")]
    );
    let all = store.deployments(10).await.expect("readable");
    let ends: Vec<_> = all.iter().map(|d| (&d.id, d.ended_us)).collect();
    assert_eq!(ends, [(&dep("b"), None), (&dep("a"), Some(2_006))]);
}

fn score(app: &str, at_us: i64) -> ScoreEntry {
    ScoreEntry {
        app: AppName::new(app).expect("a name"),
        environment: EnvironmentName::default_environment(),
        moment: ScoreMoment::Asked,
        score: Score {
            at_us,
            low: Measure::nearest(90.0),
            high: Measure::nearest(90.0),
            band: Some(Band::DeployWithMonitoring),
            categories: Vec::new(),
            lost: Vec::new(),
        },
    }
}

/// Whoever dies after it was kept, and before that is journalled, measures and keeps it again.
async fn a_moment_of_a_deployment_has_one_score(store: &dyn Store) {
    let entry = |moment, at_us| ScoreEntry {
        moment,
        ..score("once", at_us)
    };
    let (before, after) = (ScoreMoment::Before, ScoreMoment::After);
    let told = [
        (before(dep("a")), 1),
        (before(dep("b")), 2),
        (ScoreMoment::Asked, 3),
        (before(dep("a")), 4),
        (ScoreMoment::Asked, 5),
        (after(dep("a")), 6),
        (after(dep("a")), 7),
    ];
    for (moment, at_us) in told {
        let entry = entry(moment, at_us);
        store.put_score(&entry).await.expect("kept");
    }
    let of = score("once", 0);
    let scores = store.scores(&of.app, &of.environment, 10).await;
    let scores = scores.expect("readable").into_iter();
    let kept: Vec<_> = scores.map(|it| it.score.at_us).collect();
    assert_eq!(kept, [7, 5, 4, 3, 2]);
}

async fn scores_are_told_newest_first_for_each_environment(store: &dyn Store) {
    let entry = score;
    for at_us in 0..1_003 {
        store
            .put_score(&entry("measured", at_us))
            .await
            .expect("kept");
    }
    store.put_score(&entry("other", 7)).await.expect("kept");
    let told = async |app: &str, limit| {
        let of = entry(app, 0);
        let scores = store.scores(&of.app, &of.environment, limit).await;
        let scores = scores.expect("readable");
        scores.iter().map(|it| it.score.at_us).collect::<Vec<_>>()
    };
    assert_eq!(told("measured", 3).await, [1_002, 1_001, 1_000]);
    let kept = told("measured", 9_999).await;
    assert_eq!((kept.len(), kept.last()), (1_000, Some(&3)));
    assert_eq!(told("other", 10).await, [7]);
    assert!(told("nobody", 10).await.is_empty());
}

async fn plans_are_kept_for_30_days(store: &dyn Store) {
    let unknown = PlanId::from_tail("unknown").expect("a valid id");
    assert_eq!(store.plan(&unknown).await.expect("readable"), None);
    store.put_plan(&plan("old"), 0).await.expect("kept");
    store.put_plan(&plan("again"), 0).await.expect("kept");
    store
        .put_plan(&plan("again"), 29 * DAY_US)
        .await
        .expect("kept again");
    store
        .put_plan(&plan("new"), 30 * DAY_US)
        .await
        .expect("kept");
    assert_eq!(
        store.plan(&plan("old").id).await.expect("readable"),
        Some(plan("old"))
    );
    store
        .put_plan(&plan("newest"), 30 * DAY_US + 1)
        .await
        .expect("kept");
    assert_eq!(
        store.plan(&plan("old").id).await.expect("readable"),
        None,
        "too old"
    );
    for kept in ["again", "new", "newest"] {
        assert_eq!(
            store.plan(&plan(kept).id).await.expect("readable"),
            Some(plan(kept))
        );
    }
}

async fn old_deployments_are_forgotten(store: &dyn Store) {
    let ended = ["c", "d", "e"];
    for id in ended {
        store
            .begin(&deployment(id), &environment("shop"))
            .await
            .expect("begun");
        store.append(row(id, 0)).await.expect("appended");
        store.append(last_row(id, 1)).await.expect("appended");
    }
    store.forget_deployments(2).await.expect("forgotten");
    let left: Vec<_> = store.deployments(10).await.expect("readable");
    let left: Vec<_> = left.iter().map(|d| d.id.clone()).collect();
    assert_eq!(
        left,
        [dep("e"), dep("d"), dep("b")],
        "open ones stay, however old"
    );
    assert!(
        store
            .deployment(&dep("a"))
            .await
            .expect("readable")
            .is_none()
    );
    assert!(
        store
            .entries(Some(&dep("a")), 0, 10)
            .await
            .expect("readable")
            .is_empty()
    );
    let newest = store.entries(None, 0, 100).await.expect("readable");
    let newest = newest.last().expect("rows are left").sequence;
    store.forget_deployments(0).await.expect("forgotten");
    let next = store
        .append(row("b", 3))
        .await
        .expect("an open one goes on");
    assert!(next > newest, "a sequence is never used again");
    store
        .forget_deployments(0)
        .await
        .expect("nothing to do is fine");
    assert_eq!(store.deployments(10).await.expect("readable").len(), 1);
}

#[tokio::test]
async fn the_story_holds_on_sqlite() {
    let place = Place::new();
    story(&place.open()).await;
}
