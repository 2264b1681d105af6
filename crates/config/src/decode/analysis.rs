//! `analysis`: the evidence that a step needs beside its time.

use serde_json::{Value, json};
use windlass_model::{Follow, Millis};

use super::choice::choose;
use super::number::{SomeTime, Time};
use crate::field::{Defs, Found, Keyed, Shape, Table, field};
use crate::reader::{Reader, listed};
use crate::tree::Node;

#[derive(Clone, Debug, Default)]
pub(crate) struct AnalysisDraft {
    pub(crate) require: Found<Require>,
    pub(crate) fail: Found<Follow>,
    pub(crate) no_data: Found<Follow>,
    pub(crate) inconclusive: Found<Follow>,
    pub(crate) error: Found<Follow>,
    pub(crate) longest: Found<Millis>,
    pub(crate) tolerance: Found<Millis>,
}

/// What a step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Require {
    /// Evidence that it is no worse.
    Pass,
    /// Only that nothing fires.
    Nothing,
}

/// The names of [`Require`].
const REQUIRE: [(&str, Require); 2] = [("pass", Require::Pass), ("nothing", Require::Nothing)];

/// The names of [`Follow`].
const FOLLOWS: [(&str, Follow); 3] = [
    ("hold", Follow::Hold),
    ("rollback", Follow::Rollback),
    ("go on", Follow::GoOn),
];

/// What may follow of a candidate that is shown to be worse: a file can't let it go on.
struct OfHarm;

const OF_HARM: [(&str, Follow); 2] = [("rollback", Follow::Rollback), ("hold", Follow::Hold)];

/// The names of choices, for people.
fn words<T: Copy, const N: usize>(choices: [(&'static str, T); N]) -> [&'static str; N] {
    choices.map(|(name, _)| name)
}

impl Shape for Require {
    type Value = Self;

    fn wanted() -> String {
        listed(words(REQUIRE), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": words(REQUIRE) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &REQUIRE, reader)
    }
}

impl Shape for Follow {
    type Value = Self;

    fn wanted() -> String {
        listed(words(FOLLOWS), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": words(FOLLOWS) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &FOLLOWS, reader)
    }
}

impl Shape for OfHarm {
    type Value = Follow;

    fn wanted() -> String {
        listed(words(OF_HARM), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": words(OF_HARM) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Follow> {
        choose(node, &OF_HARM, reader)
    }
}

pub(crate) struct Analysis;

impl Keyed for Analysis {
    type Draft = AnalysisDraft;
    const TABLE: Table<AnalysisDraft> = Table {
        name: "analysis",
        noun: "`analysis`",
        fields: &[
            field!(AnalysisDraft: require as "require", Require,
                "What a step needs: `pass`, that errors are shown to be no more often and answers no later than beside it, or that a doubling would have been seen by now; `nothing`, only that nothing fires.",
                default "pass"),
            field!(AnalysisDraft: fail as "fail", OfHarm,
                "What follows, at once, where it is shown to be worse.", default "rollback"),
            field!(AnalysisDraft: no_data as "no_data", Follow,
                "What follows where nothing could be compared in the longest time.", default "hold"),
            field!(AnalysisDraft: inconclusive as "inconclusive", Follow,
                "What follows where the longest time did not tell.", default "hold"),
            field!(AnalysisDraft: error as "error", Follow,
                "What follows, at once, where nothing can be compared because requests are not dealt out as the split says.",
                default "hold"),
            field!(AnalysisDraft: longest as "longest", SomeTime,
                "How long a step is watched at most, its bake included.", default "30m"),
            field!(AnalysisDraft: tolerance as "tolerance", Time,
                "By how much later than beside it answers may be before that counts. What is less than a tenth slower never does.",
                default "5ms"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&["metrics"], "to the service, beside `analysis`"),
        may_be_empty: false,
    };
}
