//! Commands that know what they bring.

use crate::environment::View;
use crate::field::Found;
use crate::problem::NO_VERSION;
use crate::reader::Reader;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for draft in view.services.values() {
        let command = draft.target.good().and_then(|target| target.command.at());
        let release = draft.release.good();
        let version = release.map(|release| &release.version);
        let missing = version.is_none_or(Found::is_absent) && !draft.release.is_broken();
        if let Some(command) = command.filter(|_| missing) {
            let message = "a command has no files that a version could be made from";
            let hint =
                "add `release: { version: \"1\" }`; `--set SERVICE=VERSION` gives another one";
            reader.refuse_for(NO_VERSION, command.span, message, hint);
        }
    }
}
