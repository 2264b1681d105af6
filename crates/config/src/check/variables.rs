//! Variables that Windlass sets itself.

use windlass_model::ServiceName;

use crate::environment::View;
use crate::problem::OWN_VARIABLE;
use crate::reader::Reader;

/// What an instance always gets; PATH, HOME and LANG it gets unless `env` says otherwise.
const ALWAYS: [&str; 2] = ["PORT", "INSTANCE"];

/// How the names of what a command is told begin.
const TOLD: &str = "WINDLASS_";

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for draft in view.services.values() {
        let target = draft.target.good();
        let process = target.and_then(|target| target.process.good());
        let command = target.and_then(|target| target.command.good());
        let own = |name: &str| match command {
            Some(_) => name.starts_with(TOLD),
            None => ALWAYS.contains(&name),
        };
        let env = process.map(|process| &process.env);
        let env = env.or_else(|| command.map(|command| &command.env));
        let Some(variables) = env.and_then(|env| env.good()) else {
            continue;
        };
        let needs = draft.needs.good().map(Vec::as_slice).unwrap_or_default();
        for (name, _) in variables {
            let whose = needs
                .iter()
                .find(|need| url_name(&need.value) == name.value);
            let message = match whose {
                Some(need) => format!(
                    "`{}` is set by Windlass: the address of `{}`",
                    name.value, need.value
                ),
                None if own(name.value.as_str()) => {
                    format!("`{}` is set by Windlass", name.value)
                }
                None => continue,
            };
            let hint = "remove it, or choose another name";
            reader.refuse_for(OWN_VARIABLE, name.span, message, hint);
        }
    }
}

/// The variable in which a consumer finds the address of `need`.
fn url_name(need: &ServiceName) -> String {
    format!(
        "{}_URL",
        need.as_str().to_ascii_uppercase().replace('-', "_")
    )
}
