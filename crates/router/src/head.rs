//! Is this request's head one that every server would read alike?
//!
//! Stricter than the parser behind it, because what two servers read differently is how requests
//! are smuggled: RFC 9112, sections 2.2, 3, 5 and 6.

use std::net::Ipv6Addr;
use std::str::FromStr;

use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use hyper::http::Request;
use hyper::http::uri::Scheme;
use hyper::{Method, Uri};
use memchr::memchr_iter;

use crate::limits::{HEAD_BYTES, HEADERS};

/// What a header costs beside its name and value, as HTTP/2 counts it.
const LINE: usize = 32;

/// Why a request is refused before it is routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It can be read in more than one way, or in none.
    Malformed,
    /// Its head is too long.
    TooLarge,
    /// Its head did not come in time.
    TooSlow,
    /// There is no memory left for one as large.
    NoRoom,
}

/// How a request's body is told from what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// So many bytes.
    Sized(u64),
    /// Chunks.
    Chunked,
}

/// What a head says about what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Follows {
    pub(crate) body: BodyLength,
    /// It asks for another protocol after it.
    pub(crate) upgrade: bool,
}

#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    hosts: usize,
    upgrade: bool,
}

/// Judges a whole head, its empty line included.
pub(crate) fn judge(head: &[u8]) -> Result<Follows, Fault> {
    if head.len() > HEAD_BYTES {
        return Err(Fault::TooLarge);
    }
    let text = head.strip_suffix(b"\r\n\r\n").ok_or(Fault::Malformed)?;
    let mut lines = Lines(Some(text));
    let is_http_11 = request_line(lines.next().ok_or(Fault::Malformed)?)?;
    let mut fields = Fields::default();
    for (count, line) in lines.enumerate() {
        if count >= HEADERS {
            return Err(Fault::TooLarge);
        }
        fields.take(line, is_http_11)?;
    }
    if is_http_11 && fields.hosts != 1 || fields.hosts > 1 {
        return Err(Fault::Malformed);
    }
    let body = match (fields.chunked, fields.length) {
        (true, Some(_)) => return Err(Fault::Malformed),
        (true, None) => BodyLength::Chunked,
        (false, length) => BodyLength::Sized(length.unwrap_or(0)),
    };
    Ok(Follows {
        body,
        upgrade: fields.upgrade && is_http_11,
    })
}

/// Judges a head that came on HTTP/2. Its framing is that protocol's, and the library behind refuses
/// names and values with control characters, hop-by-hop headers, and a body of another length than
/// it says; this refuses what could be read differently once it is HTTP/1.1 (RFC 9113, 8.3 and 10.3).
pub(crate) fn judge_multiplexed<B>(request: &Request<B>) -> Result<(), Fault> {
    let headers = request.headers();
    if headers.len() > HEADERS {
        return Err(Fault::TooLarge);
    }
    if request.method() == Method::CONNECT || headers.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(Fault::Malformed);
    }
    if let Some(said) = headers.get(CONTENT_LENGTH) {
        length(said.as_bytes())?;
    }
    if headers.values().any(has_blank_edge) {
        return Err(Fault::Malformed);
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |path| path.as_str());
    let asterisk = target == "*" && request.method() == Method::OPTIONS;
    if !asterisk
        && (!target.starts_with('/')
            || !is_target(request.method().as_str().as_bytes(), target.as_bytes()))
    {
        return Err(Fault::Malformed);
    }
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let mut hosts = headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    let (host, second) = (hosts.next(), hosts.next());
    let named = authority.or(host).ok_or(Fault::Malformed)?;
    let same = host.is_none_or(|host| host.eq_ignore_ascii_case(named));
    if second.is_some() || !same || !is_host(named) {
        return Err(Fault::Malformed);
    }
    Ok(())
}

