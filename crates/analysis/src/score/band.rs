//! What a score stands for, and what that allows where.

use windlass_model::{Band, EnvironmentName, Measure, Permit};

/// From here on *deploy*.
const DEPLOY: f64 = 95.0;

/// From here on *deploy with monitoring*.
const MONITORED: f64 = 85.0;

/// From here on *staging only*.
const STAGING: f64 = 70.0;

/// The band of a score.
pub fn band(score: Measure) -> Band {
    let score = f64::from(score);
    if score >= DEPLOY {
        Band::Deploy
    } else if score >= MONITORED {
        Band::DeployWithMonitoring
    } else if score >= STAGING {
        Band::StagingOnly
    } else {
        Band::DevelopmentOnly
    }
}

/// What an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// For whoever writes the application.
    Development,
    /// For trying a release.
    Staging,
    /// For its users.
    Production,
}

/// Names of environments in which people try things out for themselves.
const FOR_DEVELOPMENT: [&str; 4] = ["dev", "develop", "development", "local"];

/// Names of environments in which releases are tried.
const FOR_STAGING: [&str; 8] = [
    "acceptance",
    "integration",
    "preprod",
    "qa",
    "stage",
    "staging",
    "test",
    "testing",
];

impl Place {
    /// What an environment of this name is for. An unknown name is taken for production, since that asks
    /// for most.
    pub fn of(environment: &EnvironmentName) -> Self {
        let name = environment.as_str();
        if FOR_DEVELOPMENT.contains(&name) {
            Self::Development
        } else if FOR_STAGING.contains(&name) {
            Self::Staging
        } else {
            Self::Production
        }
    }
}

/// What a band allows in a place of this kind.
pub fn permit(band: Band, place: Place) -> Permit {
    match (band, place) {
        (Band::Deploy, _) | (_, Place::Development) => Permit::Yes,
        (Band::DeployWithMonitoring, Place::Production) => Permit::Watched,
        (Band::DeployWithMonitoring | Band::StagingOnly, Place::Staging) => Permit::Yes,
        (Band::StagingOnly, Place::Production) => Permit::No,
        (Band::DevelopmentOnly, Place::Staging | Place::Production) => Permit::No,
    }
}
