//! What the adapter needs to be told.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use windlass_model::Epoch;

/// Where the router of one state folder is found, and how it is started.
#[derive(Clone, Debug)]
pub struct EmbeddedRouterConfig {
    /// The program that runs a router: `/proc/self/exe`.
    pub program: PathBuf,
    /// Its arguments, the sub-command first; see [`EmbeddedRouterConfig::sub_command`].
    pub arguments: Vec<OsString>,
    /// The router's state folder; made if it is missing, mode 0700.
    pub state: PathBuf,
    /// The router's control socket.
    pub socket: PathBuf,
    /// The file that takes what the router says; appended to.
    pub log: PathBuf,
    /// This controller's fencing number.
    pub epoch: Epoch,
}

impl EmbeddedRouterConfig {
    /// The arguments of `windlass router` for these paths. They must be absolute.
    pub fn sub_command(state: &Path, socket: &Path) -> Vec<OsString> {
        vec![
            "router".into(),
            "--state-dir".into(),
            state.into(),
            "--socket".into(),
            socket.into(),
        ]
    }
}
