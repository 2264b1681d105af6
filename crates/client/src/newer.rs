//! What a newer controller tells and this version does not know. Facts and happenings are only added to within a
//! version of the API, so whoever follows leaves those out that came later, by their names, and hears all else. What
//! a controller reads from its own journal is read strictly, and not here.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_api::{Event, HappeningPage, HappeningView};
use windlass_model::{Fact, Happened};

/// What was told, and the names of what was left out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told<T> {
    /// All that is known here.
    pub known: T,
    /// The names of the rest.
    pub unknown: BTreeSet<String>,
}

/// An event, without the facts that are not known.
pub(crate) fn event(text: &str) -> Result<Told<Event>, serde_json::Error> {
    let strictly = serde_json::from_str(text);
    if let Ok(known) = strictly {
        let unknown = BTreeSet::new();
        return Ok(Told { known, unknown });
    }
    let mut event: Value = serde_json::from_str(text)?;
    let facts = event.get_mut("facts").and_then(Value::as_array_mut);
    let named = |fact: &Value| name::<Fact>(fact, "fact");
    let unknown = facts.map(|facts| leave_out(facts, named));
    Ok(Told {
        known: serde_json::from_value(event)?,
        unknown: unknown.unwrap_or_default(),
    })
}

/// A page of what happened, without what is not known.
pub(crate) fn happenings(mut page: Value) -> Result<Told<HappeningPage>, serde_json::Error> {
    let all = page.get_mut("happenings").and_then(Value::as_array_mut);
    let named = |view: &Value| match view.get("what") {
        Some(what) if serde_json::from_value::<HappeningView>(view.clone()).is_err() => {
            name::<Happened>(what, "happened")
        }
        Some(_) | None => None,
    };
    let unknown = all.map(|all| leave_out(all, named));
    Ok(Told {
        known: serde_json::from_value(page)?,
        unknown: unknown.unwrap_or_default(),
    })
}

/// What one of them is called, if it can't be read as a `T`. One without a name is not newer but damaged.
fn name<T: DeserializeOwned>(one: &Value, tag: &str) -> Option<String> {
    let name = one.get(tag)?.as_str()?;
    let is_known = serde_json::from_value::<T>(one.clone()).is_ok();
    (!is_known).then(|| name.to_owned())
}

fn leave_out(all: &mut Vec<Value>, named: impl Fn(&Value) -> Option<String>) -> BTreeSet<String> {
    let mut unknown = BTreeSet::new();
    all.retain(|one| match named(one) {
        Some(name) => {
            unknown.insert(name);
            false
        }
        None => true,
    });
    unknown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(facts: &Value) -> String {
        let event = json!({
            "sequence": 7, "deployment": "dep_06gvooeosdoaf73ravo43qubcc", "number": 2, "at_us": 9,
            "facts": facts,
        });
        event.to_string()
    }

    #[test]
    fn a_fact_that_came_later_is_left_out_by_its_name_and_the_rest_is_heard() {
        let known = json!({"fact": "held", "by": "mira"});
        let later = json!({"fact": "sung", "by": "mira", "how": {"loud": true}});
        let other = json!({"fact": "ended", "outcome": "sung_away"});
        let told = event(&told(&json!([later, known, other]))).expect("readable");
        assert_eq!(told.known.facts.len(), 1, "{told:?}");
        assert_eq!(told.known.sequence, 7);
        assert!(told.unknown.iter().eq(["ended", "sung"]), "{told:?}");
    }

    #[test]
    fn what_is_no_fact_at_all_is_still_refused() {
        for facts in [json!([4]), json!([{"by": "mira"}]), json!("none")] {
            event(&told(&facts)).expect_err("it has no name");
        }
    }

    #[test]
    fn a_happening_that_came_later_is_left_out_and_the_page_goes_on() {
        let of = |what: Value| json!({"sequence": 3, "at_us": 1, "first_us": 1, "count": 1, "what": what});
        let known = of(json!({"happened": "controller_ended"}));
        let later = of(json!({"happened": "sung"}));
        let page = json!({"happenings": [later, known], "next": "Mw"});
        let told = happenings(page).expect("readable");
        assert_eq!(told.known.happenings.len(), 1, "{told:?}");
        assert_eq!(told.known.next.as_deref(), Some("Mw"));
        assert!(told.unknown.iter().eq(["sung"]), "{told:?}");
    }
}
