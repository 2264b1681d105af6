//! What a client reads, of what the router can say an error in: `Accept` (RFC 9110, 12.5.1).

use hyper::header::{ACCEPT, HeaderMap};

/// What a client reads an error in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Html,
    Json,
}

/// What may be sent; the first of those that are as good as each other.
const FORMS: [Form; 3] = [Form::Text, Form::Html, Form::Json];

/// The whole, in thousandths.
const WHOLE: u16 = 1_000;

/// How closely a range names a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    #[default]
    NotAtAll,
    /// `*/*`.
    Any,
    /// `text/*`, `application/*`.
    Kind,
    Itself,
}

/// What is said of one form so far.
#[derive(Clone, Copy, Default)]
struct Said {
    by: Closeness,
    weight: u16,
    /// How many ranges stood before the one that says it.
    place: usize,
}

impl Form {
    /// The one that a client likes best: of those it likes equally, the one that it names most closely, then the
    /// one that it names first. Text for one that takes anything, or nothing of this.
    pub(crate) fn liked(headers: &HeaderMap) -> Self {
        let mut said = [Said::default(); FORMS.len()];
        let lines = headers.get_all(ACCEPT).iter();
        let ranges = lines.flat_map(|line| line.as_bytes().split(|b| *b == b','));
        for (place, range) in ranges.enumerate() {
            let mut parts = range.split(|b| *b == b';').map(<[u8]>::trim_ascii);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(weight).unwrap_or(WHOLE);
            for (form, said) in FORMS.iter().zip(&mut said) {
                let by = form.named_by(name);
                // What names it more closely counts, whatever else is said; of several such, the best.
                let better = by > said.by || (by == said.by && weight > said.weight);
                if by > Closeness::NotAtAll && better {
                    *said = Said { by, weight, place };
                }
            }
        }
        let mut best = (Self::Text, Said::default());
        for (form, said) in FORMS.into_iter().zip(said) {
            let before = (best.1.weight, best.1.by);
            let sooner = (said.weight, said.by) == before && said.place < best.1.place;
            if said.weight > 0 && ((said.weight, said.by) > before || sooner) {
                best = (form, said);
            }
        }
        best.0
    }

    fn named_by(self, range: &[u8]) -> Closeness {
        if range == b"*/*" {
            return Closeness::Any;
        }
        let is = |name: &str| range.eq_ignore_ascii_case(name.as_bytes());
        let ends = |end: &str| {
            let start = range.len().saturating_sub(end.len());
            range
                .get(start..)
                .is_some_and(|last| last.eq_ignore_ascii_case(end.as_bytes()))
        };
        let (kind, itself) = match self {
            Self::Text => (is("text/*"), is("text/plain")),
            Self::Html => (is("text/*"), is("text/html") || is("application/xhtml+xml")),
            // All that is JSON by its name (RFC 6839, 3.1) can be read by who reads JSON.
            Self::Json => (is("application/*"), is("application/json") || ends("+json")),
        };
        match (kind, itself) {
            (_, true) => Closeness::Itself,
            (true, false) => Closeness::Kind,
            (false, false) => Closeness::NotAtAll,
        }
    }
}

/// `q=0.8`, in thousandths; none of any other parameter. One that can't be read is as good as none.
fn weight(parameter: &[u8]) -> Option<u16> {
    let (name, value) = parameter.split_at_checked(2)?;
    if !name.eq_ignore_ascii_case(b"q=") {
        return None;
    }
    let value = std::str::from_utf8(value).ok()?.trim();
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    if part.len() > 3 || ![whole, part].concat().bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let weight = format!("{whole}{part:0<3}").parse().ok()?;
    (weight <= WHOLE).then_some(weight)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn liked(lines: &[&'static str]) -> Form {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, HeaderValue::from_static(line));
        }
        Form::liked(&headers)
    }

    #[test]
    fn an_error_has_the_form_that_its_client_likes_best() {
        for (accept, form) in [
            ("*/*", Form::Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Form::Html),
            ("application/json", Form::Json),
            ("text/plain, application/json;q=0.5", Form::Text),
            ("text/html;q=0.5, application/json", Form::Json),
            (
                "text/html;q=0.2, application/json;q=0.9, */*;q=0.1",
                Form::Json,
            ),
            ("application/json, text/plain, */*", Form::Json),
            ("text/html, application/json", Form::Html),
            ("application/json, text/html", Form::Json),
            ("Application/JSON", Form::Json),
            ("TEXT/HTML ; Q=1.0", Form::Html),
            ("application/problem+json", Form::Json),
            ("application/vnd.api+json", Form::Json),
            ("application/*", Form::Json),
            ("text/*", Form::Text),
            ("text/*, text/plain;q=0.1", Form::Html),
            ("application/json;q=0, */*", Form::Text),
            ("text/plain;q=0, */*;q=0.5", Form::Html),
            (
                "text/html;level=1;q=0.3, application/json;q=0.4",
                Form::Json,
            ),
            ("image/png", Form::Text),
            ("image/png, application/json;q=0.5", Form::Json),
            ("*/*;q=0", Form::Text),
            ("application/json;q=1.5", Form::Json),
            ("json", Form::Text),
            ("", Form::Text),
        ] {
            assert_eq!(liked(&[accept]), form, "{accept:?}");
        }
        assert_eq!(liked(&[]), Form::Text);
    }

    #[test]
    fn several_lines_are_one_list() {
        assert_eq!(liked(&["text/html;q=0.5", "application/json"]), Form::Json);
        assert_eq!(liked(&["text/html", "application/json;q=0.5"]), Form::Html);
    }
}
