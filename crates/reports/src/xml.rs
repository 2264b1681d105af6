//! XML as a stream of elements.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::found::{Unreadable, line, shown, text};
use crate::limit::{MAX_ATTRIBUTES, MAX_DEPTH};

/// Who is told of elements. A text is the reason to stop.
pub(crate) trait Listener {
    /// An element begins.
    fn open(&mut self, element: &Element<'_>) -> Result<(), String>;

    /// One of this name ends.
    fn close(&mut self, name: &str) -> Result<(), String>;
}

/// The beginning of an element.
pub(crate) struct Element<'e> {
    start: &'e BytesStart<'e>,
    /// How many elements it lies in.
    pub(crate) depth: usize,
}

impl Element<'_> {
    /// Its name without a prefix.
    pub(crate) fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<Cow<'_, str>>, String> {
        let mut attributes = self.start.attributes();
        // Else each is compared with all before it.
        attributes.with_checks(false);
        for (count, attribute) in attributes.enumerate() {
            if count >= MAX_ATTRIBUTES {
                return Err(format!("more than {MAX_ATTRIBUTES} attributes"));
            }
            let attribute = attribute.map_err(|why| shown(&why.to_string()))?;
            if attribute.key.local_name().into_inner() == name {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                return value.map(Some).map_err(|why| shown(&why.to_string()));
            }
        }
        Ok(None)
    }

    /// The value of an attribute, or nothing.
    pub(crate) fn text(&self, name: &str) -> Result<String, String> {
        let value = self.attribute(name)?;
        Ok(value.map(Cow::into_owned).unwrap_or_default())
    }
}

/// Tells of every element, up to the end of the one root.
pub(crate) fn walk(bytes: &[u8], listener: &mut impl Listener) -> Result<(), Unreadable> {
    let text = text(bytes)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut depth = 0;
    let mut begun = false;
    loop {
        let before = reader.buffer_position();
        let stop = |at: u64, what: String| {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
            Unreadable::at(line(before), what)
        };
        let event = reader.read_event();
        let event = event.map_err(|why| stop(reader.error_position(), shown(&why.to_string())))?;
        match event {
            Event::Start(start) => {
                if depth == 0 && begun {
                    return Err(stop(before, "a second root".to_owned()));
                }
                if depth == MAX_DEPTH {
                    let what = format!("more than {MAX_DEPTH} elements in each other");
                    return Err(stop(before, what));
                }
                let element = Element {
                    start: &start,
                    depth,
                };
                listener.open(&element).map_err(|what| stop(before, what))?;
                (begun, depth) = (true, depth + 1);
            }
            Event::End(end) => {
                let name = end.local_name();
                listener
                    .close(name.into_inner())
                    .map_err(|what| stop(before, what))?;
                // The reader refuses an end without a beginning.
                depth = depth.saturating_sub(1);
            }
            Event::DocType(declared) if declared.contains('[') => {
                let what = "a document type that declares something";
                return Err(stop(before, what.to_owned()));
            }
            Event::Eof if depth > 0 => return Err(stop(before, "it ends too early".to_owned())),
            Event::Eof if !begun => return Err(Unreadable::whole("it holds no XML")),
            Event::Eof => return Ok(()),
            // Text, comments, instructions: of no meaning here. References are never looked up.
            _ => {}
        }
    }
}

/// Refuses a root of another name.
pub(crate) fn root(element: &Element<'_>, wanted: &[&str]) -> Result<(), String> {
    if wanted.contains(&element.name()) {
        return Ok(());
    }
    let wanted: Vec<String> = wanted.iter().map(|name| format!("<{name}>")).collect();
    Err(format!(
        "expected {}, found <{}>",
        wanted.join(" or "),
        shown(element.name())
    ))
}
