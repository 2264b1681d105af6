//! What makes a release another one than the one that served before it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use windlass_model::{Change, OtherProgram, Program, RolloutPlan, ServiceName, harmless};

/// One thing that is another than before. Values are never told: only that one of them is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "new", rename_all = "snake_case")]
pub enum Novelty {
    /// The files that are kept, the program below the file's folder with them.
    Files,
    /// The program outside of the file's folder, which is not kept.
    Program {
        /// That of the release before.
        was: Program,
        /// That of this one.
        now: Program,
    },
    /// The command and its arguments, as the file has them.
    Run,
    /// Variables of `env`, as the file has them.
    Env {
        /// Which were added, taken away or changed.
        names: BTreeSet<String>,
    },
    /// The services whose addresses it is given.
    Needs,
    /// `status`, `rollback` or `pass` of a command target.
    Script,
    /// What the file does not show: a value of the deployer's environment, or the address of what it needs.
    Values,
    /// The version that it is told.
    Version,
}

impl Novelty {
    /// All that is known to be another in the release of a rollout; nothing of one that is no new release.
    /// `programs`: those outside of the folder that are others; none where nobody has looked.
    pub fn of(
        service: &ServiceName,
        part: &RolloutPlan,
        programs: Option<&BTreeMap<ServiceName, OtherProgram>>,
    ) -> Vec<Self> {
        let Some(stable) = &part.stable else {
            return Vec::new();
        };
        let is_no_step_forward = matches!(part.change, Change::Restore { .. } | Change::Remove);
        if is_no_step_forward || stable.release.identity == part.release.identity {
            return Vec::new();
        }
        let (was, now) = (&stable.spec, &part.spec);
        let mut all = Vec::new();
        if stable.release.artefact != part.release.artefact {
            all.push(Self::Files);
        }
        if let Some(other) = programs.and_then(|programs| programs.get(service)) {
            let OtherProgram { was, now } = other.clone();
            all.push(Self::Program { was, now });
        }
        if was.process.argv != now.process.argv {
            all.push(Self::Run);
        }
        let (before, env) = (&was.process.env, &now.process.env);
        let names = before.keys().chain(env.keys());
        let names = names.filter(|name| before.get(*name) != env.get(*name));
        let names: BTreeSet<String> = names.cloned().collect();
        if !names.is_empty() {
            all.push(Self::Env { names });
        }
        if was.needs != now.needs {
            all.push(Self::Needs);
        }
        if was.command != now.command {
            all.push(Self::Script);
        }
        if was.version != now.version {
            all.push(Self::Version);
        }
        // What the file says explains all of it, or what nobody sees does.
        if all.is_empty() && programs.is_some() {
            all.push(Self::Values);
        }
        all
    }

    /// `its files are others`.
    pub fn words(&self) -> String {
        match self {
            Self::Files => "its files are others".to_owned(),
            Self::Program { was, now } => {
                let (from, to) = (was.sha256.short(), now.sha256.short());
                let (old, new) = (harmless(&was.path), harmless(&now.path));
                if old == new {
                    format!("its program {new} is another one: {from} → {to}")
                } else {
                    format!("its program is another one: {old} {from} → {new} {to}")
                }
            }
            Self::Run => "`run` is another".to_owned(),
            Self::Env { names } => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("`env` is another ({})", harmless(&names.join(", ")))
            }
            Self::Needs => "`needs` is another".to_owned(),
            Self::Script => "what its script is asked or told is another".to_owned(),
            Self::Values => {
                "a value of the deployer's environment is another, or the address of what it needs"
                    .to_owned()
            }
            Self::Version => "its version is another".to_owned(),
        }
    }
}
