//! `rollback_on`: sentences that say what takes a rollback back.

use serde_json::{Value, json};
use windlass_model::Trigger;

use super::collection::ListOf;
use super::sentence::{self, Slip};
use crate::field::{At, Defs, Found, Keyed, Keys, Shape, Table, field};
use crate::limit::MAX_TRIGGERS;
use crate::problem::{LATER_TRIGGER, REPEATED, WRONG_KIND};
use crate::reader::{Reader, shown};
use crate::tree::{Core, Kind, Node};

/// Words that people write where nothing shall be watched.
const NOTHING: [&str; 7] = ["none", "nothing", "never", "off", "no", "manual", "false"];

/// What a service says about its triggers.
#[derive(Clone, Debug)]
pub(crate) enum TriggersDraft {
    /// These, and none of those it would have otherwise.
    Only(Vec<At<Trigger>>),
    /// These beside the usual ones. What other layers say has been joined before.
    Beside(Vec<At<Trigger>>),
}

impl TriggersDraft {
    /// The triggers in the order in which they are written, each once.
    pub(crate) fn triggers(&self) -> Vec<Trigger> {
        let (mut all, written) = match self {
            Self::Only(written) => (Vec::new(), written),
            Self::Beside(written) => (Trigger::defaults(), written),
        };
        for trigger in written {
            if !all.contains(&trigger.value) {
                all.push(trigger.value);
            }
        }
        all
    }
}

/// One sentence.
pub(crate) struct Sentence;

impl Shape for Sentence {
    type Value = Trigger;

    fn wanted() -> String {
        format!("a trigger, such as `{}`", sentence::EXAMPLE)
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": sentence::pattern() })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Trigger> {
        if node.entry("when").is_some() {
            let message = "`when` and `then` are not in this version yet";
            reader.refuse_for(LATER_TRIGGER, node.span, message, sentence::known());
            return None;
        }
        let text = reader.text(node, &Self::wanted())?;
        match sentence::read(text) {
            Ok(trigger) => Some(trigger),
            Err(slip) => {
                refuse(node, slip, reader);
                None
            }
        }
    }
}

fn refuse(node: &Node, slip: Slip, reader: &mut Reader<'_>) {
    let span = reader.within(node, slip.at, slip.length);
    let meant = slip
        .word
        .and_then(|word| reader.nearest(&word, sentence::BEGINNINGS));
    let hint = match meant {
        Some(meant) => format!("did you mean `{}`?", sentence::whole(meant)),
        None => slip.hint,
    };
    reader.refuse_for(slip.code, span, slip.message, hint);
}

/// Sentences, none of them twice.
struct Sentences<const MIN: usize>;

impl<const MIN: usize> Shape for Sentences<MIN> {
    type Value = Vec<At<Trigger>>;

    const EXAMPLES: &'static [&'static str] = &["[error rate > 1% for 1m]"];

    fn wanted() -> String {
        format!("a list of triggers, such as [{}]", sentence::EXAMPLE)
    }

    fn schema(defs: &mut Defs) -> Value {
        let mut schema = ListOf::<Sentence, MIN, MAX_TRIGGERS>::schema(defs);
        if let Value::Object(object) = &mut schema {
            object.insert("uniqueItems".to_owned(), json!(true));
        }
        schema
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        if let Kind::Scalar(scalar) = &node.kind
            && NOTHING.contains(&scalar.text.to_lowercase().as_str())
            && scalar.core() != Core::Null
        {
            let message = format!("expected {}, found {}", Self::wanted(), node.noun());
            let hint = "to watch nothing, write an empty list: []";
            reader.refuse_for(WRONG_KIND, node.span, message, hint);
            return None;
        }
        let list = ListOf::<Sentence, MIN, MAX_TRIGGERS>::decode(node, reader);
        if repeated(node, reader) { None } else { list }
    }
}

/// Reports what stands there twice, letter by letter: a schema sees no more.
fn repeated(node: &Node, reader: &mut Reader<'_>) -> bool {
    let Kind::List(items) = &node.kind else {
        return false;
    };
    let texts: Vec<Option<&str>> = items.iter().map(written).collect();
    let mut found = false;
    for (index, (item, text)) in items.iter().zip(&texts).enumerate() {
        if let Some(text) = text
            && texts
                .iter()
                .take(index)
                .any(|earlier| *earlier == Some(text))
        {
            let message = format!("`{}` is there twice", shown(text));
            reader.refuse_for(REPEATED, item.span, message, "remove one of the two");
            found = true;
        }
    }
    found
}

fn written(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.core() == Core::Text => Some(&scalar.text),
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => None,
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AddDraft {
    add: Found<Vec<At<Trigger>>>,
}

/// `{ add: [...] }`.
pub(crate) struct Adding;

impl Keyed for Adding {
    type Draft = AddDraft;
    const TABLE: Table<AddDraft> = Table {
        name: "rollback_on",
        noun: "`rollback_on`",
        fields: &[field!(AddDraft: add as "add", Sentences<1>,
            "Triggers beside those that the service would have anyway.")
        .required()],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// A list, or what is added to the usual one.
pub(crate) struct Triggers;

impl Shape for Triggers {
    type Value = TriggersDraft;

    const EXAMPLES: &'static [&'static str] = &[
        "[crash, readiness lost, error rate > 1% for 1m]",
        "{ add: [error rate > 1% for 1m] }",
    ];

    fn wanted() -> String {
        Sentences::<0>::wanted()
    }

    fn schema(defs: &mut Defs) -> Value {
        let list = Sentences::<0>::schema(defs);
        json!({ "anyOf": [list, Keys::<Adding>::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<TriggersDraft> {
        match &node.kind {
            Kind::Map(_) => {
                let draft = Keys::<Adding>::decode(node, reader)?;
                Some(TriggersDraft::Beside(draft.add.good()?.clone()))
            }
            Kind::Scalar(_) | Kind::List(_) => {
                Sentences::<0>::decode(node, reader).map(TriggersDraft::Only)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Span;

    fn at(trigger: Trigger) -> At<Trigger> {
        let span = Span::default();
        At {
            span,
            value: trigger,
        }
    }

    #[test]
    fn what_is_there_already_is_not_added() {
        let beside = TriggersDraft::Beside(vec![at(Trigger::Crash)]);
        assert_eq!(beside.triggers(), Trigger::defaults());
        let only = TriggersDraft::Only(vec![at(Trigger::Crash), at(Trigger::Crash)]);
        assert_eq!(only.triggers(), [Trigger::Crash]);
        let rate = Trigger::ErrorRate {
            above: windlass_model::Rate::from_parts(50).expect("a rate"),
            lasting: windlass_model::Millis::from_secs(60),
        };
        let beside = TriggersDraft::Beside(vec![at(rate)]);
        assert_eq!(beside.triggers().last(), Some(&rate));
        assert_eq!(beside.triggers().len(), 4);
    }
}
