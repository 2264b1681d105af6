//! What keeping a release would be refused for, seen before anything is kept.

use windlass_edge::{EdgeError, KeepRelease};

use super::command;
use super::keep::source_folder;
use super::selection::select;

/// Looks for the program of a service, and for the files that its command names, where a deployment
/// from `request.folder` would look for them. Copies and writes nothing.
///
/// # Errors
/// Rejected: the release could not be kept; the message names what is missing.
pub fn look_beforehand(request: &KeepRelease) -> Result<(), EdgeError> {
    let folder = source_folder(request)?;
    let Some(command) = &request.spec.command else {
        return select(request, &folder).map(|_selection| ());
    };
    let scripts = [
        Some(&request.spec.process.argv),
        command.status.as_ref(),
        command.rollback.as_ref(),
    ];
    for argv in scripts.into_iter().flatten() {
        command::program(request, (argv, &folder))?;
    }
    Ok(())
}
