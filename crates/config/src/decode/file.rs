//! The file itself.

use windlass_model::{
    AppName, Before, CategoryName, EnvironmentName, Finalize, OnFailure, ServiceName,
};

use super::before::BeforeSentence;
use super::collection::{EachOf, Entries, MapOf};
use super::number::Count;
use super::router::{RouterDraft, RouterKeys};
use super::score::{Category, CategoryDraft};
use super::service::{Defaults, OverridingService, ServiceDraft, WholeService};
use super::text::SchemaAddress;
use crate::field::{At, Found, Keyed, Keys, Table, field};
use crate::limit::{MAX_BEFORE, MAX_CATEGORIES, MAX_ENVIRONMENTS, MAX_PARALLEL, MAX_SERVICES};

#[derive(Debug, Default)]
pub(crate) struct FileDraft {
    /// Only editors follow it.
    schema: Found<()>,
    pub(crate) app: Found<AppName>,
    pub(crate) defaults: Found<ServiceDraft>,
    pub(crate) on_failure: Found<OnFailure>,
    pub(crate) parallel: Found<u16>,
    pub(crate) finalize: Found<Finalize>,
    pub(crate) environments: Found<Entries<EnvironmentName, EnvironmentDraft>>,
    pub(crate) services: Found<Entries<ServiceName, ServiceDraft>>,
    pub(crate) score: Found<Entries<CategoryName, CategoryDraft>>,
    pub(crate) before: Found<Vec<At<Before>>>,
    pub(crate) router: Found<RouterDraft>,
}

#[derive(Debug, Default)]
pub(crate) struct EnvironmentDraft {
    pub(crate) services: Found<Entries<ServiceName, ServiceDraft>>,
    pub(crate) before: Found<Vec<At<Before>>>,
    pub(crate) router: Found<RouterDraft>,
}

/// `windlass.yaml`.
pub(crate) struct WindlassFile;

impl Keyed for WindlassFile {
    type Draft = FileDraft;
    const TABLE: Table<FileDraft> = Table {
        name: "file",
        noun: "the file",
        fields: &[
            field!(FileDraft: app as "app", AppName,
                "The application: the key of everything that is kept about it.")
            .required(),
            field!(FileDraft: defaults as "defaults", Keys<Defaults>,
                "What every service does unless it says otherwise."),
            field!(FileDraft: on_failure as "on_failure", OnFailure,
                "What goes back when one service fails.", default "all"),
            field!(FileDraft: parallel as "parallel", Count<1, MAX_PARALLEL>,
                "How many instances may be starting at once.", default "8"),
            field!(FileDraft: finalize as "finalize", Finalize,
                "When the old slot that a promotion leaves standing by is dropped: with the next deployment, so long after, or when somebody says so.", default "next deployment"),
            field!(FileDraft: environments as "environments",
                MapOf<EnvironmentName, Keys<EnvironmentKeys>, 1, MAX_ENVIRONMENTS>,
                "Where it runs, and what differs there. Without it: one environment, called default."),
            field!(FileDraft: services as "services",
                MapOf<ServiceName, Keys<WholeService>, 1, MAX_SERVICES>,
                "What is deployed.")
            .required(),
            field!(FileDraft: score as "score",
                MapOf<CategoryName, Keys<Category>, 1, MAX_CATEGORIES>,
                "What the health score is made of: categories, each with its checks.",
                examples &["{ testing: { checks: { unit: { junit: target/junit.xml } } } }"]),
            field!(FileDraft: before as "before", EachOf<BeforeSentence, 0, MAX_BEFORE>,
                "What must be so before a deployment moves anything; an environment that has its own list has only that.",
                examples &["[score >= 85]"]),
            field!(FileDraft: router as "router", Keys<RouterKeys>,
                "What concerns the router as a whole; an environment that has its own has only that.",
                examples &["{ metrics: 127.0.0.1:9180 }"]),
            field!(FileDraft: schema as "$schema", SchemaAddress,
                "Where an editor finds the schema of the file. Windlass does not follow it."),
        ],
        rules: &[],
        later: &[],
        elsewhere: (
            &[
                "run",
                "listen",
                "ready",
                "needs",
                "target",
                "env",
                "instances",
                "strategy",
                "bake",
                "drain",
                "rollback_on",
                "rollback_within",
                "was",
            ],
            "to a service, below `services`",
        ),
        may_be_empty: false,
    };
}

/// One entry of `environments`.
pub(crate) struct EnvironmentKeys;

impl Keyed for EnvironmentKeys {
    type Draft = EnvironmentDraft;
    const TABLE: Table<EnvironmentDraft> = Table {
        name: "environment",
        noun: "an environment",
        fields: &[
            field!(EnvironmentDraft: services as "services",
                MapOf<ServiceName, Keys<OverridingService>, 0, MAX_SERVICES>,
                "What services say differently here."),
            field!(EnvironmentDraft: before as "before", EachOf<BeforeSentence, 0, MAX_BEFORE>,
                "What must be so before a deployment here moves anything.",
                examples &["[score >= 85]"]),
            field!(EnvironmentDraft: router as "router", Keys<RouterKeys>,
                "What concerns the router here."),
        ],
        rules: &[],
        later: &["requires", "context", "before_cutover", "after", "freeze"],
        elsewhere: (&[], ""),
        may_be_empty: true,
    };
}
