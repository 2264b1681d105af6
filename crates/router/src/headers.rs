//! What is changed in heads on their way through: RFC 9110, section 7.6.

use std::net::{IpAddr, SocketAddr};

use hyper::body::Body;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request;
use hyper::http::response;
use hyper::http::uri::Scheme;
use hyper::{StatusCode, Uri, Version};

use crate::asked::REQUEST_ID;
use crate::disguised::drop_disguised;
use crate::mirror::COPY;

/// Whom requests come from, and how.
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// The address as it stands in a header: written once, not for each request.
    text: HeaderValue,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// It is a proxy that is believed what it says of others.
    pub(crate) is_believed: bool,
}

impl Client {
    pub(crate) fn new(address: IpAddr, scheme: &'static str, is_believed: bool) -> Self {
        let text = HeaderValue::try_from(address.to_string());
        Self {
            address,
            text: text.expect("digits, letters, dots and colons are a value"),
            scheme,
            is_believed,
        }
    }
}

/// Meant for the next hop only, besides those that `Connection` names.
static HOP: [HeaderName; 7] = [
    CONNECTION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// Which kinds of headers there are that need a closer look. Most messages have none: to look once at what
/// is there costs less than a search for each that might be.
#[derive(Clone, Copy)]
struct Kinds(u8);

impl Kinds {
    /// One of [`HOP`].
    const HOP: u8 = 1;
    /// `TE`.
    const TE: u8 = 1 << 1;
    /// `Transfer-Encoding`.
    const CODING: u8 = 1 << 2;
    /// `Forwarded`, or one that begins like `X-Forwarded-For`.
    const SAID: u8 = 1 << 3;
    /// One that says that a request is a copy.
    const COPY: u8 = 1 << 4;

    fn of(headers: &HeaderMap) -> Self {
        let kinds = headers.keys().map(|name| match name.as_str() {
            "te" => Self::HOP | Self::TE,
            "transfer-encoding" => Self::HOP | Self::CODING,
            "connection" | "upgrade" | "keep-alive" | "proxy-connection" | "http2-settings" => {
                Self::HOP
            }
            "forwarded" => Self::SAID,
            "windlass-mirror" => Self::COPY,
            name if name.starts_with("x-forwarded-") => Self::SAID,
            _other => 0,
        });
        Self(kinds.fold(0, |all, kind| all | kind))
    }

    fn have(self, kind: u8) -> bool {
        self.0 & kind != 0
    }
}
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The protocol a request asks for, if it may have it. HTTP/2 without TLS may not: it would carry
/// requests past everything that is decided per request here.
pub(crate) fn wanted_upgrade(headers: &HeaderMap, version: Version) -> Option<HeaderValue> {
    let wanted = headers.get(UPGRADE)?;
    let asked = names(headers).any(|name| name == UPGRADE);
    let http2 = wanted.as_bytes().to_ascii_lowercase().starts_with(b"h2");
    (asked && !http2 && version == Version::HTTP_11).then(|| wanted.clone())
}

/// The headers that `Connection` names.
fn names(headers: &HeaderMap) -> impl Iterator<Item = HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
}

fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = names(headers).collect();
        for name in named {
            // Whoever names these wants to change what the message means, or to have it go by no name.
            if name != HOST && name != CONTENT_LENGTH && name != REQUEST_ID {
                headers.remove(name);
            }
        }
    }
    for name in &HOP {
        headers.remove(name);
    }
}

/// Makes a client's request one of ours to an instance.
pub(crate) fn to_instance(
    head: &mut request::Parts,
    client: &Client,
    upgrade: Option<HeaderValue>,
) {
    let kinds = Kinds::of(&head.headers);
    let trailers = kinds.have(Kinds::TE) && takes_trailers(&head.headers);
    if kinds.have(Kinds::HOP) {
        strip(&mut head.headers);
    }
    // None of the kinds: nobody looks for them in answers.
    drop_disguised(&mut head.headers);
    if kinds.have(Kinds::COPY) && !client.is_believed {
        head.headers.remove(COPY);
    }
    origin_form(head);
    if head.version == Version::HTTP_2 {
        join_cookies(&mut head.headers);
    }
    head.version = Version::HTTP_11;
    let headers = &mut head.headers;
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    forwarded(headers, client, kinds);
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(TE).iter();
    values
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

/// HTTP/2 may send a cookie in crumbs, HTTP/1.1 has one header (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if crumbs.len() > 1
        && let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(b"; ".as_slice()))
    {
        headers.insert(COOKIE, whole);
    }
}

/// Has an instance close the connection after a request, whatever of it may still lie there.
pub(crate) fn end_after(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// `http://host/path` becomes `/path` with `Host: host`.
fn origin_form(head: &mut request::Parts) {
    let Some(authority) = head.uri.authority() else {
        return;
    };
    if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
        head.headers.insert(HOST, host);
    }
    let path = head.uri.path_and_query().cloned();
    head.uri = path.map_or_else(|| Uri::from_static("/"), Uri::from);
}

