//! What may stand behind a body.

use hyper::HeaderMap;
use hyper::body::Frame;

/// Fields that say how a message is framed, where it goes, who asks, or what its body is: whoever reads them behind
/// it has acted already, and one who merges them into the head is misled (RFC 9110, 6.5.1).
const FORBIDDEN: [&str; 38] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "windlass-error",
    "windlass-mirror",
    "windlass-mirror-by",
    "www-authenticate",
    "x-request-id",
];

/// Takes out of trailers what may not stand there; a piece of a body stays as it is.
pub(crate) fn allowed<T>(frame: Frame<T>) -> Frame<T> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            cleanse(&mut trailers);
            Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }
}

fn cleanse(trailers: &mut HeaderMap) {
    // Read as variables, `_` and `-` are the same (RFC 3875, 4.1.18).
    let said: Vec<_> = trailers
        .keys()
        .filter(|name| {
            let plain = name.as_str().replace('_', "-");
            plain.starts_with("x-forwarded-") || FORBIDDEN.contains(&plain.as_str())
        })
        .cloned()
        .collect();
    for name in said {
        trailers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_passes_and_what_would_mean_something_in_a_head_does_not() {
        let mut trailers = HeaderMap::new();
        for name in [
            "grpc-status",
            "grpc-message",
            "etag",
            "server-timing",
            "digest",
        ] {
            trailers.insert(name, "1".parse().expect("a value"));
        }
        let allowed = trailers.clone();
        let others = [
            "x-forwarded-for",
            "x_forwarded_for",
            "content_length",
            "set_cookie",
        ];
        for name in FORBIDDEN.into_iter().chain(others) {
            trailers.append(name, "1".parse().expect("a value"));
            trailers.append(name, "2".parse().expect("a value"));
        }
        cleanse(&mut trailers);
        assert_eq!(trailers, allowed);
    }
}
