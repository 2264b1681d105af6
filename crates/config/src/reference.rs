//! The page of all keys, from the same tables as decoders and schema.

use std::fmt::Write as _;

use serde_json::Value;

use crate::limit::{
    MAX_AGREEING, MAX_ALIASED_BYTES, MAX_CATEGORIES, MAX_CHECKS, MAX_DEPTH, MAX_ENVIRONMENTS,
    MAX_FILES, MAX_INSTANCES, MAX_NEEDS, MAX_NODES, MAX_SERVICES, MAX_STEPS, MAX_TEXT_BYTES,
    MAX_TRIGGERS, MAX_VARIABLES, MAX_WORD_BYTES, MAX_WORDS,
};
use crate::page::{Page, Row};
use crate::schema::definitions;

/// What no table can say: formats, how layers come together, what each format invites.
const INTRODUCTION: &str = include_str!("reference.txt");

/// Most examples of one key.
const MOST_EXAMPLES: usize = 2;
/// Why writing into a string can't fail.
const ANY_TEXT: &str = "a string takes any text";

/// The page as Markdown.
pub fn reference() -> String {
    let (_, defs) = definitions();
    let mut text = INTRODUCTION.to_owned();
    for page in in_reading_order(&defs.pages) {
        text.push_str(&section(page, &defs.pages));
    }
    text.push_str(&limits());
    text
}

/// The file first, then what it leads to, then what that leads to.
fn in_reading_order(pages: &[Page]) -> Vec<&Page> {
    let mut order: Vec<&Page> = pages.iter().take(1).collect();
    let mut next = 0;
    while let Some(page) = order.get(next).copied() {
        for row in &page.rows {
            let mut kinds = Vec::new();
            references(&row.schema, &mut kinds);
            let met = pages
                .iter()
                .filter(|page| kinds.iter().any(|kind| kind == page.name));
            let new: Vec<&Page> = met
                .filter(|page| order.iter().all(|earlier| earlier.name != page.name))
                .collect();
            order.extend(new);
        }
        next += 1;
    }
    order
}

fn section(page: &Page, all: &[Page]) -> String {
    let mut text = format!("\n### {}\n\n", page.name);
    if let Some(other) = all.iter().find(|other| other.is_stricter_than(page)) {
        let name = other.name;
        writeln!(
            text,
            "The keys of [{name}](#{name}), none of them required."
        )
        .expect(ANY_TEXT);
        return text;
    }
    let head = "| key | value | for example | what it is |\n|---|---|---|---|";
    let rows: String = page.rows.iter().map(line).collect();
    writeln!(text, "The keys of {}:\n\n{head}\n{rows}", page.noun).expect(ANY_TEXT);
    if !page.later.is_empty() {
        let later: Vec<String> = page.later.iter().map(|key| format!("`{key}`")).collect();
        text.push_str(&later_keys(&later.join(", ")));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn later_keys(names: &str) -> String {
    format!("Not in this version yet: {names}.\n")
}

fn line(row: &Row) -> String {
    let must = if row.required { " (required)" } else { "" };
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "\\<");
    format!(
        "| `{}`{must} | {} | {} | {} |\n",
        row.name,
        cell(&value(row)),
        cell(&examples(row)),
        cell(&row.description())
    )
}

/// What a key takes, with links to the kinds of maps in it.
fn value(row: &Row) -> String {
    let mut kinds = Vec::new();
    references(&row.schema, &mut kinds);
    let links: Vec<String> = kinds
        .iter()
        .map(|kind| format!("[{kind}](#{kind})"))
        .collect();
    let links = links.join(", ");
    if row.schema.get("$ref").is_some() {
        return format!("a map: {links}");
    }
    let wanted = match row.schema.get("additionalProperties") {
        Some(_) => "a map of names".to_owned(),
        // Examples have a column of their own.
        None => row
            .wanted
            .split(", such as")
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    if links.is_empty() {
        wanted
    } else {
        format!("{wanted}: {links}")
    }
}

/// The names of all definitions that a schema leads to at once.
fn references(schema: &Value, kinds: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str);
            kinds.extend(name.and_then(|path| Some(path.rsplit_once('/')?.1.to_owned())));
            object.values().for_each(|value| references(value, kinds));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, kinds)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The first forms of a key.
fn examples(row: &Row) -> String {
    let forms = row.examples.iter().take(MOST_EXAMPLES);
    let forms: Vec<String> = forms.map(|form| format!("`{form}`")).collect();
    forms.join(" or ")
}

fn limits() -> String {
    let rows = [
        ("bytes of the file", MAX_TEXT_BYTES),
        (
            "bytes of its texts, YAML aliases written out",
            MAX_ALIASED_BYTES,
        ),
        ("values, YAML aliases written out", MAX_NODES),
        ("maps and lists inside each other", MAX_DEPTH),
        ("services", MAX_SERVICES),
        ("environments", MAX_ENVIRONMENTS),
        ("entries of `needs`", MAX_NEEDS),
        ("words of `run`", MAX_WORDS),
        ("bytes of a word, path or value", MAX_WORD_BYTES),
        ("entries of `files`", MAX_FILES),
        ("entries of `env`", MAX_VARIABLES),
        ("triggers of one list", MAX_TRIGGERS),
        ("conditions of one trigger that must agree", MAX_AGREEING),
        ("steps of a canary", MAX_STEPS),
        ("instances of a service", usize::from(MAX_INSTANCES)),
        ("categories of the score", MAX_CATEGORIES),
        ("checks of a category", MAX_CHECKS),
    ];
    let mut text = "\n## Limits\n\n| of | at most |\n|---|---|\n".to_owned();
    for (of, most) in rows {
        writeln!(text, "| {of} | {most} |").expect(ANY_TEXT);
    }
    text
}