/// The bytes of a request's head, as HTTP/2 counts them but for its own names (RFC 9113, 6.5.2).
pub(crate) fn size(uri: &Uri, headers: &HeaderMap) -> usize {
    let target = uri.path_and_query();
    let target = target.map_or(0, |target| target.as_str().len());
    let lines = headers.iter();
    let lines = lines.map(|(name, value)| name.as_str().len() + value.len() + LINE);
    target + lines.sum::<usize>()
}

/// HTTP/1.1 has blanks around a value that are none of it; HTTP/2 has none (RFC 9113, 8.2.1).
fn has_blank_edge(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let edges = [bytes.first(), bytes.last()];
    edges.iter().any(|byte| matches!(byte, Some(b' ' | b'\t')))
}

/// What everybody takes for the same host, wherever it is said (RFC 9110, 7.2; RFC 3986, 3.2): a name or an address,
/// and after a colon a port that can be one. Of what a name may have by the letter, no name has `;` or `%`.
fn is_host(value: &[u8]) -> bool {
    // Who has none to name says so by an empty one (RFC 9112, 3.2).
    if value.is_empty() {
        return true;
    }
    let (host, port) = match value.iter().rposition(|b| matches!(b, b':' | b']')) {
        // The colons of an address of IPv6 stand in brackets.
        Some(colon) if value.get(colon) == Some(&b':') => {
            let (host, port) = value.split_at(colon);
            (host, port.get(1..))
        }
        Some(_) | None => (value, None),
    };
    let is_port =
        |port: &[u8]| port.iter().all(u8::is_ascii_digit) && parsed::<u16>(port).is_some();
    let in_name = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
    let bracketed = host
        .strip_prefix(b"[")
        .and_then(|host| host.strip_suffix(b"]"));
    let is_named = match bracketed {
        Some(address) => parsed::<Ipv6Addr>(address).is_some(),
        None => !host.is_empty() && host.iter().all(in_name),
    };
    is_named && port.is_none_or(is_port)
}

/// Lines ended by CR LF. A CR or LF alone stays in its line, where no check lets it pass.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0.take()?;
        let ends = |cr: &usize| rest.get(cr + 1) == Some(&b'\n');
        match memchr_iter(b'\r', rest).find(ends) {
            Some(end) => {
                self.0 = rest.get(end + 2..);
                rest.get(..end)
            }
            None => Some(rest),
        }
    }
}

/// Checks `METHOD target HTTP/1.x`; true for 1.1.
fn request_line(line: &[u8]) -> Result<bool, Fault> {
    let mut parts = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Fault::Malformed);
    };
    // A tunnel to anywhere is not ours to give.
    if !is_token(method) || method == b"CONNECT" || !is_target(method, target) {
        return Err(Fault::Malformed);
    }
    match version {
        b"HTTP/1.1" => Ok(true),
        b"HTTP/1.0" => Ok(false),
        _other => Err(Fault::Malformed),
    }
}

/// A path, all of a URL, or `*` where that has a meaning. A host alone is for tunnels only: taken for a path's
/// absence it would be another request than the one that was sent.
fn is_target(method: &[u8], target: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/-_.~?&=%+:,;@!$'()*[]".contains(b);
    // The parser behind would refuse it with an answer that does not say whose it is.
    let visible = || target.iter().all(|b| *b > b' ' && *b != 0x7f);
    let parsed = || Uri::try_from(target).ok().filter(|_| visible());
    match target.first() {
        None => false,
        Some(b'/') if target.iter().all(plain) => true,
        Some(b'/') => parsed().is_some(),
        Some(b'*') => target == b"*" && method == b"OPTIONS",
        Some(_) => parsed().is_some_and(|uri| is_whole(&uri)),
    }
}

/// All of a URL: of a protocol that is spoken here, at an authority that everybody takes for the same host. It
/// counts more than `Host`, so it is judged as that is.
fn is_whole(uri: &Uri) -> bool {
    let spoken = [Scheme::HTTP, Scheme::HTTPS];
    let spoken = uri.scheme().is_some_and(|scheme| spoken.contains(scheme));
    let authority = uri.authority().map(|named| named.as_str().as_bytes());
    spoken && authority.is_some_and(|named| !named.is_empty() && is_host(named))
}

