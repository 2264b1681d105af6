//! What a plan is made from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use windlass_model::{ServiceName, Spec};

/// A decoded file and what its deployer has.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The application as wanted.
    pub spec: Spec,
    /// The folder that relative paths belong to.
    pub folder: PathBuf,
    /// Where the file says what each service runs, for a person: `windlass.yaml:4:10`.
    pub places: BTreeMap<ServiceName, String>,
    /// Values of foreign names.
    pub values: BTreeMap<String, String>,
    /// PATH, HOME and LANG of the deployer.
    pub surroundings: BTreeMap<String, String>,
}
