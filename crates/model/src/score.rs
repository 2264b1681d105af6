//! The health score: what it is made of, and what it came to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    AppName, CategoryName, CheckName, DeploymentId, EnvironmentName, Measure, MetricQuery, Millis,
    ServiceName, Template,
};

/// What the score of an application is made of. Empty where the file says nothing about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ScoreSpec {
    /// Its categories.
    pub categories: BTreeMap<CategoryName, CategorySpec>,
}

impl ScoreSpec {
    /// Whether nothing is measured.
    pub fn is_empty(&self) -> bool {
        self.categories.is_empty()
    }

    /// Every check with the name of its category, in order.
    pub fn checks(&self) -> impl Iterator<Item = (&CategoryName, &CheckName, &CheckSpec)> {
        self.categories.iter().flat_map(|(category, spec)| {
            let checks = spec.checks.iter();
            checks.map(move |(name, check)| (category, name, check))
        })
    }

    /// The names in commands whose values must come from the environment of whoever asks.
    pub fn foreign_names(&self) -> BTreeSet<&str> {
        let words = self.checks().flat_map(|(_, _, check)| check.source.words());
        words.flat_map(Template::names).collect()
    }
}

impl CheckSource {
    /// The words of a command.
    pub fn words(&self) -> &[Template] {
        match self {
            Self::Command { argv, .. } => argv,
            Self::Probe { .. }
            | Self::Metric { .. }
            | Self::Junit(_)
            | Self::Playwright(_)
            | Self::Lcov(_)
            | Self::Cobertura(_)
            | Self::Json { .. } => &[],
        }
    }
}

/// One category of the score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategorySpec {
    /// How much it counts beside the others; at least 1.
    pub weight: u16,
    /// What is measured; at least one.
    pub checks: BTreeMap<CheckName, CheckSpec>,
}

/// One thing that is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckSpec {
    /// How much it counts beside the others of its category; at least 1.
    pub weight: u16,
    /// Where its value comes from.
    pub source: CheckSource,
    /// What a value is worth.
    pub scale: Scale,
    /// What follows where there is no value.
    pub no_data: NoData,
    /// A report that is older is no data.
    pub max_age: Millis,
    /// How long measuring it may take.
    pub within: Millis,
    /// What gives the points back, in the words of the file.
    pub remedy: Option<String>,
}

/// Where the value of a check comes from. Files lie below the folder of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckSource {
    /// The share of a service's stable instances that answer well.
    Probe {
        /// The service.
        service: ServiceName,
        /// The path of a GET, in the place of the service's own readiness question.
        path: Option<String>,
    },
    /// A number that somebody else measures, of the release that is judged, else of the stable one.
    Metric {
        /// The service.
        service: ServiceName,
        /// The name that the service has for it.
        name: String,
        /// How it is asked for. Its `every` has no meaning here.
        query: Box<MetricQuery>,
    },
    /// The share of tests that passed, of a JUnit XML.
    Junit(String),
    /// The same, of the JSON that Playwright's reporter writes.
    Playwright(String),
    /// The share of lines that were covered, of an LCOV file.
    Lcov(String),
    /// The same, of a Cobertura XML.
    Cobertura(String),
    /// A figure in a JSON file.
    Json {
        /// The file.
        file: String,
        /// A JSON pointer to it.
        value: String,
    },
    /// What a command says.
    Command {
        /// Program and arguments. Never a shell.
        argv: Vec<Template>,
        /// A JSON pointer to a figure in what it prints. Without it: whether it ends with 0.
        value: Option<String>,
    },
}

/// What a value is worth: a line between two ends, cut beyond them. The ends differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scale {
    /// Worth 0.
    pub bad: Measure,
    /// Worth 100.
    pub good: Measure,
}

/// What follows where a check has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// The score is not known.
    #[default]
    Hold,
    /// It counts as 0.
    Zero,
    /// The others of its category count in its place.
    Skip,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A value.
    Value {
        /// How much: per cent where it is a share.
        value: Measure,
        /// The same in words.
        saw: String,
        /// When it was true, microseconds since 1970 UTC.
        at_us: i64,
    },
    /// None; holds why, for a person.
    Missing(String),
}

/// The score as it was measured at one moment. While a check without data holds it, it is only known to
/// lie from `low` to `high`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Score {
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
    /// At least this.
    pub low: Measure,
    /// At most this.
    pub high: Measure,
    /// What it stands for, once it is known.
    pub band: Option<Band>,
    /// What it is made of.
    pub categories: Vec<CategoryScore>,
    /// What it lacks, the most first. Adds up to a hundred with `low`.
    pub lost: Vec<PointsLost>,
}

impl Score {
    /// The score, once it is known.
    pub fn known(&self) -> Option<Measure> {
        (self.low == self.high).then_some(self.low)
    }
}

/// One category of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategoryScore {
    /// Which.
    pub name: CategoryName,
    /// How much it counts; 0 while all its checks are skipped.
    pub weight: u16,
    /// At least this.
    pub low: Measure,
    /// At most this.
    pub high: Measure,
    /// What it is made of.
    pub checks: Vec<CheckScore>,
}

/// One check of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckScore {
    /// Which.
    pub name: CheckName,
    /// How much it counts within its category.
    pub weight: u16,
    /// How it counts.
    pub counted: Counted,
    /// What was seen, or why there is nothing.
    pub saw: String,
    /// How old that is.
    pub age: Option<Millis>,
    /// Where it comes from, in a few words.
    pub source: String,
}

/// How a check counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// As what it is worth, 0 to 100.
    Measured(Measure),
    /// There is no data, and it counts as 0.
    Zero,
    /// There is no data, and the others count in its place.
    Skipped,
    /// There is no data, and the score is not known.
    Held,
}

/// Points that a score lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PointsLost {
    /// Where.
    pub category: CategoryName,
    /// Where in it.
    pub check: CheckName,
    /// How many of the whole score's hundred.
    pub points: Measure,
    /// What took them.
    pub cause: String,
    /// What gives them back.
    pub remedy: String,
}

/// What a score stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Below 70.
    DevelopmentOnly,
    /// From 70 on.
    StagingOnly,
    /// From 85 on.
    DeployWithMonitoring,
    /// From 95 on.
    Deploy,
}

/// Whether a deployment is advised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Permit {
    /// Yes.
    Yes,
    /// Yes, while somebody watches.
    Watched,
    /// No.
    No,
}

/// A score that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreEntry {
    /// Of which application.
    pub app: AppName,
    /// In which environment.
    pub environment: EnvironmentName,
    /// Why it was measured.
    pub moment: ScoreMoment,
    /// What it came to.
    pub score: Score,
}

/// Why a score was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScoreMoment {
    /// Somebody asked.
    Asked,
    /// A deployment was about to begin.
    Before(DeploymentId),
    /// A deployment had ended.
    After(DeploymentId),
}
