//! Names that are one of the router's own to whoever reads them as variables.
//!
//! CGI, and what came after it (WSGI, PHP, Rack), makes one variable of `X-Forwarded-For` and of
//! `X_Forwarded_For` (RFC 3875, 4.1.18): what a client says by the second would stand in the place of, or
//! beside, what the router says by the first.

use hyper::header::HeaderMap;

/// What the router sets itself, trusts, or takes out, beside what begins as [`SAID`] does. Names without a
/// hyphen have no second spelling.
const OWN: [&str; 8] = [
    "x-request-id",
    "windlass-mirror",
    "windlass-mirror-by",
    "transfer-encoding",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "http2-settings",
];

/// What begins the name of each header that says where a request was before.
const SAID: &str = "x-forwarded-";

/// Whether a name, in lower case, is another spelling of one of them.
fn is_disguised(name: &str) -> bool {
    if !name.contains('_') {
        return false;
    }
    let plain = name.replace('_', "-");
    plain.starts_with(SAID) || OWN.contains(&plain.as_str())
}

/// Drops every header with such a name, whoever sent it: no proxy writes so.
pub(crate) fn drop_disguised(headers: &mut HeaderMap) {
    let all = headers.keys().filter(|name| is_disguised(name.as_str()));
    for name in all.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_spelling_is_known_and_no_other_name() {
        for name in [
            "x_forwarded_for",
            "x-forwarded_for",
            "x_forwarded-proto",
            "x_forwarded_anything",
            "x_request_id",
            "x-request_id",
            "windlass_mirror",
            "transfer_encoding",
            "content_length",
        ] {
            assert!(is_disguised(name), "{name}");
        }
        for name in [
            "x-forwarded-for",
            "x_forwarded",
            "x_user",
            "session_id",
            "_",
        ] {
            assert!(!is_disguised(name), "{name}");
        }
    }
}
