//! This program in the place of the router that runs.

use std::fs::File;

use serde_json::json;
use windlass_control::{RouterReply, RouterRequest};
use windlass_model::Millis;

use super::link::Link;
use super::refusal::refused;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Has the router hand over to this program; what is open at it has `within` to end.
pub(crate) fn upgrade(link: &Link, within: Millis) -> Result<Report, Diagnostic> {
    let table = link.observe()?;
    // The very program that runs here, also when its file was replaced meanwhile.
    let program = File::open("/proc/self/exe").map_err(|why| Diagnostic::bug(&why))?;
    let pid = match link.hand(&RouterRequest::Upgrade { within }, &program)? {
        RouterReply::Upgraded { pid } => pid,
        RouterReply::Refused(refusal) => return Err(refused(&refusal, &table)),
        other => return Err(link.unexpected(&other)),
    };
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "Windlass {version} is the router now (pid {pid}); what was open at the one before has {within} to end\n"
    );
    let told = json!({ "version": version, "pid": pid, "within_ms": within.as_millis() });
    Report::new(text, &told)
}
