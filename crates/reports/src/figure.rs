//! One figure in any JSON.

use serde_json::Value;

use crate::found::{Found, Unreadable, short, shown};
use crate::limit::MAX_FIGURE_BYTES;

/// The number that a JSON pointer leads to; an empty one is all of it.
///
/// # Errors
/// What is no JSON, a pointer that leads nowhere, or to something else.
pub fn figure(bytes: &[u8], pointer: &str) -> Result<Found, Unreadable> {
    short(bytes, MAX_FIGURE_BYTES)?;
    let whole: Value = serde_json::from_slice(bytes).map_err(|why| Unreadable::json(&why))?;
    let Some(found) = whole.pointer(pointer) else {
        return Err(Unreadable::whole(format!(
            "there is nothing at {}",
            shown(pointer)
        )));
    };
    let number = found.as_f64().filter(|number| number.is_finite());
    let Some(value) = number else {
        return Err(Unreadable::whole(format!(
            "what is at {} is no number: {}",
            shown(pointer),
            shown(&found.to_string())
        )));
    };
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let name = if name.is_empty() { "it" } else { name };
    Ok(Found {
        value,
        saw: format!("{} is {value}", shown(name)),
    })
}