fn parsed<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn is_token(name: &[u8]) -> bool {
    let token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !name.is_empty() && name.iter().all(token)
}

/// Without the blanks around it. Those alone: an LF at its edge, trimmed away, would hide from the checks
/// that another reader sees a line of its own there.
fn trimmed(value: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = value
        .iter()
        .position(|b| !is_blank(b))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|b| !is_blank(b))
        .map_or(start, |last| last + 1);
    value.get(start..end).unwrap_or_default()
}

impl Fields {
    fn take(&mut self, line: &[u8], is_http_11: bool) -> Result<(), Fault> {
        let colon = line.iter().position(|b| *b == b':');
        let (name, rest) = line.split_at(colon.ok_or(Fault::Malformed)?);
        // The first byte of the rest is the colon. A folded line has no token before it.
        let value = trimmed(rest.get(1..).unwrap_or_default());
        let control = |b: &u8| *b != b'\t' && (*b < b' ' || *b == 0x7f);
        if !is_token(name) || value.iter().any(control) {
            return Err(Fault::Malformed);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            // Twice the same is taken by some and refused by others.
            if self.length.replace(length(value)?).is_some() {
                return Err(Fault::Malformed);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            // Twice, or anything but this one word, is read differently somewhere.
            if self.chunked || !is_http_11 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::Malformed);
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            if !is_host(value) {
                return Err(Fault::Malformed);
            }
            self.hosts += 1;
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.upgrade = true;
        }
        Ok(())
    }
}

