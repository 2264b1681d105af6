//! Names, versions, paths, addresses and variables.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use serde_json::{Value, json};
use windlass_model::{AppName, CategoryName, CheckName, EnvironmentName, ServiceName};

use super::place::as_written;
use crate::field::{Defs, Shape};
use crate::limit::{MAX_VERSION_CHARS, MAX_WORD_BYTES};
use crate::problem::{
    ADDRESS, ADDRESS_V6, NAME, OUTSIDE_FOLDER, PATH, TOO_LONG, VARIABLE, VERSION, WRONG_KIND,
};
use crate::reader::{Reader, shown};
use crate::tree::{Core, Kind, Node};

macro_rules! name_shape {
    ($name:ident, $example:literal) => {
        impl Shape for $name {
            type Value = Self;

            const EXAMPLES: &'static [&'static str] = &[$example];

            fn wanted() -> String {
                "a name".to_owned()
            }

            fn schema(_: &mut Defs) -> Value {
                json!({ "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" })
            }

            fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                let text = reader.text(node, &Self::wanted())?;
                let name = Self::new(text).ok();
                if name.is_none() {
                    refuse_name(node, text, |text| Self::new(text).is_ok(), reader);
                }
                name
            }
        }
    };
}

name_shape!(AppName, "shop");
name_shape!(EnvironmentName, "production");
name_shape!(ServiceName, "web");
name_shape!(CategoryName, "testing");
name_shape!(CheckName, "unit");

fn refuse_name(node: &Node, text: &str, fine: fn(&str) -> bool, reader: &mut Reader<'_>) {
    let message = format!("`{}` is not a name", shown(text));
    let better = better_name(text);
    let rule = "lower-case letters, digits and inner hyphens, at most 63";
    let hint = if fine(&better) {
        format!("{rule}: `{better}`")
    } else {
        rule.to_owned()
    };
    reader.refuse_for(NAME, node.span, message, hint);
}

/// What is proposed in the place of a text that is no name; may be none either.
pub(crate) fn better_name(text: &str) -> String {
    let lower: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    lower.trim_matches('-').to_owned()
}

/// A version as written: in YAML `1.10` needs no quotes.
pub(crate) struct VersionText;

/// What is wrong with a version, if anything.
pub(crate) fn version_problem(text: &str) -> Option<String> {
    let fine = !text.is_empty()
        && text.chars().count() <= MAX_VERSION_CHARS
        && text.chars().all(|c| c.is_ascii_graphic());
    let rule = format!("visible ASCII characters without blanks, at most {MAX_VERSION_CHARS}");
    (!fine).then(|| format!("`{}` is not a version: {rule}", shown(text)))
}

impl Shape for VersionText {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["\"1.4.2\""];

    fn wanted() -> String {
        "a version".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let pattern = format!("^[!-~]{{1,{MAX_VERSION_CHARS}}}$");
        json!({ "type": ["string", "number", "boolean"], "pattern": pattern })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = as_written(node, &Self::wanted(), reader)?;
        if let Some(problem) = version_problem(text) {
            reader.refuse(VERSION, node.span, problem);
            return None;
        }
        Some(text.to_owned())
    }
}

/// Path and query of a GET.
pub(crate) struct HttpPath;

impl Shape for HttpPath {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["/health/ready"];

    fn wanted() -> String {
        "a path, such as /health/ready".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^/[!\"$-~]*$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        if !text.starts_with('/') || !text.chars().all(|c| c.is_ascii_graphic() && c != '#') {
            let message = format!("`{}` is not a path", shown(text));
            let hint = "a path starts with / and has no blanks, as in /health/ready?deep=1";
            reader.refuse_for(PATH, node.span, message, hint);
            return None;
        }
        within_limit(node, text, reader).map(str::to_owned)
    }
}

pub(super) fn within_limit<'n>(
    node: &Node,
    text: &'n str,
    reader: &mut Reader<'_>,
) -> Option<&'n str> {
    if text.len() > MAX_WORD_BYTES {
        let message = format!("{} bytes; at most {MAX_WORD_BYTES}", text.len());
        reader.refuse(TOO_LONG, node.span, message);
        return None;
    }
    Some(text)
}

