//! The file of a router that runs alone, read again.

use windlass_api::Exit;
use windlass_control::{Refusal, RouterReply, RouterRequest};
use windlass_model::ServiceKey;

use super::link::Link;
use super::refusal::{controlled, refused};
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::words::listed;

/// The file was refused whole.
const REFUSED: &str = "WL0451";

/// Has the router read its file again.
pub(crate) fn reload(link: &Link) -> Result<Report, Diagnostic> {
    let table = link.observe()?;
    if !table.alone {
        return Err(controlled());
    }
    let reloaded = match link.call(&RouterRequest::Reload)? {
        RouterReply::Reloaded(reloaded) => reloaded,
        RouterReply::Refused(Refusal::Invalid(why)) => {
            let what = "the router did not take up its file";
            return Err(Diagnostic::new(Exit::Configuration, what)
                .code(REFUSED)
                .detail(format!("{}\nwhat was in effect stays", why.trim_end()))
                .hint("mend the file, then: windlass router reload"));
        }
        RouterReply::Refused(refusal) => return Err(refused(&refusal, &table)),
        other => return Err(link.unexpected(&other)),
    };
    let names = |keys: &[ServiceKey]| -> Vec<String> {
        keys.iter().map(|key| key.service.to_string()).collect()
    };
    let (taken_up, gone) = (names(&reloaded.taken_up), names(&reloaded.gone));
    let mut text = String::new();
    for (verb, names) in [("took up", taken_up), ("let go of", gone)] {
        if !names.is_empty() {
            text.push_str(&[verb, " ", &listed(&names), "\n"].concat());
        }
    }
    if text.is_empty() {
        text.push_str("the file says what it said\n");
    }
    Report::new(text, &reloaded)
}
