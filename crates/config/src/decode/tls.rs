//! `tls`: what a listener shows to its clients.

use serde_json::{Value, json};
use windlass_model::Host;

use super::choice::yes_or_no;
use super::collection::ListOf;
use super::text::{AnyPath, within_limit};
use crate::field::{At, Defs, Found, Keyed, Keys, Rule, Shape, Table, field};
use crate::limit::{MAX_EMAIL_BYTES, MAX_ORDERED_HOSTS, MAX_WORD_BYTES};
use crate::problem::{ADDRESS, HOST, WRONG_KIND};
use crate::reader::{Reader, shown};
use crate::tree::Node;

/// Whom certificates are ordered from where a file does not say: Let's Encrypt.
pub(crate) const USUAL_DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";

const EITHER: &str = "name a certificate and its key, or have the router order one by `acme`";

#[derive(Clone, Debug, Default)]
pub(crate) struct TlsDraft {
    pub(crate) certificate: Found<String>,
    pub(crate) key: Found<String>,
    pub(crate) acme: Found<AcmeDraft>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AcmeDraft {
    pub(crate) terms_agreed: Found<()>,
    pub(crate) email: Found<String>,
    pub(crate) hosts: Found<Vec<At<Host>>>,
    pub(crate) directory: Found<String>,
    pub(crate) ca: Found<String>,
}

pub(crate) struct TlsKeys;

impl Keyed for TlsKeys {
    type Draft = TlsDraft;
    const TABLE: Table<TlsDraft> = Table {
        name: "tls",
        noun: "`tls`",
        fields: &[
            field!(TlsDraft: certificate as "certificate", AnyPath,
                "A PEM file: the certificate, then those that lead to its root. Read anew when it changes.",
                examples &["/etc/ssl/shop.pem"]),
            field!(TlsDraft: key as "key", AnyPath,
                "A PEM file: its private key, without a password. Read anew when it changes.",
                examples &["/etc/ssl/shop.key"]),
            field!(TlsDraft: acme as "acme", Keys<AcmeKeys>,
                "Instead of both: the router orders certificates itself, by ACME, and renews them."),
        ],
        rules: &[
            Rule::OnlyOne(&["certificate", "acme"], EITHER),
            Rule::OnlyOne(&["key", "acme"], EITHER),
        ],
        later: &[],
        elsewhere: (
            &["terms_agreed", "email", "hosts", "directory", "ca"],
            "one level down, to `acme`",
        ),
        may_be_empty: false,
    };
}

pub(crate) struct AcmeKeys;

impl Keyed for AcmeKeys {
    type Draft = AcmeDraft;
    const TABLE: Table<AcmeDraft> = Table {
        name: "acme",
        noun: "`acme`",
        fields: &[
            field!(AcmeDraft: terms_agreed as "terms_agreed", Agreed,
                "You have read the terms of the certificate authority, and agree.")
            .required(),
            field!(AcmeDraft: email as "email", Email,
                "Where the authority writes to when something is wrong with a certificate."),
            field!(AcmeDraft: hosts as "hosts", ListOf<Ordered, 1, MAX_ORDERED_HOSTS>,
                "For which hosts, each of which gets a certificate of its own. Without it: for `host` of `listen`.",
                examples &["[shop.example, www.shop.example]"]),
            field!(AcmeDraft: directory as "directory", Directory,
                "The address of the certificate authority.",
                default "https://acme-v02.api.letsencrypt.org/directory"),
            field!(AcmeDraft: ca as "ca", AnyPath,
                "A PEM file: whom to trust when a private authority is asked. Without it: whom the machine trusts.",
                examples &["/etc/ssl/our-ca.pem"]),
        ],
        rules: &[],
        later: &[],
        elsewhere: (&["certificate", "key"], "one level up, to `tls`"),
        may_be_empty: false,
    };
}

/// The word of a person, whom it binds.
struct Agreed;

impl Shape for Agreed {
    type Value = ();

    fn wanted() -> String {
        "yes, once you have read them".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": [true, "yes"] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<()> {
        if yes_or_no(node, reader)? {
            return Some(());
        }
        let message = "an authority issues nothing to who does not agree to its terms";
        let hint = "read them and say yes, or name files with `certificate` and `key`";
        reader.refuse_for(WRONG_KIND, node.span, message, hint);
        None
    }
}

/// A host that a certificate can be ordered for.
pub(crate) struct Ordered;

impl Shape for Ordered {
    type Value = Host;

    const EXAMPLES: &'static [&'static str] = &["shop.example"];

    fn wanted() -> String {
        <Host as Shape>::wanted()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "allOf": [<Host as Shape>::schema(defs), { "pattern": "^[^*]" }] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Host> {
        let host = <Host as Shape>::decode(node, reader)?;
        if host.above().is_none() {
            return Some(host);
        }
        let message = format!("no certificate can be ordered for `{host}`");
        reader.refuse_for(HOST, node.span, message, NO_WILDCARD);
        None
    }
}

/// What to do about a wildcard.
pub(crate) const NO_WILDCARD: &str = "a wildcard is proven by DNS, which Windlass does not write: name each host, or name files \
     with `certificate` and `key`";

/// The address of an authority.
struct Directory;

impl Shape for Directory {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["https://ca.internal:9000/acme/acme/directory"];

    fn wanted() -> String {
        "the https address of an authority's directory".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let host = "([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])";
        let pattern = format!("^https://{host}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~%/-]*)?$");
        json!({ "type": "string", "pattern": pattern, "maxLength": MAX_WORD_BYTES })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        if is_directory(text) {
            return within_limit(node, text, reader).map(str::to_owned);
        }
        let message = format!("`{}` is not the address of a directory", shown(text));
        let hint = "write https://, the host, and the path, without a name or a query";
        reader.refuse_for(ADDRESS, node.span, message, hint);
        None
    }
}

fn is_directory(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let is_v6 = |inner: &str| {
        let plain = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'.';
        !inner.is_empty() && inner.bytes().all(plain)
    };
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let named = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let is_host = match bracketed {
        Some(inner) => is_v6(inner),
        None => !host.is_empty() && host.bytes().all(named),
    };
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.parse::<u16>().is_ok();
    let in_path = |b: u8| b.is_ascii_alphanumeric() || b"._~%/-".contains(&b);
    is_host && port.is_none_or(is_port) && path.bytes().all(in_path)
}

/// Where somebody gets mail.
struct Email;

impl Shape for Email {
    type Value = String;

    const EXAMPLES: &'static [&'static str] = &["ops@shop.example"];

    fn wanted() -> String {
        "an e-mail address".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": EMAIL, "maxLength": MAX_EMAIL_BYTES })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        let is_part = |part: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
            !part.is_empty() && part.bytes().all(plain)
        };
        let whole = text.split_once('@');
        let good = whole.is_some_and(|(who, at)| is_part(who) && is_part(at));
        if good && text.len() <= MAX_EMAIL_BYTES {
            return Some(text.to_owned());
        }
        let message = format!("`{}` is not an e-mail address", shown(text));
        let hint = "one address, of letters, digits and . _ + -, as in ops@shop.example";
        reader.refuse_for(WRONG_KIND, node.span, message, hint);
        None
    }
}

const EMAIL: &str = "^[A-Za-z0-9._+-]+@[A-Za-z0-9._+-]+$";