/// Any text: nobody here goes there.
pub(crate) struct SchemaAddress;

impl Shape for SchemaAddress {
    type Value = ();

    const EXAMPLES: &'static [&'static str] = &["./windlass.schema.json"];

    fn wanted() -> String {
        "the address of a schema".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<()> {
        reader.text(node, &Self::wanted()).map(drop)
    }
}

/// A path below the folder of the file.
pub(crate) struct FilePath;

impl Shape for FilePath {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["./server"];

    fn wanted() -> String {
        "a path below the file's folder".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^[^\\u0000]+$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let hint = "a release is a copy of files below that folder; \
                    what lies elsewhere is named by its absolute path in `run` or `env`";
        below_the_folder(node, hint, reader)
    }
}

/// A report that a tool leaves below the folder of the file.
pub(crate) struct ReportPath;

impl Shape for ReportPath {
    type Value = String;

    fn wanted() -> String {
        FilePath::wanted()
    }

    fn schema(defs: &mut Defs) -> Value {
        FilePath::schema(defs)
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let hint = "have the report written below that folder";
        below_the_folder(node, hint, reader)
    }
}

fn below_the_folder(node: &Node, hint: &str, reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text(node, &FilePath::wanted())?;
    if text.is_empty() || text.contains('\0') {
        reader.refuse(PATH, node.span, format!("`{}` is not a path", shown(text)));
        return None;
    }
    let mut depth = 0i32;
    let inside = text.split('/').all(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth >= 0
    });
    if text.starts_with('/') || !inside {
        let message = if text.starts_with('/') {
            // Where the file lies is not known here.
            let shown = shown(text);
            format!(
                "`{shown}` is an absolute path, and what lies below the file's folder is named from there"
            )
        } else {
            format!("`{}` lies outside the file's folder", shown(text))
        };
        reader.refuse_for(OUTSIDE_FOLDER, node.span, message, hint);
        return None;
    }
    within_limit(node, text, reader).map(str::to_owned)
}

/// A path of the machine that serves; a relative one is below the file's folder.
pub(crate) struct AnyPath;

impl Shape for AnyPath {
    type Value = String;

    fn wanted() -> String {
        "a path".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^[^\\u0000]+$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        if text.is_empty() || text.contains('\0') {
            reader.refuse(PATH, node.span, format!("`{}` is not a path", shown(text)));
            return None;
        }
        within_limit(node, text, reader).map(str::to_owned)
    }
}

/// The name of an environment variable.
pub(crate) struct Variable;

impl Shape for Variable {
    type Value = String;

    fn wanted() -> String {
        "the name of a variable".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,254}$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if starts && plain && text.len() <= 255 {
            return Some(text.to_owned());
        }
        let message = format!("`{}` is not the name of a variable", shown(text));
        let hint = "letters, digits and underscores, not starting with a digit, at most 255";
        reader.refuse_for(VARIABLE, node.span, message, hint);
        None
    }
}

/// An IP address and a port.
pub(crate) struct Address;

/// 1 to 65535 without leading zeros.
const PORT: &str =
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
/// 0 to 255 without leading zeros.
pub(crate) const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

impl Shape for Address {
    type Value = SocketAddr;

    const EXAMPLES: &'static [&'static str] = &["127.0.0.1:8080", "0.0.0.0:443", "\"[::1]:8080\""];

    fn wanted() -> String {
        "an address, such as 127.0.0.1:8080".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let pattern = format!("^({OCTET}(\\.{OCTET}){{3}}|\\[[0-9A-Fa-f:.]+\\]):{PORT}$");
        json!({ "type": "string", "pattern": pattern })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<SocketAddr> {
        let span = node.span;
        match &node.kind {
            Kind::List(_) => {
                let hint = "quote an address that starts with `[`: \"[::1]:8080\"";
                let message = format!("expected {}, found a list", Self::wanted());
                reader.refuse_for(WRONG_KIND, span, message, hint);
                return None;
            }
            Kind::Scalar(scalar) if scalar.core() == Core::Integer => {
                let message = format!("`{}` is not an address", shown(&scalar.text));
                let hint = format!("write 127.0.0.1:{}", shown(&scalar.text));
                reader.refuse_for(ADDRESS, span, message, hint);
                return None;
            }
            Kind::Scalar(_) | Kind::Map(_) => {}
        }
        let text = reader.text(node, &Self::wanted())?;
        match address(text) {
            Ok(address) => Some(address),
            Err((code, hint)) => {
                let message = format!("`{}` is not an address to listen on", shown(text));
                reader.refuse_for(code, span, message, hint);
                None
            }
        }
    }
}