/// Says whom the request comes from. What it says of others itself is kept if it comes from a proxy that
/// is believed, and dropped else: it could say anything.
fn forwarded(headers: &mut HeaderMap, client: &Client, kinds: Kinds) {
    let mut said = kinds.have(Kinds::SAID);
    if said && !client.is_believed {
        drop_said(headers);
        said = false;
    }
    if !said {
        headers.insert(FORWARDED_FOR, client.text.clone());
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(client.scheme));
        if let Some(host) = headers.get(HOST).cloned() {
            headers.insert(FORWARDED_HOST, host);
        }
        return;
    }
    add(headers, FORWARDED_FOR, &client.text);
    if headers.contains_key(FORWARDED) {
        let address = client.address;
        let quoted = match address {
            IpAddr::V4(_) => address.to_string(),
            IpAddr::V6(_) => format!("\"[{address}]\""),
        };
        if let Ok(this) = HeaderValue::try_from(format!("for={quoted};proto={}", client.scheme)) {
            add(headers, FORWARDED, &this);
        }
    }
    headers
        .entry(FORWARDED_PROTO)
        .or_insert(HeaderValue::from_static(client.scheme));
    if let Some(host) = headers.get(HOST).cloned() {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
}

/// Adds to a list that may stand in several lines; in one afterwards.
fn add(headers: &mut HeaderMap, name: HeaderName, last: &HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, last.clone());
        return;
    }
    let before = headers.get_all(&name).iter().map(HeaderValue::as_bytes);
    let all: Vec<&[u8]> = before.chain([last.as_bytes()]).collect();
    if let Ok(whole) = HeaderValue::from_bytes(&all.join(b", ".as_slice())) {
        headers.insert(name, whole);
    }
}

/// Drops everything that a request says of where it was before.
fn drop_said(headers: &mut HeaderMap) {
    let said = |name: &HeaderName| *name == FORWARDED || name.as_str().starts_with("x-forwarded-");
    let all: Vec<HeaderName> = headers.keys().filter(|name| said(name)).cloned().collect();
    for name in all {
        headers.remove(name);
    }
}

/// The host that a request names can't be one of HTTP/2's.
pub(crate) struct NoHost;

