//! Rules that will misfire at the traffic that the controller has seen, told before anybody relies on
//! them.

use std::time::Duration;

use windlass_analysis::watch::{Traffic, misfires};
use windlass_api::{EnvironmentView, FiguresView, VersionFigures};
use windlass_client::{Client, Reach};
use windlass_model::{
    AppName, EnvironmentName, Percent, ServiceKey, ServiceName, ServiceSpec, Strategy,
};

use crate::context::Context;

/// The code of these warnings.
pub(crate) const MISFIRES: &str = "WL0200";

/// Requests from which on it is known how often a service errs while all is well.
const FEWEST: u64 = 1_000;

/// Time that was counted, below which nobody knows how many requests come.
const SHORTEST: Duration = Duration::from_secs(30);

/// Warns of each rule that will misfire, and returns what was said. Nothing without a controller that runs:
/// it is asked, and never started.
pub(crate) async fn warn<'s>(
    context: &Context,
    whose: (&AppName, &EnvironmentName),
    services: impl Iterator<Item = (&'s ServiceName, &'s ServiceSpec)>,
) -> Vec<String> {
    let Some(client) = running(context).await else {
        return Vec::new();
    };
    // What was never deployed has no figures, and a question for them would start a router, or wait for
    // one that is silent.
    let all = client.status().await.unwrap_or_default();
    let is_here = |view: &&EnvironmentView| (&view.app, &view.environment) == whose;
    let here = all.iter().find(is_here);
    if here.is_none_or(|view| view.services.is_empty() || view.router_silent.is_some()) {
        return Vec::new();
    }
    let Ok(figures) = client.figures().await else {
        return Vec::new();
    };
    let told = told(whose, services, &figures);
    for warning in &told {
        context.ui.say(&format!("warning: {warning} [{MISFIRES}]"));
    }
    told
}

/// The controller that runs, if one does.
pub(super) async fn running(context: &Context) -> Option<Client> {
    let reach = context.reach().ok()?;
    match &reach {
        Reach::Here(paths) if !paths.exists() => None,
        Reach::Here(_) | Reach::Elsewhere(_) => Client::connect(&reach).await.ok(),
    }
}

fn told<'s>(
    (app, environment): (&AppName, &EnvironmentName),
    services: impl Iterator<Item = (&'s ServiceName, &'s ServiceSpec)>,
    figures: &FiguresView,
) -> Vec<String> {
    let over = Duration::from_millis(figures.over_ms);
    if over < SHORTEST {
        return Vec::new();
    }
    let mut told = Vec::new();
    for (name, service) in services {
        let key = ServiceKey {
            app: app.clone(),
            environment: environment.clone(),
            service: name.clone(),
        };
        let Some(traffic) = figures
            .services
            .get(&key)
            .and_then(|versions| seen(versions, over))
        else {
            continue;
        };
        for (trigger, misfire) in misfires(&service.rollback_on, traffic, smallest(service)) {
            told.push(format!("`{trigger}` of {name} will misfire: {misfire}"));
        }
    }
    told
}

/// What came to the version that serves: the one with most answers. A candidate that went back errs more
/// than is healthy.
fn seen(versions: &[VersionFigures], over: Duration) -> Option<Traffic> {
    let answers = |version: &VersionFigures| version.answers.iter().sum::<u64>();
    let of = |version: &&VersionFigures| answers(version);
    let versions = versions.iter().filter(|one| one.version.is_some());
    let all: u64 = versions.clone().map(answers).sum();
    let serving = versions.max_by_key(of)?;
    let [.., errors] = serving.answers;
    let requests = answers(serving) + serving.connect_failures;
    let failed = errors + serving.broken + serving.connect_failures;
    (requests >= FEWEST).then(|| Traffic {
        per_second: real(all) / over.as_secs_f64(),
        base: real(failed) / real(requests),
    })
}

/// More requests than that are told no more exactly, and need not be.
fn real(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// The share of its first step.
fn smallest(service: &ServiceSpec) -> f64 {
    match &service.strategy {
        Strategy::Canary(steps) => {
            let shares = steps.iter().map(|step| step.to);
            let first = shares.min().unwrap_or(Percent::FULL);
            f64::from(first.get()) / 100.0
        }
        Strategy::Rolling => 1.0 / f64::from(service.process.instances.max(1)),
        Strategy::BlueGreen | Strategy::Recreate => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str, good: u64, errors: u64) -> VersionFigures {
        VersionFigures {
            version: Some(windlass_model::Version(name.to_owned())),
            answers: [0, good, 0, 0, errors],
            ..VersionFigures::default()
        }
    }

    #[test]
    fn the_version_that_serves_says_what_is_healthy() {
        let over = Duration::from_secs(100);
        let versions = [version("1", 9_990, 10), version("2", 50, 50)];
        let traffic = seen(&versions, over).expect("enough came");
        assert!((traffic.per_second - 101.0).abs() < 1e-9, "{traffic:?}");
        assert!((traffic.base - 0.001).abs() < 1e-9, "{traffic:?}");
        assert_eq!(seen(&[version("1", 900, 0)], over), None, "too few to say");
    }
}
