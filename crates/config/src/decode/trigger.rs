//! `rollback_on`: sentences that say what takes a rollback back.

use serde_json::{Value, json};
use windlass_model::{Rule, Then, Trigger};

use super::choice::choose;
use super::collection::ListOf;
use super::sentence::{self, Slip};
use crate::field::{At, Defs, Found, Keyed, Keys, Rule as KeyRule, Shape, Table, field};
use crate::limit::{MAX_AGREEING, MAX_TRIGGERS};
use crate::problem::{NOT_WATCHED, REPEATED, TRIGGER, WRONG_KIND};
use crate::reader::{Reader, shown};
use crate::tree::{Core, Kind, Node};

/// Words that people write where nothing shall be watched.
const NOTHING: [&str; 7] = ["none", "nothing", "never", "off", "no", "manual", "false"];

/// What a service says about its triggers.
#[derive(Clone, Debug)]
pub(crate) enum TriggersDraft {
    /// These, and none of those it would have otherwise.
    Only(Vec<At<Rule>>),
    /// These beside the usual ones. What other layers say has been joined before.
    Beside(Vec<At<Rule>>),
}

impl TriggersDraft {
    /// Those that are written, with their places.
    pub(crate) fn written(&self) -> &[At<Rule>] {
        match self {
            Self::Only(written) | Self::Beside(written) => written,
        }
    }

    /// The rules in the order in which they are written, each once.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        let (mut all, written) = match self {
            Self::Only(written) => (Vec::new(), written),
            Self::Beside(written) => (Rule::defaults(), written),
        };
        for rule in written {
            if !all.contains(&rule.value) {
                all.push(rule.value.clone());
            }
        }
        all
    }
}

/// One condition.
pub(crate) struct Sentence;

impl Shape for Sentence {
    type Value = Trigger;

    const EXAMPLES: &'static [&'static str] = &["p95 > 2s for 30s"];

    fn wanted() -> String {
        format!("a trigger, such as `{}`", sentence::EXAMPLE)
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": sentence::pattern() })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Trigger> {
        let text = reader.text(node, &Self::wanted())?;
        match sentence::read(text) {
            Ok(trigger) => {
                warn_if_unwatched(node, &trigger, reader);
                Some(trigger)
            }
            Err(slip) => {
                refuse(node, slip, reader);
                None
            }
        }
    }
}

/// A condition that nothing measures yet is not watched, and that is said.
fn warn_if_unwatched(node: &Node, trigger: &Trigger, reader: &mut Reader<'_>) {
    if trigger.source().is_none() {
        let message = format!("`{trigger}` is not watched: nothing measures it in this version");
        let hint = "it takes nothing back; plan and show list it as not watched";
        reader.warn(NOT_WATCHED, node.span, message, hint);
    }
}

fn refuse(node: &Node, slip: Slip, reader: &mut Reader<'_>) {
    let span = reader.within(node, slip.at, slip.length);
    let near = |word: &str| reader.nearest(word, sentence::BEGINNINGS);
    let hint = meant(&slip, near);
    reader.refuse_for(slip.code, span, slip.message, hint);
}

fn meant<'b>(slip: &Slip, nearest: impl FnOnce(&str) -> Option<&'b str>) -> String {
    match slip.word.as_deref().and_then(nearest) {
        Some(meant) => format!("did you mean `{}`?", sentence::whole(meant)),
        None => slip.hint.clone(),
    }
}

/// Reads a sentence that stands in no file; else what is wrong, and what to write.
pub(crate) fn read_trigger(text: &str) -> Result<Trigger, (String, String)> {
    sentence::read(text).map_err(|slip| {
        let near = |word: &str| windlass_model::nearest(word, sentence::BEGINNINGS);
        let hint = meant(&slip, near);
        (slip.message, hint)
    })
}

/// A condition that lasts, so that it can be met together with others.
struct Lasting;

impl Shape for Lasting {
    type Value = Trigger;

    fn wanted() -> String {
        Sentence::wanted()
    }

    fn schema(_: &mut Defs) -> Value {
        let sudden = "^ *(crash|readiness +lost) *$";
        json!({ "type": "string", "pattern": sentence::pattern(), "not": { "pattern": sudden } })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Trigger> {
        let trigger = Sentence::decode(node, reader)?;
        if trigger.is_sudden() {
            let message = format!("`{trigger}` is over in a moment: it waits for no other");
            let hint = "write it as an entry of its own";
            reader.refuse_for(TRIGGER, node.span, message, hint);
            return None;
        }
        Some(trigger)
    }
}

impl Shape for Then {
    type Value = Self;

    const EXAMPLES: &'static [&'static str] = &["hold"];

    fn wanted() -> String {
        "rollback, hold or notify".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": THEN.map(|(name, _)| name) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &THEN, reader)
    }
}

const THEN: [(&str, Then); 3] = [
    ("rollback", Then::Rollback),
    ("hold", Then::Hold),
    ("notify", Then::Notify),
];

#[derive(Clone, Debug, Default)]
pub(crate) struct RuleDraft {
    when: Found<Trigger>,
    all: Found<Vec<At<Trigger>>>,
    then: Found<Then>,
}

