//! YAML into the tree, within limits.
//!
//! The only file besides its neighbour `syntax` that names the YAML crate: the event parser below
//! serde-saphyr, which keeps each text as it is written, its style and its place. Events are taken one
//! at a time, so that a hostile file is left at the first limit it passes.

use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{
    self, Event, Marker, Parser, ScalarStyle, Span as Marks, StructureStyle,
};

use super::any::{Parsed, duplicate, empty};
use super::{merge, syntax};
use crate::limit::{MAX_ALIASED_BYTES, MAX_DEPTH, MAX_NODES};
use crate::problem::{
    ALIAS_OF_ITSELF, KEY_NOT_TEXT, Problem, SEVERAL_DOCUMENTS, TAG, TOO_MANY_NODES,
    TOO_MUCH_ALIASED, UNUSED_ANCHOR,
};
use crate::tree::{Entry, Kind, Node, Scalar, Span, Style};

pub(super) fn parse(text: &str) -> Result<Parsed, Problem> {
    let mut options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    options.set_emit_comments(false);
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, marks) = event.map_err(|error| syntax::problem(text, &error))?;
        builder.take(event, &marks)?;
    }
    let warnings = builder.unused_anchors();
    let root = builder.root.ok_or_else(empty)?;
    Ok(Parsed {
        root,
        warnings,
        problems: builder.problems,
    })
}

#[derive(Default)]
struct Builder {
    open: Vec<Frame>,
    anchors: BTreeMap<usize, Anchor>,
    /// What the tree costs so far.
    weight: Weight,
    /// What the copies kept for aliases cost beside it.
    copies: Weight,
    root: Option<Node>,
    documents: usize,
    problems: Vec<Problem>,
}

/// A collection whose end has not come yet.
struct Frame {
    span: Span,
    flow: bool,
    anchor: usize,
    /// What had been read before it.
    before: Weight,
    /// Levels of collections inside it.
    height: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<Key>,
        first: BTreeMap<String, Span>,
        /// What `<<` takes keys from.
        merged: Option<Node>,
    },
}

/// A key whose value has not come yet.
struct Key {
    name: String,
    span: Span,
    plain: bool,
}

/// What a part of the tree costs.
#[derive(Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
}

