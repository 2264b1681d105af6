//! Field tables: one row per key, from which decoder, unknown-key detection and schema all come.

use std::marker::PhantomData;

use serde_json::{Map, Value, json};

use crate::decode::WindlassFile;
use crate::elsewhere;
use crate::format::Format;
use crate::page::{Page, Row};
use crate::problem::{LATER_KEY, MISSING_KEY, NOT_TOGETHER, UNKNOWN_KEY};
use crate::reader::{Reader, listed, shown};
use crate::tree::{Entry, Node, Span};

pub(crate) use crate::page::Defs;

/// One form that a value can have: how it is read, and how the schema says the same.
pub(crate) trait Shape {
    /// What comes out.
    type Value;

    /// Whether `key:` with nothing after it means something.
    const MAY_BE_EMPTY: bool = false;

    /// Values to learn from, as YAML.
    const EXAMPLES: &'static [&'static str] = &[];

    /// What it is, with its article, for "expected …".
    fn wanted() -> String;

    /// Accepts what [`Shape::decode`] accepts, but for what only Windlass can see.
    fn schema(defs: &mut Defs) -> Value;

    /// Reads the value; none if a problem was reported.
    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value>;
}

/// What became of a key.
#[derive(Clone, Debug, Default)]
pub(crate) enum Found<V> {
    /// It is not there.
    #[default]
    Absent,
    /// It is there and a problem was reported.
    Broken,
    /// It is there and was read.
    Good(At<V>),
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct At<V> {
    pub(crate) span: Span,
    pub(crate) value: V,
}

impl<V> Found<V> {
    pub(crate) fn of(value: Option<V>, span: Span) -> Self {
        value.map_or(Self::Broken, |value| Self::Good(At { span, value }))
    }

    /// The value, if it was read.
    pub(crate) fn good(&self) -> Option<&V> {
        self.at().map(|at| &at.value)
    }

