//! The two text forms in which Prometheus reads metrics: its own (0.0.4) and `OpenMetrics` (1.0.0).
//!
//! Written here because there is little to it, and the maintained library writes only the second one.

use std::fmt::{Display, Write as _};

use hyper::header::HeaderValue;

/// The form of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Prometheus,
    OpenMetrics,
}

impl Form {
    /// The one that whoever asks likes better; the older one if it is all the same.
    pub(crate) fn wanted(accept: Option<&HeaderValue>) -> Self {
        let accept = accept.and_then(|accept| accept.to_str().ok());
        let accept = accept.unwrap_or_default();
        let open = quality(accept, "application/openmetrics-text");
        let plain = quality(accept, "text/plain");
        if open > plain {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// How much a type is wanted, in thousandths; nothing if it is not named.
fn quality(accept: &str, wanted: &str) -> u32 {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next()?.eq_ignore_ascii_case(wanted);
        let q = parts.find_map(|part| part.strip_prefix("q="));
        named.then(|| q.map_or(1_000, thousandths))
    });
    ranges.max().unwrap_or(0)
}

/// A weight such as `0.5`; one that can't be read is nothing.
fn thousandths(q: &str) -> u32 {
    let (whole, part) = q.split_once('.').unwrap_or((q, ""));
    let part = format!("{part:0<3}");
    let digits = [whole, part.get(..3).unwrap_or("x")].concat();
    digits.parse().map_or(0, |q: u32| q.min(1_000))
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only grows; its samples end in `_total`.
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The labels of a sample, as they stand between its braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(String);

impl Labels {
    /// The same and one more, whatever is in its value.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut labels = self.0.clone();
        if !labels.is_empty() {
            labels.push(',');
        }
        labels.push_str(name);
        labels.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => labels.push_str("\\\\"),
                '"' => labels.push_str("\\\""),
                '\n' => labels.push_str("\\n"),
                c => labels.push(c),
            }
        }
        labels.push('"');
        Self(labels)
    }
}

/// A page that is being written: one family after the other, each with all of its samples.
pub(crate) struct Page {
    text: String,
    form: Form,
}

impl Page {
    pub(crate) fn new(form: Form) -> Self {
        let text = String::new();
        Self { text, form }
    }

    /// Begins a family. A counter is named without `_total`.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let total = match (self.form, kind) {
            (Form::Prometheus, Kind::Counter) => "_total",
            (Form::OpenMetrics, Kind::Counter) => "",
            (Form::Prometheus | Form::OpenMetrics, Kind::Gauge | Kind::Histogram) => "",
        };
        let word = kind.word();
        self.line(format_args!("# HELP {name}{total} {help}"));
        self.line(format_args!("# TYPE {name}{total} {word}"));
    }

    /// Adds a sample, by its whole name.
    pub(crate) fn sample(&mut self, name: &str, labels: &Labels, value: impl Display) {
        let Labels(labels) = labels;
        if labels.is_empty() {
            self.line(format_args!("{name} {value}"));
        } else {
            self.line(format_args!("{name}{{{labels}}} {value}"));
        }
    }

    /// The whole page.
    pub(crate) fn end(mut self) -> String {
        match self.form {
            Form::Prometheus => {}
            Form::OpenMetrics => self.line(format_args!("# EOF")),
        }
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("a text takes any line");
    }
}

/// Microseconds as seconds, to the last digit.
pub(crate) struct Seconds(pub(crate) u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, part) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let part = format!("{part:06}");
        let part = part.trim_end_matches('0');
        let part = if part.is_empty() { "0" } else { part };
        write!(f, "{whole}.{part}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_say_the_same_and_one_says_that_it_is_whole() {
        let page = |form| {
            let mut page = Page::new(form);
            page.family("requests", Kind::Counter, "Requests.");
            let labels = Labels::default().with("service", "web");
            page.sample("requests_total", &labels.with("code", "2xx"), 3);
            page.family("open", Kind::Gauge, "Open now.");
            page.sample("open", &Labels::default(), Seconds(1_500));
            page.end()
        };
        insta::assert_snapshot!(page(Form::Prometheus), @r#"
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{service="web",code="2xx"} 3
        # HELP open Open now.
        # TYPE open gauge
        open 0.0015
        "#);
        insta::assert_snapshot!(page(Form::OpenMetrics), @r#"
        # HELP requests Requests.
        # TYPE requests counter
        requests_total{service="web",code="2xx"} 3
        # HELP open Open now.
        # TYPE open gauge
        open 0.0015
        # EOF
        "#);
    }

    #[test]
    fn seconds_have_all_their_digits_and_a_point() {
        for (us, text) in [
            (0, "0.0"),
            (1, "0.000001"),
            (500, "0.0005"),
            (30_000_000, "30.0"),
            (1_000_001, "1.000001"),
        ] {
            assert_eq!(Seconds(us).to_string(), text);
        }
    }

    #[test]
    fn the_form_is_the_one_that_is_liked_better() {
        let wanted =
            |accept: &str| Form::wanted(Some(&HeaderValue::from_str(accept).expect("a value")));
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
                          application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!(wanted(prometheus), Form::OpenMetrics);
        assert_eq!(wanted("application/openmetrics-text"), Form::OpenMetrics);
        for accept in [
            "",
            "*/*",
            "text/html",
            "text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.4",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=x",
        ] {
            assert_eq!(wanted(accept), Form::Prometheus, "{accept}");
        }
        assert_eq!(Form::wanted(None), Form::Prometheus);
    }

    /// Reads one label's value back, as Prometheus does.
    fn read(labels: &str) -> Option<String> {
        let quoted = labels.strip_prefix("name=\"")?.strip_suffix('"')?;
        let mut value = String::new();
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            value.push(match c {
                '\\' => match chars.next()? {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _other => return None,
                },
                '"' | '\n' => return None,
                c => c,
            });
        }
        Some(value)
    }

    proptest! {
        #[test]
        fn any_value_stays_in_its_quotes(value in any::<String>()) {
            let Labels(labels) = Labels::default().with("name", &value);
            prop_assert_eq!(read(&labels), Some(value));
        }
    }
}