/// A value that aliases can repeat.
struct Anchor {
    node: Node,
    used: bool,
    weight: Weight,
    height: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, marks: &Marks) -> Result<(), Problem> {
        let span = span_of(marks);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "the file has a second document";
                    return Err(Problem::at(SEVERAL_DOCUMENTS, span, message).hint(
                        "one file describes one application: remove what comes after `---`",
                    ));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.tag(tag.is_some(), marks);
                self.scalar(&text, style_of(style, &span), anchor, span)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.tag(tag.is_some(), marks);
                self.begin(span, style, anchor, Items::List(Vec::new()))?;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.tag(tag.is_some(), marks);
                let items = Items::Map {
                    entries: Vec::new(),
                    key: None,
                    first: BTreeMap::new(),
                    merged: None,
                };
                self.begin(span, style, anchor, items)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&span)?,
            Event::Alias(anchor) => self.alias(anchor, span)?,
            // Stream and document ends; comments and anchor names are not asked for.
            _ => {}
        }
        Ok(())
    }

    fn tag(&mut self, present: bool, marks: &Marks) {
        if present {
            let span = marks
                .tag_span()
                .map_or_else(|| span_of(marks), |tag| span_of(&tag));
            self.problems.push(
                Problem::at(TAG, span, "a YAML tag has no meaning here")
                    .hint("remove it, or quote the text if it really starts with `!`"),
            );
        }
    }

    /// Adds to the cost of the tree.
    fn spend(&mut self, nodes: usize, bytes: usize, span: Span) -> Result<(), Problem> {
        self.weight.nodes += nodes;
        self.weight.bytes += bytes;
        self.afford(span)
    }

    fn afford(&self, span: Span) -> Result<(), Problem> {
        if self.weight.nodes + self.copies.nodes > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} values");
            return Err(Problem::at(TOO_MANY_NODES, span, message));
        }
        if self.weight.bytes + self.copies.bytes > MAX_ALIASED_BYTES {
            let message = format!("its aliases write out to more than {MAX_ALIASED_BYTES} bytes");
            return Err(Problem::at(TOO_MUCH_ALIASED, span, message));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: Style,
        anchor: usize,
        span: Span,
    ) -> Result<(), Problem> {
        let is_key = matches!(
            self.open.last(),
            Some(Frame {
                items: Items::Map { key: None, .. },
                ..
            })
        );
        self.spend(usize::from(!is_key), text.len(), span)?;
        let span = match (style, self.key_span()) {
            (Style::Absent, Some(key)) => key,
            _ => span,
        };
        let text = if style == Style::Absent {
            String::new()
        } else {
            text.to_owned()
        };
        let node = Node {
            span,
            kind: Kind::Scalar(Scalar { text, style }),
        };
        self.anchor(
            anchor,
            &node,
            Weight {
                nodes: 1,
                bytes: node_bytes(&node),
            },
            0,
        )?;
        self.put(node, 0)
    }

    fn begin(
        &mut self,
        span: Span,
        style: StructureStyle,
        anchor: usize,
        items: Items,
    ) -> Result<(), Problem> {
        self.room(1, span)?;
        let before = self.weight;
        self.spend(1, 0, span)?;
        let flow = style == StructureStyle::Flow;
        self.open.push(Frame {
            span,
            flow,
            anchor,
            before,
            height: 0,
            items,
        });
        Ok(())
    }

    /// Refuses `levels` more levels of collections if there is no room for them.
    fn room(&self, levels: usize, span: Span) -> Result<(), Problem> {
        if self.open.len() + levels > MAX_DEPTH {
            return Err(syntax::too_deep(span));
        }
        Ok(())
    }

    fn end(&mut self, end: &Span) -> Result<(), Problem> {
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        let mut span = frame.span;
        if frame.flow {
            span.length = (end.offset + end.length).saturating_sub(span.offset);
        } else {
            let first = match &frame.items {
                Items::Map { entries, .. } => entries.first().map(|entry| entry.key_span),
                Items::List(_) => None,
            };
            span = self.key_span().or(first).unwrap_or(span);
        }
        let kind = match frame.items {
            Items::List(items) => Kind::List(items),
            Items::Map {
                mut entries,
                mut first,
                merged,
                ..
            } => {
                if let Some(from) = merged {
                    merge::merge(from, &mut entries, &mut first, &mut self.problems);
                }
                Kind::Map(entries)
            }
        };
        let node = Node { span, kind };
        let weight = Weight {
            nodes: self.weight.nodes - frame.before.nodes,
            bytes: self.weight.bytes - frame.before.bytes,
        };
        self.anchor(frame.anchor, &node, weight, frame.height + 1)?;
        self.put(node, frame.height + 1)
    }

    /// Keeps a copy of an anchored value. The copy is paid for, so that nested anchors stay cheap.
    fn anchor(
        &mut self,
        anchor: usize,
        node: &Node,
        weight: Weight,
        height: usize,
    ) -> Result<(), Problem> {
        if anchor != 0 {
            self.copies.nodes += weight.nodes;
            self.copies.bytes += weight.bytes;
            self.afford(node.span)?;
            let node = node.clone();
            self.anchors.insert(
                anchor,
                Anchor {
                    node,
                    used: false,
                    weight,
                    height,
                },
            );
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Problem> {
        let Some(Anchor { weight, height, .. }) = self.anchors.get(&anchor) else {
            let message = "this alias stands inside what it repeats";
            return Err(Problem::at(ALIAS_OF_ITSELF, span, message));
        };
        let (weight, height) = (*weight, *height);
        self.room(height, span)?;
        self.spend(weight.nodes, weight.bytes, span)?;
        let Some(anchor) = self.anchors.get_mut(&anchor) else {
            return Ok(());
        };
        anchor.used = true;
        let mut node = anchor.node.clone();
        node.span = span;
        self.put(node, height)
    }

    /// Texts that have a name and are never repeated: `run: &a b` runs `b`.
    fn unused_anchors(&self) -> Vec<Problem> {
        let unused = self.anchors.values().filter(|anchor| !anchor.used);
        unused
            .filter(|anchor| matches!(anchor.node.kind, Kind::Scalar(_)))
            .map(|anchor| {
                let message = "the word with `&` before this is no part of it, and nothing uses it";
                let hint = "quote the value if it starts with `&`";
                Problem::at(UNUSED_ANCHOR, anchor.node.span, message).hint(hint)
            })
            .collect()
    }

    /// The key whose value comes next, if one was read.
    fn key_span(&self) -> Option<Span> {
        match &self.open.last()?.items {
            Items::Map { key, .. } => key.as_ref().map(|key| key.span),
            Items::List(_) => None,
        }
    }

    fn put(&mut self, node: Node, height: usize) -> Result<(), Problem> {
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.height = frame.height.max(height);
        match &mut frame.items {
            Items::List(items) => items.push(node),
            Items::Map {
                entries,
                key,
                first,
                merged,
            } => {
                let Some(Key { name, span, plain }) = key.take() else {
                    *key = Some(key_of(node)?);
                    return Ok(());
                };
                if let Some(earlier) = first.get(&name) {
                    self.problems.push(duplicate(&name, span, *earlier));
                    return Ok(());
                }
                first.insert(name.clone(), span);
                if plain && name == merge::KEY {
                    *merged = Some(node);
                } else {
                    entries.push(Entry {
                        key: name,
                        key_span: span,
                        value: node,
                    });
                }
            }
        }
        Ok(())
    }
}

fn key_of(node: Node) -> Result<Key, Problem> {
    match node.kind {
        Kind::Scalar(scalar) if scalar.style != Style::Absent => Ok(Key {
            name: scalar.text,
            span: node.span,
            plain: scalar.style == Style::Plain,
        }),
        Kind::Scalar(_) => Err(Problem::at(
            KEY_NOT_TEXT,
            node.span,
            "a key is missing here",
        )),
        Kind::List(_) | Kind::Map(_) => {
            let message = "a key is a text, not a list or a map";
            let hint = "quote the key; a text with ${…} inside { … } must be in quotes too";
            Err(Problem::at(KEY_NOT_TEXT, node.span, message).hint(hint))
        }
    }
}

fn node_bytes(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.text.len(),
        Kind::List(_) | Kind::Map(_) => 0,
    }
}

fn style_of(style: ScalarStyle, span: &Span) -> Style {
    match style {
        // The parser puts `~` where nothing is written.
        ScalarStyle::Plain if span.length == 0 => Style::Absent,
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted
        | ScalarStyle::DoubleQuoted
        | ScalarStyle::Literal
        | ScalarStyle::Folded => Style::Quoted,
    }
}

fn span_of(marks: &Marks) -> Span {
    let start = place_of(&marks.start);
    let end = marks.end.byte_offset().unwrap_or(start.offset);
    Span {
        length: end.saturating_sub(start.offset),
        ..start
    }
}

/// Where a mark of the parser is.
pub(super) fn place_of(mark: &Marker) -> Span {
    Span {
        offset: mark.byte_offset().unwrap_or(0),
        length: 0,
        line: u32::try_from(mark.line()).unwrap_or(u32::MAX),
        column: u32::try_from(mark.col() + 1).unwrap_or(u32::MAX),
    }
}