    /// The value with its place, if it was read.
    pub(crate) fn at(&self) -> Option<&At<V>> {
        match self {
            Self::Good(at) => Some(at),
            Self::Absent | Self::Broken => None,
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken)
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// One key of a map whose value goes into a draft `T`.
pub(crate) struct Field<T> {
    pub(crate) name: &'static str,
    /// One sentence for the schema.
    pub(crate) doc: &'static str,
    pub(crate) required: bool,
    /// What counts without it, as YAML.
    pub(crate) default: Option<&'static str>,
    pub(crate) examples: &'static [&'static str],
    pub(crate) may_be_empty: bool,
    pub(crate) wanted: fn() -> String,
    pub(crate) schema: fn(&mut Defs) -> Value,
    pub(crate) decode: fn(&Node, &mut Reader<'_>, &mut T),
}

/// The value of an argument that may be left out.
pub(crate) const fn first(given: &[&'static str]) -> Option<&'static str> {
    match given {
        [value, ..] => Some(*value),
        [] => None,
    }
}

/// A row of a field table: `field!(Draft: slot as "key", Shape, "Doc.", default "1", examples &[…])`,
/// of which the last two may be left out. Without examples, those of the shape.
macro_rules! field {
    (
        $draft:ty: $slot:ident as $name:literal, $shape:ty, $doc:literal
        $(, default $default:literal)? $(, examples $examples:expr)?
    ) => {
        $crate::field::Field::<$draft> {
            name: $name,
            doc: $doc,
            required: false,
            default: $crate::field::first(&[$($default)?]),
            examples: {
                let own: &'static [&'static [&'static str]] = &[$($examples)?];
                match own {
                    [own, ..] => *own,
                    [] => <$shape as $crate::field::Shape>::EXAMPLES,
                }
            },
            may_be_empty: <$shape as $crate::field::Shape>::MAY_BE_EMPTY,
            wanted: <$shape as $crate::field::Shape>::wanted,
            schema: <$shape as $crate::field::Shape>::schema,
            decode: |node, reader, draft| {
                let value = <$shape as $crate::field::Shape>::decode(node, reader);
                draft.$slot = $crate::field::Found::of(value, node.span);
            },
        }
    };
}
pub(crate) use field;

impl<T> Field<T> {
    /// The same row, for a map that must have the key.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn row(&self, schema: &Value) -> Row {
        Row {
            name: self.name,
            required: self.required,
            wanted: (self.wanted)(),
            doc: self.doc,
            default: self.default,
            examples: self.examples,
            schema: schema.clone(),
        }
    }
}

/// What the keys of one map may not be together, or must be.
pub(crate) enum Rule {
    /// Two dotted paths that exclude each other, and what to write.
    NotBoth(&'static str, &'static str, &'static str),
    /// Dotted paths of which one must be there; the first is what a person most likely forgot.
    OneOf(&'static [&'static str]),
    /// Keys of which exactly one must be there, and what to write where there are more.
    OnlyOne(&'static [&'static str], &'static str),
}

/// All keys of one kind of map.
pub(crate) struct Table<T: 'static> {
    /// Its name in the schema.
    pub(crate) name: &'static str,
    /// What it is, with its article.
    pub(crate) noun: &'static str,
    pub(crate) fields: &'static [Field<T>],
    pub(crate) rules: &'static [Rule],
    /// Keys that are documented and come later.
    pub(crate) later: &'static [&'static str],
    /// Keys that belong elsewhere, and where.
    pub(crate) elsewhere: (&'static [&'static str], &'static str),
    /// Whether it may be written as nothing at all.
    pub(crate) may_be_empty: bool,
}

/// How keys begin that mean nothing to Windlass: a place for anchors, and for other tools.
pub(crate) const IGNORED: &str = "x-";

/// A kind of map, so that its table can be a shape.
pub(crate) trait Keyed {
    /// What its keys are put into.
    type Draft: Default + 'static;
    /// Its keys.
    const TABLE: Table<Self::Draft>;
}

/// The shape of a map with a table.
pub(crate) struct Keys<K>(PhantomData<K>);

impl<K: Keyed> Shape for Keys<K> {
    type Value = K::Draft;

    const MAY_BE_EMPTY: bool = K::TABLE.may_be_empty;

    fn wanted() -> String {
        // What must be there is told first: not every key has room.
        let fields = || K::TABLE.fields.iter();
        let must = fields().filter(|field| field.required);
        let may = fields().filter(|field| !field.required);
        let names: Vec<&str> = must.chain(may).map(|field| field.name).take(4).collect();
        format!("a map with {}", listed(names, "or"))
    }

    fn schema(defs: &mut Defs) -> Value {
        let table = K::TABLE;
        if !defs.schemas.contains_key(table.name) {
            // Reserves the name, so that a map that holds its own kind would end.
            defs.schemas.insert(table.name.to_owned(), Value::Null);
            let schema = table.schema(defs);
            defs.schemas.insert(table.name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/$defs/{}", table.name) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<K::Draft> {
        let table = K::TABLE;
        if table.may_be_empty && node.is_null() {
            return Some(K::Draft::default());
        }
        let entries = reader.map(node, &Self::wanted())?;
        Some(table.decode(node, entries, reader))
    }
}

impl<T: Default + 'static> Table<T> {
    fn decode(&self, node: &Node, entries: &[Entry], reader: &mut Reader<'_>) -> T {
        let mut draft = T::default();
        let mut meant = Vec::new();
        for entry in entries {
            match self.fields.iter().find(|field| field.name == entry.key) {
                Some(field) if entry.value.is_absent() && !field.may_be_empty => {
                    reader.empty(entry.key_span, &(field.wanted)());
                    // Leaves its mark in the draft, so that nobody misses the key as well.
                    let mut unheard = Reader::new(reader.text, reader.format);
                    (field.decode)(&entry.value, &mut unheard, &mut draft);
                }
                Some(field) => (field.decode)(&entry.value, reader, &mut draft),
                None => {
                    let field = self.unknown(entry, reader);
                    let field = field.filter(|field| node.entry(field.name).is_none());
                    if let Some(field) = field {
                        // Read as what it was meant to be, so that nothing follows from the typing
                        // error; what is wrong with its value is told once the key is right.
                        (field.decode)(&entry.value, &mut reader.unheard(), &mut draft);
                        meant.push(field.name);
                    }
                }
            }
        }
        for field in self.fields.iter().filter(|field| field.required) {
            if node.entry(field.name).is_none() && !meant.contains(&field.name) {
                let message = format!("{} needs `{}`", self.noun, field.name);
                let hint = format!(
                    "add `{}` with {}",
                    reader.format.key(field.name),
                    (field.wanted)()
                );
                reader.refuse_for(MISSING_KEY, node.span, message, hint);
            }
        }
        for rule in self.rules {
            let meant = |paths| meant.iter().any(|key| begins(paths, key));
            if !matches!(rule, Rule::OneOf(paths) | Rule::OnlyOne(paths, _) if meant(paths)) {
                self.obey(rule, node, reader);
            }
        }
        draft
    }

    /// Refuses a key, and says which one was probably meant.
    fn unknown(&self, entry: &Entry, reader: &mut Reader<'_>) -> Option<&'static Field<T>> {
        let key = entry.key.as_str();
        if key.starts_with(IGNORED) {
            return None;
        }
        if self.later.contains(&key) {
            let message = format!("`{}` is not in this version yet", shown(key));
            let hint = "remove the key";
            reader.refuse_for(LATER_KEY, entry.key_span, message, hint);
            return None;
        }
        let mut meant = None;
        let message = format!("{} has no key `{}`", self.noun, shown(key));
        let names = self.fields.iter().map(|field| field.name);
        let of_the_file = WindlassFile::TABLE
            .fields
            .iter()
            .any(|field| field.name == key);
        let hint = if of_the_file && reader.format == Format::Toml {
            format!("a key belongs to the [header] above it: put `{key}` above the first one")
        } else if self.elsewhere.0.contains(&key) {
            format!("`{key}` belongs {}", self.elsewhere.1)
        } else if of_the_file {
            format!("`{key}` belongs to the file, beside `app`")
        } else if let Some(theirs) = elsewhere::meant(self.name, key, names.clone()) {
            meant = self.fields.iter().find(|field| field.name == theirs.key);
            theirs.hint.to_owned()
        } else if let Some(near) = reader.nearest(key, names.clone()) {
            meant = self.fields.iter().find(|field| field.name == near);
            format!("did you mean `{near}`?")
        } else {
            format!("it knows {}", listed(names, "and"))
        };
        reader.refuse_for(UNKNOWN_KEY, entry.key_span, message, hint);
        meant
    }

    fn obey(&self, rule: &Rule, node: &Node, reader: &mut Reader<'_>) {
        match rule {
            Rule::NotBoth(left, right, hint) => {
                let both = [left, right].map(|path| parent(node, path));
                if let [Some(left_entry), Some(right_entry)] = both {
                    let later = left_entry.key_span.max(right_entry.key_span);
                    let message = format!("`{left}` and `{right}` exclude each other");
                    reader.refuse_for(NOT_TOGETHER, later, message, *hint);
                }
            }
            Rule::OneOf(paths) => self.must_have_one(paths, node, reader),
            Rule::OnlyOne(keys, hint) => {
                self.must_have_one(keys, node, reader);
                let mut found = node.entries().iter();
                let mut one = || found.find(|entry| keys.contains(&entry.key.as_str()));
                if let (Some(one), Some(other)) = (one(), one()) {
                    let message = format!("`{}` and `{}` exclude each other", one.key, other.key);
                    reader.refuse_for(NOT_TOGETHER, other.key_span, message, *hint);
                }
            }
        }
    }

    fn must_have_one(&self, paths: &[&str], node: &Node, reader: &mut Reader<'_>) {
        if paths.iter().any(|path| node.at(path).is_some()) {
            return;
        }
        let message = format!(
            "{} needs {}",
            self.noun,
            listed(paths.iter().copied(), "or")
        );
        let first = paths.first().copied().unwrap_or_default();
        let field = self.fields.iter().find(|field| field.name == first);
        let wanted = field.map(|field| (field.wanted)()).unwrap_or_default();
        let hint = format!("add `{}` with {wanted}", reader.format.key(first));
        reader.refuse_for(MISSING_KEY, node.span, message, hint);
    }

    fn schema(&self, defs: &mut Defs) -> Value {
        let page = defs.pages.len();
        defs.pages.push(Page {
            name: self.name,
            noun: self.noun,
            rows: Vec::new(),
            must_choose: self
                .rules
                .iter()
                .any(|rule| matches!(rule, Rule::OneOf(_) | Rule::OnlyOne(..))),
            later: self.later,
        });
        let mut properties = Map::new();
        for field in self.fields {
            let schema = (field.schema)(defs);
            let row = field.row(&schema);
            properties.insert(field.name.to_owned(), row.annotated());
            if let Some(page) = defs.pages.get_mut(page) {
                page.rows.push(row);
            }
        }
        let required: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| field.required)
            .map(|field| field.name)
            .collect();
        let mut schema = json!({
            "title": self.noun.replace('`', ""),
            "type": if self.may_be_empty { json!(["object", "null"]) } else { json!("object") },
            "properties": properties,
            "patternProperties": { format!("^{IGNORED}"): true },
            "additionalProperties": false,
        });
        if let Value::Object(object) = &mut schema {
            if !required.is_empty() {
                object.insert("required".to_owned(), json!(required));
            }
            if !self.rules.is_empty() {
                let rules: Vec<Value> = self.rules.iter().map(Rule::schema).collect();
                object.insert("allOf".to_owned(), json!(rules));
            }
        }
        schema
    }
}

/// Whether one of the dotted paths begins with the key.
fn begins(paths: &[&str], key: &str) -> bool {
    let mut firsts = paths.iter().map(|path| path.split('.').next());
    firsts.any(|first| first == Some(key))
}

/// The entry at a dotted path.
fn parent<'n>(node: &'n Node, path: &str) -> Option<&'n Entry> {
    match path.rsplit_once('.') {
        Some((above, key)) => node.at(above)?.entry(key),
        None => node.entry(path),
    }
}

impl Rule {
    fn schema(&self) -> Value {
        match self {
            Self::NotBoth(left, right, _) => {
                json!({ "not": { "allOf": [has(left), has(right)] } })
            }
            Self::OneOf(paths) => {
                let paths: Vec<Value> = paths.iter().map(|path| has(path)).collect();
                json!({ "anyOf": paths })
            }
            Self::OnlyOne(keys, _) => {
                let keys: Vec<Value> = keys.iter().map(|key| has(key)).collect();
                json!({ "oneOf": keys })
            }
        }
    }
}

/// A schema that accepts only maps with a value at the dotted `path`.
fn has(path: &str) -> Value {
    match path.split_once('.') {
        None => json!({ "type": "object", "required": [path] }),
        Some((key, rest)) => json!({
            "type": "object",
            "required": [key],
            "properties": { key: has(rest) },
        }),
    }
}
