//! Who asks for a metric, and whom to trust. What is secret has no place in the file.

use serde_json::{Value, json};

use super::text::{AnyPath, Variable};
use crate::field::{Defs, Found, Keyed, Keys, Rule, Shape, Table, field};
use crate::problem::PATH;
use crate::reader::{Reader, shown};
use crate::tree::Node;

#[derive(Clone, Debug, Default)]
pub(crate) struct SecretDraft {
    pub(crate) file: Found<String>,
    pub(crate) env: Found<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct BasicDraft {
    pub(crate) user: Found<String>,
    pub(crate) password: Found<SecretDraft>,
}

pub(crate) struct SecretKeys;

impl Keyed for SecretKeys {
    type Draft = SecretDraft;
    const TABLE: Table<SecretDraft> = Table {
        name: "secret",
        noun: "a secret",
        fields: &[
            field!(SecretDraft: file as "file", FromTheRoot,
                "A file on the controller's machine, read each time; blanks around what is in it are left out."),
            field!(SecretDraft: env as "env", Variable,
                "A variable of the controller's own environment.",
                examples &["PROMETHEUS_TOKEN"]),
        ],
        rules: &[Rule::OnlyOne(
            &["file", "env"],
            "a secret comes from one place: keep one of the two",
        )],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

pub(crate) struct BasicKeys;

impl Keyed for BasicKeys {
    type Draft = BasicDraft;
    const TABLE: Table<BasicDraft> = Table {
        name: "basic",
        noun: "`basic`",
        fields: &[
            field!(BasicDraft: user as "user", UserName, "The name.").required(),
            field!(BasicDraft: password as "password", Keys<SecretKeys>,
                "Where the password is; it has no place in the file.",
                examples &["{ file: /etc/windlass/prometheus }"])
            .required(),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// A path from the root on: the controller knows no folder of the file's.
pub(crate) struct FromTheRoot;

impl Shape for FromTheRoot {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["/etc/windlass/prometheus.token"];

    fn wanted() -> String {
        "a path from the root on, such as /etc/windlass/prometheus.token".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "allOf": [AnyPath::schema(defs), { "pattern": "^/" }] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let path = AnyPath::decode(node, reader)?;
        if path.starts_with('/') {
            return Some(path);
        }
        let message = format!("`{}` does not begin at the root", shown(&path));
        let hint = "the controller reads it, wherever that was started: write all of the path";
        reader.refuse_for(PATH, node.span, message, hint);
        None
    }
}

/// A name without a colon, which would end it.
pub(crate) struct UserName;

impl Shape for UserName {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["windlass"];

    fn wanted() -> String {
        "the name of a user".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^[!-9;-~]{1,200}$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        let fits = (1..=200).contains(&text.len());
        if fits && text.chars().all(|c| c.is_ascii_graphic() && c != ':') {
            return Some(text.to_owned());
        }
        let message = format!("`{}` is no name of a user", shown(text));
        let hint = "letters, digits and signs but a colon, 200 at most";
        reader.refuse_for(crate::problem::NAME, node.span, message, hint);
        None
    }
}
