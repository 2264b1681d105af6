//! Which service and which origin a person means.

use windlass_api::Exit;
use windlass_control::{ObservedRoute, ObservedTable};
use windlass_model::{RouteSlot, ServiceKey};

use crate::diagnostic::Diagnostic;
use crate::ui::words::{did_you_mean, harmless, listed};

/// The router knows no such service or origin.
const UNKNOWN: &str = "WL0421";

/// The service that is called so: by its whole key, or by its name where only one is.
pub(crate) fn service<'t>(
    table: &'t ObservedTable,
    named: &str,
) -> Result<(&'t ServiceKey, &'t ObservedRoute), Diagnostic> {
    let is_meant = |key: &ServiceKey| key.service.as_str() == named || key.to_string() == named;
    let meant: Vec<_> = table
        .services
        .iter()
        .filter(|(key, _)| is_meant(key))
        .collect();
    match meant[..] {
        [only] => Ok(only),
        [] => {
            let all: Vec<String> = table.services.keys().map(|key| name(table, key)).collect();
            let what = format!("the router serves no `{}`", harmless(named));
            let serves = if all.is_empty() {
                "it serves nothing".to_owned()
            } else {
                format!("it serves {}", listed(&all))
            };
            Err(unknown(what, &serves, named, &all))
        }
        [..] => {
            let all: Vec<&ServiceKey> = meant.iter().map(|(key, _)| *key).collect();
            let what = format!("several services are called `{}`", harmless(named));
            let hint = format!("name one of {}", listed(&all));
            Err(Diagnostic::new(Exit::Usage, what).code(UNKNOWN).hint(hint))
        }
    }
}

/// What is not there, what is, and which of it may have been meant.
fn unknown<T: AsRef<str>>(what: String, there: &str, named: &str, all: &[T]) -> Diagnostic {
    let meant = did_you_mean(named, all.iter().map(AsRef::as_ref));
    let said = Diagnostic::new(Exit::Usage, what).code(UNKNOWN);
    let known = match meant {
        Some(meant) if all.len() == 1 => meant,
        Some(meant) => format!("{meant} {there}"),
        None => there.to_owned(),
    };
    said.hint(format!("{known} (windlass router status)"))
}

/// The origin of a service that is called so.
pub(crate) fn origin<'t>(
    (key, entry): (&ServiceKey, &'t ObservedRoute),
    named: &str,
) -> Result<&'t RouteSlot, Diagnostic> {
    let slots = &entry.route.slots;
    let found = slots.iter().find(|slot| slot.version.0 == named);
    found.ok_or_else(|| {
        let all: Vec<&str> = slots.iter().map(|slot| slot.version.0.as_str()).collect();
        let what = format!("{} has no origin `{}`", key.service, harmless(named));
        unknown(what, &format!("it has {}", listed(&all)), named, &all)
    })
}

/// What a service is called there: its name alone where the router knows no applications.
pub(crate) fn name(table: &ObservedTable, key: &ServiceKey) -> String {
    if table.alone {
        key.service.to_string()
    } else {
        key.to_string()
    }
}
