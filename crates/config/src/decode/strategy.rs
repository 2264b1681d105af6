//! `strategy`: how a new release takes over.

use serde_json::{Value, json};
use windlass_model::{Below, Millis, Percent};

use super::choice::choose;
use super::collection::ListOf;
use super::number::{Count, Share, Time};
use crate::field::{At, Defs, Found, Keyed, Keys, Shape, Table, field};
use crate::limit::MAX_STEPS;
use crate::problem::CHOICE;
use crate::reader::Reader;
use crate::tree::{Kind, Node};

#[derive(Clone, Debug)]
pub(crate) enum StrategyDraft {
    BlueGreen,
    Recreate,
    Rolling,
    Canary(Found<Vec<At<StepDraft>>>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct StepDraft {
    pub(crate) to: Found<Percent>,
    pub(crate) bake: Found<Millis>,
    pub(crate) score: Found<u16>,
    pub(crate) below: Found<Below>,
}

pub(crate) struct CanaryStep;

impl Keyed for CanaryStep {
    type Draft = StepDraft;
    const TABLE: Table<StepDraft> = Table {
        name: "step",
        noun: "a step",
        fields: &[
            field!(StepDraft: to as "to", Share,
                "The candidate's share of the traffic: 5% or 5.")
            .required(),
            field!(StepDraft: bake as "bake", Time,
                "How long it is watched there. Without it: the service's `bake`."),
            field!(StepDraft: score as "score", Count<1, 100>,
                "The health score that must be measured while it lasts.",
                examples &["90"]),
            field!(StepDraft: below as "below", Below,
                "What follows where the score is lower. One that is not known always holds.", default "hold"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&["analysis"], "to the service, beside `strategy`"),
        may_be_empty: false,
    };
}

#[derive(Clone, Debug, Default)]
pub(crate) struct CanaryDraft {
    canary: Found<Vec<At<StepDraft>>>,
}

pub(crate) struct Canary;

impl Keyed for Canary {
    type Draft = CanaryDraft;
    const TABLE: Table<CanaryDraft> = Table {
        name: "canary",
        noun: "a strategy",
        fields: &[
            field!(CanaryDraft: canary as "canary", ListOf<Keys<CanaryStep>, 1, MAX_STEPS>,
            "Shares that rise; the last is 100 %.")
            .required(),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// A word, or a canary with its steps.
pub(crate) struct Strategy;

/// The strategies that need nothing said about them.
const WORDS: [(&str, StrategyDraft); 3] = [
    ("blue-green", StrategyDraft::BlueGreen),
    ("recreate", StrategyDraft::Recreate),
    ("rolling", StrategyDraft::Rolling),
];

impl Shape for Strategy {
    type Value = StrategyDraft;

    const EXAMPLES: &'static [&'static str] = &[
        "rolling",
        "{ canary: [{ to: 5%, bake: 2m }, { to: 100% }] }",
    ];

    fn wanted() -> String {
        "`blue-green`, `recreate`, `rolling` or a map with `canary`".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        let words = WORDS.map(|(name, _)| name);
        json!({ "anyOf": [{ "enum": words }, Keys::<Canary>::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<StrategyDraft> {
        match &node.kind {
            Kind::Map(_) => Keys::<Canary>::decode(node, reader)
                .map(|draft| StrategyDraft::Canary(draft.canary)),
            Kind::Scalar(scalar) if scalar.text == "canary" => {
                let hint = "strategy: { canary: [{ to: 5% }, { to: 25% }, { to: 100% }] }";
                reader.refuse_for(CHOICE, node.span, "a canary needs its steps", hint);
                None
            }
            Kind::Scalar(_) => choose(node, &WORDS, reader),
            Kind::List(_) => {
                reader.wrong_kind(node, &Self::wanted());
                None
            }
        }
    }
}

/// What may follow of a score that is too low.
const BELOW: [(&str, Below); 2] = [("hold", Below::Hold), ("rollback", Below::Rollback)];

impl Shape for Below {
    type Value = Self;

    fn wanted() -> String {
        "`hold` or `rollback`".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": BELOW.map(|(name, _)| name) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &BELOW, reader)
    }
}