/// Gives a request the form of the version that an instance speaks, whatever form it has.
pub(crate) fn speak(
    head: &mut request::Parts,
    version: Version,
    instance: SocketAddr,
    body: &impl Body,
) -> Result<(), NoHost> {
    origin_form(head);
    name_host(&mut head.headers, instance);
    head.version = version;
    let headers = &mut head.headers;
    if version == Version::HTTP_2 {
        for name in [CONNECTION, TRANSFER_ENCODING, UPGRADE] {
            headers.remove(name);
        }
        let host = headers.remove(HOST).ok_or(NoHost)?;
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let whole = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(host.as_bytes())
            .path_and_query(path);
        head.uri = whole.build().map_err(|_invalid| NoHost)?;
    } else if !body.is_end_stream() && body.size_hint().exact().is_none() {
        // Said outright: the sender would drop the body of a GET of unknown length.
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    Ok(())
}

/// Names a host where the client named none, as HTTP/1.0 may.
fn name_host(headers: &mut HeaderMap, instance: SocketAddr) {
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(&instance.to_string())
    {
        headers.insert(HOST, host);
    }
}

/// An answer whose framing can be read in two ways.
pub(crate) struct Ambiguous;

/// Makes an instance's answer one of ours to the client.
pub(crate) fn to_client(head: &mut response::Parts) -> Result<(), Ambiguous> {
    let switches = head.status == StatusCode::SWITCHING_PROTOCOLS;
    let upgrade = switches.then(|| head.headers.get(UPGRADE).cloned());
    let kinds = Kinds::of(&head.headers);
    if kinds.have(Kinds::CODING) {
        let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
        if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            return Err(Ambiguous);
        }
        head.headers.remove(CONTENT_LENGTH);
    }
    if kinds.have(Kinds::HOP) {
        strip(&mut head.headers);
    }
    head.version = Version::HTTP_11;
    if let Some(upgrade) = upgrade {
        let protocol = upgrade.ok_or(Ambiguous)?;
        let headers = &mut head.headers;
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;
    use hyper::{Request, Response};

    fn sent(request: Request<()>) -> request::Parts {
        sent_by(
            &Client::new(IpAddr::from([10, 0, 0, 7]), "http", false),
            request,
        )
    }

    fn sent_by(client: &Client, request: Request<()>) -> request::Parts {
        let (mut head, ()) = request.into_parts();
        let upgrade = wanted_upgrade(&head.headers, head.version);
        to_instance(&mut head, client, upgrade);
        head
    }

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get(name).and_then(|v| v.to_str().ok())
    }

    #[test]
    fn hop_by_hop_headers_end_here() {
        let request = Request::get("/a?b")
            .header("host", "shop")
            .header(
                "connection",
                "x-secret, keep-alive, x-forwarded-for, Host, X-Request-Id",
            )
            .header("x-request-id", "7")
            .header("x-secret", "1")
            .header("x-forwarded-for", "6.6.6.6")
            .header("keep-alive", "timeout=5")
            .header("proxy-connection", "keep-alive")
            .header("te", "gzip, trailers")
            .header("x-kept", "1");
        let head = sent(request.body(()).expect("a request"));
        for gone in ["connection", "x-secret", "keep-alive", "proxy-connection"] {
            assert_eq!(text(&head.headers, gone), None, "{gone}");
        }
        assert_eq!(text(&head.headers, "x-kept"), Some("1"));
        assert_eq!(text(&head.headers, "x-request-id"), Some("7"));
        assert_eq!(text(&head.headers, "te"), Some("trailers"));
        assert_eq!(text(&head.headers, "host"), Some("shop"));
        assert_eq!(text(&head.headers, "x-forwarded-for"), Some("10.0.0.7"));
        assert_eq!(text(&head.headers, "x-forwarded-host"), Some("shop"));
        assert_eq!(text(&head.headers, "x-forwarded-proto"), Some("http"));
    }

    #[test]
    fn each_header_of_one_hop_is_looked_for() {
        for name in &HOP {
            let headers = [(name.clone(), HeaderValue::from_static("1"))];
            assert!(
                Kinds::of(&headers.into_iter().collect()).have(Kinds::HOP),
                "{name}"
            );
        }
    }

    #[test]
    fn what_a_request_says_of_others_is_kept_from_a_proxy_that_is_believed_and_dropped_else() {
        let request = || {
            Request::get("/")
                .header("host", "shop")
                .header("x-forwarded-for", "1.2.3.4")
                .header("x-forwarded-for", "5.6.7.8")
                .header("x-forwarded-proto", "https")
                .header("x-forwarded-port", "443")
                .header("forwarded", "for=1.2.3.4")
                .body(())
                .expect("a request")
        };
        let seen = |head: &request::Parts| {
            let names = ["for", "proto", "host", "port"].map(|name| format!("x-forwarded-{name}"));
            let all = names.iter().map(String::as_str).chain(["forwarded"]);
            let all = all.map(|name| text(&head.headers, name).unwrap_or("-").to_owned());
            all.collect::<Vec<_>>()
        };
        assert_eq!(
            seen(&sent(request())),
            ["10.0.0.7", "http", "shop", "-", "-"]
        );
        let address = "fd00::7".parse().expect("an address");
        let believed = Client::new(address, "http", true);
        assert_eq!(
            seen(&sent_by(&believed, request())),
            [
                "1.2.3.4, 5.6.7.8, fd00::7",
                "https",
                "shop",
                "443",
                "for=1.2.3.4, for=\"[fd00::7]\";proto=http"
            ]
        );
    }

    #[test]
    fn the_absolute_form_becomes_the_origin_form() {
        let request = Request::get("http://shop:80/a?b").header("host", "other");
        let head = sent(request.body(()).expect("a request"));
        assert_eq!(head.uri.to_string(), "/a?b");
        assert_eq!(text(&head.headers, "host"), Some("shop:80"));
    }

    #[test]
    fn a_request_takes_the_form_of_what_an_instance_speaks_and_back() {
        let request = Request::get("/a?b")
            .header("host", "shop")
            .header("te", "trailers");
        let mut head = sent(request.body(()).expect("a request"));
        let instance = SocketAddr::from(([10, 0, 0, 9], 80));
        let body = Empty::<bytes::Bytes>::new();
        assert!(speak(&mut head, Version::HTTP_2, instance, &body).is_ok());
        assert_eq!(head.uri.to_string(), "http://shop/a?b");
        assert_eq!(text(&head.headers, "host"), None);
        assert_eq!(text(&head.headers, "te"), Some("trailers"));
        assert!(speak(&mut head, Version::HTTP_11, instance, &body).is_ok());
        assert_eq!(head.uri.to_string(), "/a?b");
        assert_eq!(text(&head.headers, "host"), Some("shop"));
    }

    #[test]
    fn a_websocket_may_be_asked_for_and_http2_may_not() {
        for (protocol, kept) in [("websocket", true), ("h2c", false), ("H2C", false)] {
            let request = Request::get("/")
                .header("connection", "Upgrade, HTTP2-Settings")
                .header("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA")
                .header("upgrade", protocol);
            let head = sent(request.body(()).expect("a request"));
            assert_eq!(head.headers.contains_key("upgrade"), kept, "{protocol}");
            assert!(!head.headers.contains_key("http2-settings"));
        }
    }

    #[test]
    fn an_answer_of_two_lengths_keeps_one_and_an_unknown_coding_is_refused() {
        let answer = |coding: &str| {
            let response = Response::builder()
                .header("transfer-encoding", coding)
                .header("content-length", "7");
            response.body(()).expect("an answer").into_parts().0
        };
        let mut head = answer("Chunked");
        assert!(to_client(&mut head).is_ok());
        assert!(head.headers.is_empty());
        assert!(to_client(&mut answer("gzip, chunked")).is_err());
    }
}