/// `{ when: … , then: … }`.
pub(crate) struct Ruling;

impl Keyed for Ruling {
    type Draft = RuleDraft;
    const TABLE: Table<RuleDraft> = Table {
        name: "trigger",
        noun: "a trigger",
        fields: &[
            field!(RuleDraft: when as "when", Sentence,
                "The condition."),
            field!(RuleDraft: all as "all", Conditions,
                "Several conditions that must all be met at the same time."),
            field!(RuleDraft: then as "then", Then,
                "What follows: it goes back, it waits for a person, or it is only told.",
                default "rollback"),
        ],
        rules: &[
            KeyRule::OneOf(&["when", "all"]),
            KeyRule::NotBoth("when", "all", "put the condition into the list"),
        ],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// Two or more conditions.
struct Conditions;

impl Shape for Conditions {
    type Value = Vec<At<Trigger>>;

    const EXAMPLES: &'static [&'static str] =
        &["[error rate > 1% for 30s, p95 > 2x baseline for 30s]"];

    fn wanted() -> String {
        "a list of triggers".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        unique(ListOf::<Lasting, 2, MAX_AGREEING>::schema(defs))
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let list = ListOf::<Lasting, 2, MAX_AGREEING>::decode(node, reader);
        if repeated(node, reader) { None } else { list }
    }
}

fn unique(mut schema: Value) -> Value {
    if let Value::Object(object) = &mut schema {
        object.insert("uniqueItems".to_owned(), json!(true));
    }
    schema
}

/// One entry: a condition, or a map that says more.
struct Entry;

impl Shape for Entry {
    type Value = Rule;

    fn wanted() -> String {
        Sentence::wanted()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "anyOf": [Sentence::schema(defs), Keys::<Ruling>::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Rule> {
        match &node.kind {
            Kind::Map(_) => {
                let draft = Keys::<Ruling>::decode(node, reader)?;
                let when = draft.when.good().cloned().into_iter();
                let all = draft.all.good().into_iter().flatten();
                let all: Vec<Trigger> = when.chain(all.map(|at| at.value.clone())).collect();
                let broken =
                    draft.when.is_broken() || draft.all.is_broken() || draft.then.is_broken();
                let then = draft.then.good().copied().unwrap_or_default();
                (!broken && !all.is_empty()).then_some(Rule { all, then })
            }
            Kind::Scalar(_) | Kind::List(_) => Sentence::decode(node, reader).map(Rule::from),
        }
    }
}

/// Entries, none of them twice.
struct Sentences<const MIN: usize>;

impl<const MIN: usize> Shape for Sentences<MIN> {
    type Value = Vec<At<Rule>>;

    const EXAMPLES: &'static [&'static str] = &["[error rate > 1% for 1m]"];

    fn wanted() -> String {
        format!("a list of triggers, such as [{}]", sentence::EXAMPLE)
    }

    fn schema(defs: &mut Defs) -> Value {
        unique(ListOf::<Entry, MIN, MAX_TRIGGERS>::schema(defs))
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
        let list = ListOf::<Entry, MIN, MAX_TRIGGERS>::decode(node, reader);
        if repeated(node, reader) { None } else { list }
    }
}

/// Reports what stands there twice, letter by letter: a schema sees no more.
fn repeated(node: &Node, reader: &mut Reader<'_>) -> bool {
    let Kind::List(items) = &node.kind else {
        return false;
    };
    let mut found = false;
    for (index, item) in items.iter().enumerate() {
        let mut earlier = items.iter().take(index);
        if is_entry(item) && earlier.any(|earlier| earlier.says_the_same(item)) {
            let message = format!("{} is there twice", called(item));
            reader.refuse_for(REPEATED, item.span, message, "remove one of the two");
            found = true;
        }
    }
    found
}

fn called(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(scalar) => format!("`{}`", shown(&scalar.text)),
        Kind::List(_) | Kind::Map(_) => "this entry".to_owned(),
    }
}

/// Whether it may be an entry at all; what is of the wrong kind is reported as that.
fn is_entry(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.core() == Core::Text,
        Kind::Map(_) => true,
        Kind::List(_) => false,
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AddDraft {
    add: Found<Vec<At<Rule>>>,
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
        "[crash, { when: p95 > 2x baseline for 10m, then: hold }]",
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

    fn at(trigger: &Trigger) -> At<Rule> {
        let span = Span::default();
        At {
            span,
            value: trigger.clone().into(),
        }
    }

    #[test]
    fn what_is_there_already_is_not_added() {
        let crash = at(&Trigger::Crash);
        let beside = TriggersDraft::Beside(vec![crash.clone()]);
        assert_eq!(beside.rules(), Rule::defaults());
        let only = TriggersDraft::Only(vec![crash.clone(), crash]);
        assert_eq!(only.rules(), [Rule::from(Trigger::Crash)]);
        let rate = Trigger::ErrorRate {
            above: windlass_model::Rate::from_parts(50).expect("a rate"),
            lasting: windlass_model::Millis::from_secs(60),
        };
        let beside = TriggersDraft::Beside(vec![at(&rate)]);
        assert_eq!(beside.rules().last(), Some(&rate.into()));
        assert_eq!(beside.rules().len(), 5);
    }
}
