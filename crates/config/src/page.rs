//! What the field tables say beside their decoders: the schema's definitions, and the same for people.

use serde_json::{Map, Value, json};

use crate::format::Format;
use crate::schema::as_json;

/// The `$defs` of the schema under construction, and the same for people.
#[derive(Debug, Default)]
pub(crate) struct Defs {
    pub(crate) schemas: Map<String, Value>,
    pub(crate) pages: Vec<Page>,
}

/// One kind of map, for people.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) name: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) rows: Vec<Row>,
    /// Whether one of several keys must be there.
    pub(crate) must_choose: bool,
    pub(crate) later: &'static [&'static str],
}

/// One key, for people.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) wanted: String,
    pub(crate) doc: &'static str,
    pub(crate) default: Option<&'static str>,
    pub(crate) examples: &'static [&'static str],
    /// Its schema, which names the kinds of maps it leads to.
    pub(crate) schema: Value,
}

impl Page {
    /// Whether it has the same keys, and some of them must be there.
    pub(crate) fn is_stricter_than(&self, other: &Self) -> bool {
        let names = |page: &Self| page.rows.iter().map(|row| row.name).collect::<Vec<_>>();
        self.name != other.name
            && self.must_choose
            && !other.must_choose
            && names(self) == names(other)
    }
}

impl Row {
    /// Its schema with what an editor shows and offers.
    pub(crate) fn annotated(&self) -> Value {
        let mut schema = self.schema.clone();
        let value = |snippet: &str| as_json(snippet, Format::Yaml).unwrap_or_default();
        if let Value::Object(object) = &mut schema {
            let description = self.description();
            object.insert("title".to_owned(), json!(self.name));
            object.insert("description".to_owned(), json!(description));
            // Where an editor takes a description as it is, back quotes would be shown.
            object.insert("markdownDescription".to_owned(), json!(description));
            if let Some(default) = self.default {
                object.insert("default".to_owned(), value(default));
            }
            if !self.examples.is_empty() {
                let examples: Vec<Value> = self.examples.iter().map(|text| value(text)).collect();
                object.insert("examples".to_owned(), json!(examples));
            }
        }
        schema
    }

    /// What it is for and what counts without it.
    pub(crate) fn description(&self) -> String {
        match self.default {
            Some(default) => format!("{} Without it: {default}.", self.doc),
            None => self.doc.to_owned(),
        }
    }
}
