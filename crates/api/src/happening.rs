//! What happened outside of deployments, as it is listed.

use serde::{Deserialize, Serialize};
use windlass_model::{
    AppName, EnvironmentName, Happened, Happening, InstanceEnd, InstanceId, ServiceName,
};

/// Something that happened outside of a deployment, once or several times in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HappeningView {
    /// Its number: higher than those of all that happened before. What happens once more gets another one.
    pub sequence: u64,
    /// When it happened last, microseconds since 1970 UTC.
    pub at_us: i64,
    /// When the first of them happened.
    pub first_us: i64,
    /// How often.
    pub count: u32,
    /// When a controller found the last of them, where none was there to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_us: Option<i64>,
    /// The application, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// The service there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// The instance of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// What happened.
    pub what: Happened,
}

impl HappeningView {
    /// One as it was noted, with its number.
    pub fn of(sequence: u64, happening: Happening) -> Self {
        let (key, instance) = match happening.of {
            Some(of) => (Some(of.service), Some(of.instance)),
            None => (None, None),
        };
        let place = happening.what.environment();
        let place = place.map(|(app, environment)| (app.clone(), environment.clone()));
        let of_instance = key
            .as_ref()
            .map(|key| (key.app.clone(), key.environment.clone()));
        let (app, environment) = of_instance.or(place).unzip();
        Self {
            sequence,
            at_us: happening.at_us,
            first_us: happening.first_us,
            count: happening.count,
            found_us: happening.found_us,
            app,
            environment,
            service: key.map(|key| key.service),
            instance,
            what: happening.what,
        }
    }
}

/// Happenings, newest first. What happens once more meanwhile is on no later page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HappeningPage {
    /// This page.
    pub happenings: Vec<HappeningView>,
    /// The `cursor` of the next page; none after the last one.
    #[serde(default)]
    pub next: Option<String>,
}

/// How often something ended by itself lately and was started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestartsView {
    /// How often.
    pub count: u32,
    /// When it was so last, microseconds since 1970 UTC.
    pub last_us: i64,
    /// How it ended then.
    pub end: InstanceEnd,
    /// When the first of them was, where what is counted as one began more than 24 hours ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_us: Option<i64>,
}

impl RestartsView {
    /// This one and another together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let count = self.count.saturating_add(other.count);
        let since_us = self.since_us.into_iter().chain(other.since_us).min();
        let last = if other.last_us > self.last_us {
            other
        } else {
            self
        };
        Self {
            count,
            since_us,
            ..last
        }
    }
}
