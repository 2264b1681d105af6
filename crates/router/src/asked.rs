//! What is said of a request when something goes wrong: its name, and the form its client reads.

use std::cell::Cell;

use data_encoding::HEXLOWER;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::accept::Form;
use crate::limits::REQUEST_ID_BYTES;

/// Names a request, from whoever named it first.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names for requests of one data thread, never given twice.
pub(crate) struct Names {
    /// Begins every name; by chance, so that no other thread or router gives the same.
    thread: [u8; 16],
    given: Cell<u64>,
}

impl Names {
    pub(crate) fn new() -> Self {
        let (chance, _rest) = uuid::Uuid::new_v4().as_u64_pair();
        Self {
            thread: digits(chance),
            given: Cell::new(0),
        }
    }

    fn next(&self) -> HeaderValue {
        let number = self.given.get();
        self.given.set(number + 1);
        let mut name = [0; 32];
        let (first, second) = name.split_at_mut(16);
        first.copy_from_slice(&self.thread);
        second.copy_from_slice(&digits(number));
        // Digits are always a value; an empty one would only name nothing.
        HeaderValue::from_bytes(&name).unwrap_or_else(|_invalid| HeaderValue::from_static(""))
    }
}

fn digits(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    HEXLOWER.encode_mut(&number.to_be_bytes(), &mut digits);
    digits
}

/// What is kept of a request until it is answered.
pub(crate) struct Asked {
    pub(crate) id: HeaderValue,
    pub(crate) form: Form,
}

impl Asked {
    /// Takes the client's name for its request if it is one that can stand in any log, and gives it
    /// one otherwise; the request carries it from now on.
    pub(crate) fn of(headers: &mut HeaderMap, names: &Names) -> Self {
        let form = Form::liked(headers);
        if let Some(id) = headers.get(&REQUEST_ID)
            && is_name(id.as_bytes())
            && headers.get_all(&REQUEST_ID).iter().count() == 1
        {
            let id = id.clone();
            return Self { id, form };
        }
        let id = names.next();
        headers.insert(REQUEST_ID, id.clone());
        Self { id, form }
    }
}

fn is_name(id: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:+/=".contains(b);
    (1..=REQUEST_ID_BYTES).contains(&id.len()) && id.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> (Asked, HeaderMap) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        (Asked::of(&mut map, &Names::new()), map)
    }

    #[test]
    fn a_clients_name_is_kept_if_it_can_stand_in_any_log() {
        let (asked_for, sent) = asked(&[("x-request-id", "7f-a_b.c")]);
        assert_eq!(
            (asked_for.id, &sent[REQUEST_ID]),
            (
                "7f-a_b.c".parse().expect("a value"),
                &HeaderValue::from_static("7f-a_b.c")
            )
        );
        for bad in [
            &[("x-request-id", "a b")][..],
            &[("x-request-id", "")],
            &[("x-request-id", "\"a\"")],
            &[("x-request-id", "a"), ("x-request-id", "b")],
            &[],
        ] {
            let (asked_for, sent) = asked(bad);
            assert_eq!(asked_for.id.len(), 32, "{bad:?}");
            assert_eq!(
                sent.get_all(REQUEST_ID).iter().collect::<Vec<_>>(),
                [&asked_for.id]
            );
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let (one, other) = (Names::new(), Names::new());
        let names = [one.next(), one.next(), other.next()];
        assert!(names[0] != names[1] && names[0] != names[2]);
    }
}
