//! Which slot a request goes to where it is not simply whose turn it is.

use data_encoding::HEXLOWER;
use hyper::Method;
use hyper::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use windlass_model::{Fits, ServiceKey, SlotId, Sticky, Token, Traffic};

use crate::cohort::{Cohorts, Number};

/// What the names of the cookies begin with that carry a visitor's number. It is one of a hundred, so it names
/// nobody. The rest of the name is the service's: of several on one host none takes another's away.
const COHORT: &str = "windlass-cohort-";
/// The same from an answer of the candidate. It counts more than the other one: of requests that a new visitor
/// sends side by side each is told a number, and whichever answer comes last, who saw the candidate keeps it.
const CANDIDATE: &str = "windlass-candidate-";
/// How long it is kept after it was set, in seconds: 30 days.
const COOKIE_AGE: u32 = 30 * 24 * 60 * 60;

/// What a request says that can decide where it goes.
#[derive(Clone, Copy)]
pub(crate) struct Says<'r> {
    pub(crate) method: &'r Method,
    pub(crate) headers: &'r HeaderMap,
}

/// A slot's place in its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) index: usize,
    /// A new visitor's number, to be told.
    pub(crate) new: Option<Number>,
}

impl Chosen {
    pub(crate) fn plain(index: usize) -> Self {
        Self { index, new: None }
    }
}

/// What decides while several slots share the traffic of a service.
#[derive(Debug)]
pub(crate) struct Choice {
    candidate: usize,
    fits: Vec<Kind>,
    sticky: Option<(By, Cohorts)>,
}

/// The names of a service's cookies.
#[derive(Debug)]
struct Names {
    candidate: String,
    others: String,
}

#[derive(Debug)]
enum By {
    Cookie(Names),
    Header(HeaderName),
}

/// A kind of request.
#[derive(Debug)]
struct Kind {
    methods: Vec<Method>,
    headers: Vec<(HeaderName, Wanted)>,
    cookies: Vec<(Token, Wanted)>,
}

#[derive(Debug)]
enum Wanted {
    Any,
    Exactly(String),
}

impl Choice {
    /// None where nothing is to be chosen: one slot has everything, or nothing is said but the shares.
    pub(crate) fn new(
        service: &ServiceKey,
        traffic: &Traffic,
        slots: &[(SlotId, u8)],
    ) -> Option<Self> {
        let has_share = |(_, weight): &(SlotId, u8)| *weight > 0;
        let shares = slots.iter().filter(|slot| has_share(slot)).count() > 1;
        let says = traffic.sticky.is_some() || !traffic.candidate_for.is_empty();
        let candidate = slots.iter().rposition(has_share)?;
        let by = traffic.sticky.as_ref().map(|sticky| match sticky {
            Sticky::Cookie => By::Cookie(Names::of(service)),
            Sticky::Header(name) => By::Header(header(name)),
        });
        (shares && says).then(|| Self {
            candidate,
            fits: traffic.candidate_for.iter().map(Kind::new).collect(),
            sticky: by.map(|by| (by, Cohorts::new(slots))),
        })
    }

    /// The slot of a request. `turn` takes the next turn of those whom nothing tells apart; none: it is
    /// the turn that decides.
    pub(crate) fn of(&self, says: Says<'_>, turn: impl FnOnce() -> u64) -> Option<Chosen> {
        if self.fits.iter().any(|kind| kind.is(says)) {
            return Some(Chosen::plain(self.candidate));
        }
        let (by, cohorts) = self.sticky.as_ref()?;
        let known = match by {
            By::Cookie(names) => names.number(says.headers),
            By::Header(name) => {
                let value = says.headers.get(name);
                value.map(|value| Number::of_name(value.as_bytes()))
            }
        };
        if let Some(number) = known {
            return cohorts.slot(number).map(Chosen::plain);
        }
        let number = Number::in_turn(turn());
        let new = matches!(by, By::Cookie(_)).then_some(number);
        let index = cohorts.slot(number)?;
        Some(Chosen { index, new })
    }
}

impl Choice {
    /// The cookie that tells a visitor its number, in an answer of the slot at `index`. `secure`: only over TLS from
    /// now on.
    pub(crate) fn cookie(&self, number: Number, index: usize, secure: bool) -> Option<HeaderValue> {
        let Some((By::Cookie(names), _)) = &self.sticky else {
            return None;
        };
        let name = if index == self.candidate {
            &names.candidate
        } else {
            &names.others
        };
        let secure = if secure { "; Secure" } else { "" };
        let text = format!(
            "{name}={:02}; Path=/; Max-Age={COOKIE_AGE}; HttpOnly; SameSite=Lax{secure}",
            number.get()
        );
        Some(HeaderValue::try_from(text).expect("letters and digits are a value"))
    }
}

impl Names {
    fn of(service: &ServiceKey) -> Self {
        // What a service is called inside is nobody's business.
        let digest = Sha256::digest(service.to_string());
        let rest = HEXLOWER.encode(digest.get(..4).unwrap_or_default());
        Self {
            candidate: format!("{CANDIDATE}{rest}"),
            others: format!("{COHORT}{rest}"),
        }
    }

    /// The number that a visitor brings.
    fn number(&self, headers: &HeaderMap) -> Option<Number> {
        let number = |name| cookies(headers, name).find_map(Number::parse);
        number(&self.candidate).or_else(|| number(&self.others))
    }
}

