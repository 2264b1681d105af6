//! Measures one durable append against a bare write and fdatasync of the same size in the same
//! folder, taking turns, and prints one JSON line.
//!
//! `commit [FOLDER] [ROUNDS]`

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use windlass_edge::{EdgeError, NewEntry, Store, StoredDeployment};
use windlass_model::{AppName, DeploymentId, Environment, EnvironmentName, Fact, Plan, PlanId};
use windlass_store::SqliteStore;

/// Bytes of one row's event and facts together, and of one bare write.
const ROW_BYTES: usize = 400;

/// Pairs measured unless said otherwise.
const ROUNDS: usize = 1_000;

/// Most pairs measured.
const ROUNDS_MOST: usize = 100_000;

/// Pairs before the measuring begins.
const WARM_UP: usize = 20;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let folder = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let rounds = words
        .next()
        .map_or(Ok(ROUNDS), |word| word.parse())?
        .min(ROUNDS_MOST);
    let place = folder.join(format!("windlass-commit-{}", std::process::id()));
    std::fs::create_dir(&place)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let measured = runtime.block_on(measure(&place, rounds));
    std::fs::remove_dir_all(&place)?;
    let (mut commits, mut syncs) = measured?;
    let line = serde_json::json!({
        "rounds": rounds,
        "commit_p50_us": quantile(&mut commits, 50),
        "commit_p99_us": quantile(&mut commits, 99),
        "fdatasync_p50_us": quantile(&mut syncs, 50),
        "fdatasync_p99_us": quantile(&mut syncs, 99),
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Microseconds of each append and of each bare write, in turns so that both meet the same disk.
async fn measure(place: &Path, rounds: usize) -> Result<(Vec<u64>, Vec<u64>), Failure> {
    let store = SqliteStore::open(&place.join("journal.sqlite"))?;
    let deployment = begin(&store).await?;
    let mut bare = File::create(place.join("bare"))?;
    let (mut commits, mut syncs) = (Vec::new(), Vec::new());
    for number in 0..(WARM_UP + rounds) as u64 {
        let entry = row(&deployment, number);
        let begun = Instant::now();
        store.append(entry).await?;
        commits.push(begun.elapsed());
        let begun = Instant::now();
        bare.write_all(&[b'x'; ROW_BYTES])?;
        bare.sync_data()?;
        syncs.push(begun.elapsed());
    }
    let micros = |times: Vec<std::time::Duration>| {
        let kept = times.into_iter().skip(WARM_UP);
        kept.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
            .collect()
    };
    Ok((micros(commits), micros(syncs)))
}

async fn begin(store: &dyn Store) -> Result<DeploymentId, EdgeError> {
    let (app, environment) = (
        AppName::new("bench").expect("a valid name"),
        EnvironmentName::default_environment(),
    );
    let deployment = StoredDeployment {
        id: DeploymentId::from_tail("bench").expect("a valid id"),
        plan: Plan {
            kind: windlass_model::PlanKind::Deploy,
            finalize: windlass_model::Finalize::NextDeployment,
            renames: std::collections::BTreeMap::new(),
            score: windlass_model::ScoreSpec::default(),
            before: Vec::new(),
            folder: String::new(),
            id: PlanId::from_tail("bench").expect("a valid id"),
            app: app.clone(),
            environment: environment.clone(),
            revision: 0,
            on_failure: windlass_model::OnFailure::All,
            parallel: 8,
            rollouts: std::collections::BTreeMap::new(),
            unchanged: std::collections::BTreeSet::new(),
            unmanaged: std::collections::BTreeSet::new(),
            tasks: Vec::new(),
        },
        started_us: 0,
        ended_us: None,
        by: "bench".to_owned(),
        opening: "{}".to_owned(),
        asked_as: None,
    };
    store
        .begin(&deployment, &Environment::empty(app, environment))
        .await?;
    Ok(deployment.id)
}

fn row(deployment: &DeploymentId, number: u64) -> NewEntry {
    let facts = vec![Fact::Held {
        by: "somebody".to_owned(),
    }];
    NewEntry {
        deployment: deployment.clone(),
        number,
        at_us: 0,
        event: format!("{{\"padding\":\"{}\"}}", "x".repeat(ROW_BYTES - 60)),
        facts,
        environment: None,
        ends: false,
    }
}

/// The value below which `percent` of them lie.
fn quantile(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    let place = values.len().saturating_sub(1) * percent / 100;
    values.get(place).copied().unwrap_or(0)
}
