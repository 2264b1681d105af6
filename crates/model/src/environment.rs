//! What an environment runs, as the journal says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    AppName, DeploymentId, EnvironmentName, Finalize, Release, ServiceName, ServiceSpec, Slot,
    SlotId,
};

/// What one environment of one application runs. A cache of the journal: rebuilt by replaying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Environment {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// Counts journalled changes of what is stable; a plan of an older revision is stale.
    pub revision: u64,
    /// The folder of the file it was last deployed from.
    pub folder: String,
    /// The deployment that holds the lock, if one runs.
    pub lock: Option<DeploymentId>,
    /// Its services, also those no longer in the file.
    pub services: BTreeMap<ServiceName, ServiceState>,
}

/// What one service runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceState {
    /// The slot with the role stable.
    pub stable: Option<Slot>,
    /// The previous stable slot, kept warm until finalize.
    pub standby: Option<Slot>,
    /// The next slot's id.
    pub next_slot: SlotId,
    /// Who left the standby there, and when it goes.
    #[serde(default)]
    pub standby_kept: Option<StandbyKept>,
    /// A candidate that failed, kept for a look because somebody asked for it.
    #[serde(default)]
    pub failed: Option<KeptFailed>,
    /// Promoted releases, newest first; retention keeps their files.
    pub promoted: Vec<Promoted>,
    /// Releases that were rolled back from: only a person who names one gets it again.
    #[serde(default)]
    pub rolled_back: BTreeSet<Release>,
    /// It was taken over as it ran, and nothing was promoted since: what runs beside it is a person's.
    #[serde(default)]
    pub adopted: bool,
    /// Who took down what ran last, where nothing was promoted since.
    #[serde(default)]
    pub down: Option<TakenDown>,
}

/// The end of what ran of a service, because somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TakenDown {
    /// Who asked.
    pub by: String,
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
}

/// A release that was stable, and how it ran then: enough to start it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Promoted {
    /// What ran.
    pub release: Release,
    /// How it was asked to run.
    pub spec: ServiceSpec,
}

/// A standby's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StandbyKept {
    /// The deployment whose promotion left it.
    pub by: DeploymentId,
    /// When it goes.
    pub finalize: Finalize,
}

/// A failed candidate that still runs, without traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptFailed {
    /// The deployment that it failed in.
    pub by: DeploymentId,
    /// Where it runs.
    pub slot: Slot,
}

impl ServiceState {
    /// Every slot that something runs in: what serves first.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        let failed = self.failed.as_ref().map(|kept| &kept.slot);
        self.stable.iter().chain(&self.standby).chain(failed)
    }

    /// Whether anything of it runs or may: what a script has brought needs nothing that runs.
    pub fn runs(&self) -> bool {
        self.slots().any(|slot| slot.spec.command.is_none())
    }

    /// Whether a script has brought what is stable: only a script can take that away.
    pub fn is_of_a_script(&self) -> bool {
        let stable = self.stable.as_ref();
        stable.is_some_and(|slot| slot.spec.command.is_some())
    }

    /// Forgets what runs; numbers and releases stay known.
    pub fn clear(&mut self) {
        self.stable = None;
        self.failed = None;
        self.drop_standby();
    }

    /// The same because somebody ended it. Of what did not run it stays known who ended that; what a script
    /// has brought was not ended, and stays.
    pub fn take_down(&mut self, by: &str, at_us: i64) {
        if self.is_of_a_script() {
            return;
        }
        if self.stable.is_some() {
            let by = by.to_owned();
            self.down = Some(TakenDown { by, at_us });
        }
        self.clear();
    }

    /// Forgets the standby.
    pub fn drop_standby(&mut self) {
        self.standby = None;
        self.standby_kept = None;
    }
}

impl Environment {
    /// Who took these services down last, if nothing of any of them runs since.
    pub fn taken_down<'n>(
        &self,
        services: impl IntoIterator<Item = &'n ServiceName>,
    ) -> Option<&TakenDown> {
        let mut last: Option<&TakenDown> = None;
        for service in services {
            let state = self.services.get(service)?;
            let down = state.down.as_ref()?;
            // A candidate that failed later and was kept runs.
            if state.slots().next().is_some() {
                return None;
            }
            if last.is_none_or(|last| last.at_us < down.at_us) {
                last = Some(down);
            }
        }
        last
    }

    /// One in which nothing runs yet.
    pub fn empty(app: AppName, environment: EnvironmentName) -> Self {
        Self {
            app,
            environment,
            revision: 0,
            folder: String::new(),
            lock: None,
            services: BTreeMap::new(),
        }
    }
}