fn length(value: &[u8]) -> Result<u64, Fault> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number = parsed::<u64>(value).filter(|_| digits);
    // The parser behind keeps the top two values for itself.
    number.filter(|n| *n < u64::MAX - 2).ok_or(Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(lines: &[&str]) -> Result<Follows, Fault> {
        judge(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes())
    }

    fn sized(length: u64) -> Follows {
        Follows {
            body: BodyLength::Sized(length),
            upgrade: false,
        }
    }

    #[test]
    fn ordinary_heads_pass() {
        assert_eq!(judged(&["GET / HTTP/1.1", "Host: a"]), Ok(sized(0)));
        assert_eq!(judged(&["GET /a?b={} HTTP/1.0"]), Ok(sized(0)));
        assert_eq!(
            judged(&["GET http://a/b HTTP/1.1", "Host: a"]),
            Ok(sized(0))
        );
        assert_eq!(judged(&["OPTIONS * HTTP/1.1", "Host: a"]), Ok(sized(0)));
        let post = "POST /x HTTP/1.1";
        assert_eq!(
            judged(&[post, "Host: [::1]:80", "Content-Length: 12"]),
            Ok(sized(12))
        );
        assert_eq!(
            judged(&[post, "Host: a", "transfer-encoding:  Chunked "]).map(|f| f.body),
            Ok(BodyLength::Chunked)
        );
        for host in ["", "a_b.c-d~:65535", "10.0.0.1", "[2001:db8::1]", "a."] {
            let host = format!("Host: {host}");
            assert_eq!(judged(&["GET / HTTP/1.1", &host]), Ok(sized(0)), "{host}");
        }
        let websocket = ["GET / HTTP/1.1", "Host: a", "Upgrade: websocket"];
        assert!(judged(&websocket).expect("fine").upgrade);
    }

    #[test]
    fn what_two_servers_could_read_differently_is_refused() {
        let get = "GET / HTTP/1.1";
        let post = "POST / HTTP/1.1";
        let cases: &[&[&str]] = &[
            &[
                post,
                "Host: a",
                "Content-Length: 3",
                "Transfer-Encoding: chunked",
            ],
            &[
                post,
                "Host: a",
                "Transfer-Encoding: chunked",
                "Content-Length: 3",
            ],
            &[post, "Host: a", "Content-Length: 3", "Content-Length: 4"],
            &[post, "Host: a", "Content-Length: 3", "Content-Length: 3"],
            &[post, "Host: a", "Content-Length: 3, 3"],
            &[post, "Host: a", "Content-Length: +3"],
            &[post, "Host: a", "Content-Length: -1"],
            &[post, "Host: a", "Content-Length: 0x3"],
            &[post, "Host: a", "Content-Length:"],
            &[post, "Host: a", "Content-Length: 99999999999999999999"],
            &[post, "Host: a", "Transfer-Encoding: xchunked"],
            &[post, "Host: a", "Transfer-Encoding: gzip, chunked"],
            &[
                post,
                "Host: a",
                "Transfer-Encoding: chunked",
                "Transfer-Encoding: chunked",
            ],
            &[post, "Host: a", "Transfer-Encoding:\x0bchunked"],
            &[post, "Host: a", "Transfer-Encoding : chunked"],
            &[post, "Host: a", " Transfer-Encoding: chunked"],
            &[post, "Host: a", "X: y", "\tfolded"],
            &["POST / HTTP/1.0", "Transfer-Encoding: chunked"],
            &[get],
            &[get, "Host: a", "Host: a"],
            &[get, "Host: a, b"],
            &[get, "Host: a/b"],
            &[get, "Host: a", "X: a\nY: b"],
            &[get, "Host: a", "X: a\rY: b"],
            &[get, "Host: a", "X: a\0b"],
            &[get, "Host: a", "no colon"],
            &[get, "Host: a", ": no name"],
            &["GET  / HTTP/1.1", "Host: a"],
            &["GET / x HTTP/1.1", "Host: a"],
            &["GET /\t HTTP/1.1", "Host: a"],
            &["GET / HTTP/1.2", "Host: a"],
            &["GET / HTTP/2.0", "Host: a"],
            &["GET / http/1.1", "Host: a"],
            &["GET /", "Host: a"],
            &["G@T / HTTP/1.1", "Host: a"],
            &["CONNECT a:80 HTTP/1.1", "Host: a"],
            &["PRI * HTTP/2.0"],
            &[""],
        ];
        for case in cases {
            assert_eq!(judged(case), Err(Fault::Malformed), "{case:?}");
        }
    }

    #[test]
    fn a_host_that_is_none_is_refused_wherever_it_is_said() {
        for host in [
            "b:99999", "b:abc", "b:", ":80", "a:b:80", "::1", "a;b", "a%zz", "[zz]", "[::1",
            "[::1]x", "[::1]:x",
        ] {
            let named = format!("Host: {host}");
            let head = judged(&["GET / HTTP/1.1", &named]);
            assert_eq!(head, Err(Fault::Malformed), "{host}");
            let all = format!("GET http://{host}/ HTTP/1.1");
            let head = judged(&[&all, "Host: a"]);
            assert_eq!(head, Err(Fault::Malformed), "{all}");
        }
    }

    #[test]
    fn no_line_hides_behind_a_bare_lf_at_the_edge_of_a_value() {
        for hidden in [
            "X:\nTransfer-Encoding: chunked",
            "X: \nContent-Length: 40",
            "X: y\n",
            "X: y \r",
            "X:\x0cy",
        ] {
            let head = judged(&["POST / HTTP/1.1", "Host: a", hidden]);
            assert_eq!(head, Err(Fault::Malformed), "{hidden:?}");
        }
    }

    #[test]
    fn too_many_or_too_long_headers_are_too_large() {
        let mut lines = vec!["GET / HTTP/1.1", "Host: a"];
        lines.extend(std::iter::repeat_n("X: y", HEADERS - 1));
        assert!(judged(&lines).is_ok());
        lines.push("X: y");
        assert_eq!(judged(&lines), Err(Fault::TooLarge));
        let long = format!("X: {}", "y".repeat(HEAD_BYTES));
        assert_eq!(
            judged(&["GET / HTTP/1.1", "Host: a", &long]),
            Err(Fault::TooLarge)
        );
    }
}
