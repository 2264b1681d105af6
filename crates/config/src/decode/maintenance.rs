//! What clients are told while a service is worked on.

use serde_json::{Value, json};
use windlass_model::{Maintenance, Millis};

use super::number::SomeTime;
use super::text::AnyPath;
use crate::field::{Defs, Found, Keyed, Keys, Shape, Table, field};
use crate::limit::MAX_LINE_CHARS;
use crate::problem::{CONTROL_CHARACTER, TOO_LONG};
use crate::reader::Reader;
use crate::tree::{Kind, Node};

#[derive(Clone, Debug, Default)]
pub(crate) struct MaintenanceDraft {
    text: Found<String>,
    pub(crate) page: Found<String>,
    retry_after: Found<Millis>,
}

impl MaintenanceDraft {
    /// What it comes to; its page is read by whoever knows where the file lies.
    pub(crate) fn maintenance(&self) -> Maintenance {
        Maintenance {
            text: self.text.good().cloned(),
            page: None,
            retry_after: self.retry_after.good().copied(),
        }
    }
}

pub(crate) struct MaintenanceKeys;

impl Keyed for MaintenanceKeys {
    type Draft = MaintenanceDraft;
    const TABLE: Table<MaintenanceDraft> = Table {
        name: "maintenance",
        noun: "`maintenance`",
        fields: &[
            field!(MaintenanceDraft: text as "text", Line,
                "A line for people, in the answer as HTML, JSON or text, as each client asks."),
            field!(MaintenanceDraft: page as "page", AnyPath,
                "A file of HTML that is shown to those who ask for HTML. A relative path is below the file's folder."),
            field!(MaintenanceDraft: retry_after as "retry_after", SomeTime,
                "When clients are to try again.", default "60s"),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// One line of any letters.
pub(crate) struct Line;

impl Shape for Line {
    type Value = String;

    fn wanted() -> String {
        "a line".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": MAX_LINE_CHARS })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        if text.contains(|c: char| c.is_ascii_control()) {
            let message = "this is not one line of plain text";
            reader.refuse(CONTROL_CHARACTER, node.span, message);
            return None;
        }
        if text.is_empty() || text.chars().count() > MAX_LINE_CHARS {
            let message = format!("this is not a line of 1 to {MAX_LINE_CHARS} characters");
            reader.refuse(TOO_LONG, node.span, message);
            return None;
        }
        Some(text.to_owned())
    }
}

/// A line, or a map with what else is to be said.
pub(crate) struct Said;

impl Shape for Said {
    type Value = MaintenanceDraft;

    const EXAMPLES: &'static [&'static str] = &[
        "\"Back at ten.\"",
        "{ page: maintenance.html, retry_after: 10m }",
    ];

    fn wanted() -> String {
        "a line, or a map with `text` or `page`".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "anyOf": [Line::schema(defs), Keys::<MaintenanceKeys>::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<MaintenanceDraft> {
        match &node.kind {
            Kind::Map(_) => Keys::<MaintenanceKeys>::decode(node, reader),
            Kind::Scalar(_) | Kind::List(_) => {
                let text = Line::decode(node, reader)?;
                Some(MaintenanceDraft {
                    text: Found::of(Some(text), node.span),
                    ..MaintenanceDraft::default()
                })
            }
        }
    }
}
