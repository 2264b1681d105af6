//! `was`: a name that is free now, and that only one service had.

use std::collections::BTreeMap;

use windlass_model::ServiceName;

use crate::environment::View;
use crate::problem::{WAS_IN_FILE, WAS_TWICE};
use crate::reader::Reader;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    let mut earlier: BTreeMap<&ServiceName, &ServiceName> = BTreeMap::new();
    for (name, draft) in &view.services {
        let Some(was) = draft.was.at() else {
            continue;
        };
        if was.value == *name {
            let message = format!("`{name}` is the name that it has now");
            let hint = "`was` is the name that the service had before: remove it";
            reader.refuse_for(WAS_IN_FILE, was.span, message, hint);
        } else if view.services.contains_key(&was.value) {
            let message = format!("`{}` is still a service of this file", was.value);
            let hint = "a renamed service stands there under its new name only";
            reader.refuse_for(WAS_IN_FILE, was.span, message, hint);
        } else if let Some(other) = earlier.insert(&was.value, name) {
            let message = format!("`{other}` says too that it was `{}`", was.value);
            let hint = "only one of them can be that service: remove one `was`";
            reader.refuse_for(WAS_TWICE, was.span, message, hint);
        }
    }
}