fn header(name: &Token) -> HeaderName {
    HeaderName::from_bytes(name.as_str().as_bytes()).expect("every token names a header")
}

impl Kind {
    fn new(fits: &Fits) -> Self {
        let methods = fits.methods.iter();
        let method = |name: &Token| {
            Method::from_bytes(name.as_str().as_bytes()).expect("every token is a method")
        };
        let headers = fits.headers.iter();
        let cookies = fits.cookies.iter();
        Self {
            methods: methods.map(method).collect(),
            headers: headers
                .map(|(name, value)| (header(name), Wanted::new(value)))
                .collect(),
            cookies: cookies
                .map(|(name, value)| (name.clone(), Wanted::new(value)))
                .collect(),
        }
    }

    fn is(&self, says: Says<'_>) -> bool {
        let by_method = self.methods.is_empty() || self.methods.contains(says.method);
        let has_header = |(name, wanted): &(HeaderName, Wanted)| {
            let mut values = says.headers.get_all(name).iter();
            values.any(|value| wanted.is(value.as_bytes()))
        };
        let has_cookie = |(name, wanted): &(Token, Wanted)| {
            cookies(says.headers, name.as_str()).any(|value| wanted.is(value))
        };
        by_method && self.headers.iter().all(has_header) && self.cookies.iter().all(has_cookie)
    }
}

impl Wanted {
    fn new(value: &str) -> Self {
        if value == Fits::ANY {
            Self::Any
        } else {
            Self::Exactly(value.to_owned())
        }
    }

    fn is(&self, value: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => wanted.as_bytes() == value,
        }
    }
}

/// The values of the cookies of this name.
fn cookies<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    let crumbs = headers.get_all(COOKIE).into_iter();
    let crumbs = crumbs.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    crumbs.filter_map(move |crumb| {
        let value = crumb.trim_ascii().strip_prefix(name.as_bytes())?;
        value.strip_prefix(b"=")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn token(text: &str) -> Token {
        Token::new(text).expect("a token")
    }

    fn kind(headers: &[(&str, &str)], cookies: &[(&str, &str)], methods: &[&str]) -> Kind {
        let named = |all: &[(&str, &str)]| -> BTreeMap<Token, String> {
            let all = all.iter();
            all.map(|(name, value)| (token(name), (*value).to_owned()))
                .collect()
        };
        Kind::new(&Fits {
            methods: methods.iter().map(|name| token(name)).collect(),
            headers: named(headers),
            cookies: named(cookies),
        })
    }

    fn is(kind: &Kind, method: &Method, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let headers = &map;
        kind.is(Says { method, headers })
    }

    #[test]
    fn all_that_an_entry_names_must_be_so() {
        let kind = kind(
            &[("X-Canary", "yes"), ("x-any", "*")],
            &[("beta", "1")],
            &["GET"],
        );
        let whole = [
            ("x-canary", "yes"),
            ("x-any", ""),
            ("cookie", "a=2; beta=1"),
        ];
        assert!(is(&kind, &Method::GET, &whole));
        assert!(!is(&kind, &Method::POST, &whole));
        for left_out in 0..whole.len() {
            let mut less = whole.to_vec();
            less.remove(left_out);
            assert!(!is(&kind, &Method::GET, &less), "{less:?}");
        }
        let other = [("x-canary", "YES"), ("x-any", ""), ("cookie", "beta=1")];
        assert!(
            !is(&kind, &Method::GET, &other),
            "values are compared as they are"
        );
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let kind = kind(&[], &[("beta", "on")], &[]);
        for fine in [
            "beta=on",
            "a=1;beta=on",
            "a=1; beta=on ;c",
            "beta=off; beta=on",
        ] {
            assert!(is(&kind, &Method::GET, &[("cookie", fine)]), "{fine}");
        }
        for other in [
            "xbeta=on",
            "beta",
            "beta =on",
            "beta=on1",
            "Beta=on",
            "a=beta=on",
            "",
        ] {
            assert!(!is(&kind, &Method::GET, &[("cookie", other)]), "{other}");
        }
        let two = [("cookie", "a=1"), ("cookie", "beta=on")];
        assert!(is(&kind, &Method::GET, &two), "crumbs of HTTP/2");
    }

    #[test]
    fn every_token_is_a_header_a_cookie_and_a_method() {
        let odd = "a!#$%&'*+-.^_`|~Z09";
        let kind = kind(&[(odd, "*")], &[(odd, "*")], &[odd]);
        assert_eq!((kind.headers.len(), kind.methods.len()), (1, 1));
    }

    #[test]
    fn nothing_is_chosen_where_one_slot_has_everything() {
        let sticky = Traffic {
            sticky: Some(Sticky::Cookie),
            ..Traffic::default()
        };
        let slots = |one, other| [(SlotId(1), one), (SlotId(2), other)];
        let service = "shop/default/web".to_owned().try_into().expect("a key");
        let new = |traffic, slots: [_; 2]| Choice::new(&service, traffic, &slots);
        assert!(new(&sticky, slots(95, 5)).is_some());
        for whole in [slots(100, 0), slots(0, 100), slots(0, 0)] {
            assert!(new(&sticky, whole).is_none());
        }
        assert!(new(&Traffic::default(), slots(95, 5)).is_none());
    }
}