/// Reads `127.0.0.1:8080` or `[::1]:8080`; else the code and what to write.
fn address(text: &str) -> Result<SocketAddr, (&'static str, String)> {
    if let Some((_scheme, rest)) = text.split_once("://") {
        let bare = rest.split('/').next().unwrap_or_default();
        // What is left may have a hint of its own.
        let hint = address(bare).map_or_else(|(_, hint)| hint, |bare| format!("write {bare}"));
        return Err((ADDRESS, hint));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let number = port.parse::<u16>().ok().filter(|port| *port != 0);
    let Some(number) = number.filter(|number| number.to_string() == port) else {
        let hint = match port {
            "0" => "port 0 is no place that anybody finds again: write a port from 1 to 65535",
            _ => "an address ends in a port from 1 to 65535, as in 127.0.0.1:8080",
        };
        return Err((ADDRESS, hint.to_owned()));
    };
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        // A scope (`%1`) names an interface of this machine today.
        let plain = inner
            .chars()
            .all(|c| c.is_ascii_hexdigit() || ":.".contains(c));
        let code = if plain && !inner.is_empty() {
            ADDRESS_V6
        } else {
            ADDRESS
        };
        let parsed = text.parse::<SocketAddrV6>().ok().filter(|_| plain);
        let hint = || (code, format!("an IPv6 address is written [::1]:{number}"));
        return parsed.map(SocketAddr::V6).ok_or_else(hint);
    }
    host.parse::<Ipv4Addr>()
        .map(|host| SocketAddr::from((host, number)))
        .map_err(|_malformed| {
            let hint = match host {
                "localhost" => format!("write 127.0.0.1:{number}"),
                "" | "*" => {
                    format!("write 0.0.0.0:{number} for every address, or 127.0.0.1:{number}")
                }
                host if host.parse::<Ipv6Addr>().is_ok() => {
                    format!("write [{}]:{number}", shown(host))
                }
                _ => format!(
                    "names are not looked up: write an IP address, as in 127.0.0.1:{number}"
                ),
            };
            (ADDRESS, hint)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_ip_and_a_port() {
        for good in ["127.0.0.1:8080", "0.0.0.0:1", "[::]:80", "[::1]:65535"] {
            assert_eq!(address(good).expect(good).to_string(), good);
        }
        for bad in [
            "",
            "8080",
            ":8080",
            "127.0.0.1",
            "127.0.0.1:0",
            "127.0.0.1:080",
            "127.0.0.1:65536",
            "127.0.0.01:80",
            "localhost:80",
            "::1:80",
            "[::1]",
            "[::1%1]:80",
            "[]:80",
            "[:::]:80",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_in_the_place_of_an_address_says_what_to_write() {
        for (given, wanted) in [
            ("localhost:80", "write 127.0.0.1:80"),
            ("http://127.0.0.1:8084", "write 127.0.0.1:8084"),
            ("http://localhost:8084/x", "write 127.0.0.1:8084"),
            ("tcp://[::1]:80", "write [::1]:80"),
            ("::1:80", "write [::1]:80"),
        ] {
            let (_, hint) = address(given).expect_err(given);
            assert_eq!(hint, wanted, "{given}");
        }
        let (_, hint) = address("http://a:b:80").expect_err("no address");
        assert!(hint.starts_with("names are not looked up"), "{hint}");
    }

    #[test]
    fn a_version_has_no_blanks() {
        assert_eq!(version_problem("1.4.2+2"), None);
        for bad in ["", "a b", "ü", &"1".repeat(129)] {
            assert!(version_problem(bad).is_some(), "{bad}");
        }
    }
}
