//! `score`: categories, their checks, and what a value is worth.

use serde_json::{Value, json};
use windlass_model::{CheckName, Measure, Millis, NoData, ServiceName, Template};

use super::argv::Argv;
use super::choice::choose;
use super::collection::{Entries, MapOf};
use super::metric::MetricName;
use super::number::{Count, SomeTime};
use super::text::{HttpPath, ReportPath};
use crate::field::{At, Defs, Found, Keyed, Keys, Rule, Shape, Table, field};
use crate::limit::{MAX_CHECKS, MAX_REMEDY_CHARS, MAX_WEIGHT};
use crate::problem::{NUMBER, ODD_NUMBER, PATH, TOO_LONG};
use crate::reader::{Reader, listed, shown};
use crate::tree::{Core, Kind, Node, Scalar};

#[derive(Clone, Debug, Default)]
pub(crate) struct CategoryDraft {
    pub(crate) weight: Found<u16>,
    pub(crate) checks: Found<Entries<CheckName, CheckDraft>>,
}

/// One category of the score.
pub(crate) struct Category;

impl Keyed for Category {
    type Draft = CategoryDraft;
    const TABLE: Table<CategoryDraft> = Table {
        name: "category",
        noun: "a category of the score",
        fields: &[
            field!(CategoryDraft: weight as "weight", Count<1, MAX_WEIGHT>,
                "How much it counts beside the other categories.", default "1", examples &["30"]),
            field!(CategoryDraft: checks as "checks",
                MapOf<CheckName, Keys<Check>, 1, MAX_CHECKS>,
                "What is measured.")
            .required(),
        ],
        rules: &[],
        later: &[],
        elsewhere: (SOURCES, "to a check, below `checks`"),
        may_be_empty: false,
    };
}

#[derive(Clone, Debug, Default)]
pub(crate) struct CheckDraft {
    pub(crate) probe: Found<ServiceName>,
    pub(crate) path: Found<String>,
    pub(crate) metric: Found<String>,
    pub(crate) of: Found<ServiceName>,
    pub(crate) junit: Found<String>,
    pub(crate) playwright: Found<String>,
    pub(crate) lcov: Found<String>,
    pub(crate) cobertura: Found<String>,
    pub(crate) json: Found<String>,
    pub(crate) command: Found<Vec<At<Template>>>,
    pub(crate) value: Found<String>,
    pub(crate) good: Found<End>,
    pub(crate) bad: Found<End>,
    pub(crate) weight: Found<u16>,
    pub(crate) no_data: Found<NoData>,
    pub(crate) max_age: Found<Millis>,
    pub(crate) within: Found<Millis>,
    pub(crate) remedy: Found<String>,
}

/// One end of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    number: Measure,
    is_share: bool,
}

impl End {
    /// In per cent where a share is written: what most sources give.
    pub(crate) const fn number(self) -> Measure {
        self.number
    }

    /// As triggers compare with a metric: `5%` is 0.05.
    pub(crate) fn of_metric(self) -> Measure {
        if self.is_share {
            Measure::nearest(f64::from(self.number) / 100.0)
        } else {
            self.number
        }
    }
}

/// Where the value of a check can come from.
const SOURCES: &[&str] = &[
    "probe",
    "metric",
    "junit",
    "playwright",
    "lcov",
    "cobertura",
    "json",
    "command",
];

/// One check of a category.
pub(crate) struct Check;

impl Keyed for Check {
    type Draft = CheckDraft;
    const TABLE: Table<CheckDraft> = Table {
        name: "check",
        noun: "a check of the score",
        fields: &[
            field!(CheckDraft: probe as "probe", ServiceName,
                "A service: the share of its stable instances that answer its readiness question well."),
            field!(CheckDraft: path as "path", HttpPath,
                "Path of a GET that a `probe` asks, in the place of the readiness question.",
                examples &["/health/detailed"]),
            field!(CheckDraft: metric as "metric", MetricName,
                "A metric of the service `of`: its number for the release that is judged, else for the stable one."),
            field!(CheckDraft: of as "of", ServiceName,
                "The service that has the `metric`."),
            field!(CheckDraft: junit as "junit", ReportPath,
                "A JUnit XML: the share of tests that passed, in per cent.",
                examples &["target/junit.xml"]),
            field!(CheckDraft: playwright as "playwright", ReportPath,
                "The JSON of Playwright's reporter: the share of tests that passed, in per cent.",
                examples &["playwright.json"]),
            field!(CheckDraft: lcov as "lcov", ReportPath,
                "An LCOV file: the share of lines that were covered, in per cent.",
                examples &["coverage/lcov.info"]),
            field!(CheckDraft: cobertura as "cobertura", ReportPath,
                "A Cobertura XML: the share of lines that were covered, in per cent.",
                examples &["coverage.xml"]),
            field!(CheckDraft: json as "json", ReportPath,
                "Any JSON file: the figure at `value`.",
                examples &["lighthouse.json"]),
            field!(CheckDraft: command as "command", Argv,
                "Program and arguments, run in the file's folder: worth 100 if it ends with 0, else nothing; with `value`, the figure in the JSON that it prints.",
                examples &["./check-links", "[./check-links, --all]"]),
            field!(CheckDraft: value as "value", Pointer,
                "A JSON pointer to the figure of `json` or `command`.",
                examples &["/categories/performance/score"]),
            field!(CheckDraft: good as "good", Figure,
                "The value that is worth 100. Without it: 100% of a share.",
                examples &["80%", "0.9"]),
            field!(CheckDraft: bad as "bad", Figure,
                "The value that is worth nothing; what lies between is worth its part. Without it: 0% of a share.",
                examples &["40%", "0.5"]),
            field!(CheckDraft: weight as "weight", Count<1, MAX_WEIGHT>,
                "How much it counts beside the other checks of its category.", default "1"),
            field!(CheckDraft: no_data as "no_data", NoData,
                "What follows where it can't be measured: the score is not known (`hold`), it counts as 0 (`zero`), or the others count in its place (`skip`).", default "hold"),
            field!(CheckDraft: max_age as "max_age", SomeTime,
                "A file that is older is no data.", default "1d", examples &["1d", "2h"]),
            field!(CheckDraft: within as "within", SomeTime,
                "How long measuring it may take.", default "30s"),
            field!(CheckDraft: remedy as "remedy", Remedy,
                "What gives the points back, for whoever reads the score.",
                examples &["\"run make test\""]),
        ],
        rules: &[Rule::OnlyOne(
            SOURCES,
            "a check has one source: make another check of it",
        )],
        later: &[],
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

const NO_DATA: [(&str, NoData); 3] = [
    ("hold", NoData::Hold),
    ("zero", NoData::Zero),
    ("skip", NoData::Skip),
];

impl Shape for NoData {
    type Value = Self;

    fn wanted() -> String {
        listed(NO_DATA.map(|(name, _)| name), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": NO_DATA.map(|(name, _)| name) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &NO_DATA, reader)
    }
}

/// One end of a scale: `80`, `80%` or `0.5`. With and without `%` it is the same number, but for a metric.
pub(crate) struct Figure;

impl Shape for Figure {
    type Value = End;

    fn wanted() -> String {
        "a number, such as 80% or 0.5".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let most = Measure::LARGEST;
        json!({ "anyOf": [
            { "type": "number", "minimum": -most, "maximum": most },
            { "type": "string", "pattern": "^-?[0-9]{1,9}(\\.[0-9]{1,20})?%$" },
        ] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<End> {
        let Kind::Scalar(scalar) = &node.kind else {
            reader.wrong_kind(node, &Self::wanted());
            return None;
        };
        if scalar.core() == Core::Null {
            reader.wrong_kind(node, &Self::wanted());
            return None;
        }
        if let Some(value) = figure(scalar) {
            return Some(value);
        }
        let shown = shown(&scalar.text);
        match scalar.number() {
            Some(meant) if Measure::try_from(meant).is_ok() => {
                let message = "not every reader takes this for the same number";
                reader.refuse_for(ODD_NUMBER, node.span, message, format!("write {meant}"));
            }
            Some(_) | None => {
                let message = format!("expected {}, found `{shown}`", Self::wanted());
                let bare = scalar.core() == Core::Text && scalar.text.parse::<f64>().is_ok();
                if bare {
                    let hint = format!("write it without quotes: {shown}");
                    reader.refuse_for(NUMBER, node.span, message, hint);
                } else {
                    reader.refuse(NUMBER, node.span, message);
                }
            }
        }
        None
    }
}

/// A number with plain digits, as it is written; as a text only with `%`.
fn figure(scalar: &Scalar) -> Option<End> {
    let digits = match scalar.core() {
        Core::Integer | Core::Number => scalar.text.as_str(),
        Core::Text => scalar.text.strip_suffix('%')?,
        Core::Null | Core::Bool(_) => return None,
    };
    let (whole, part) = match digits.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (digits, None),
    };
    let all = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let octal = scalar.core() == Core::Integer && whole.len() > 1 && whole.starts_with('0');
    let plain = all(whole, 10) && part.is_none_or(|part| all(part, 20)) && !octal;
    let value = digits.parse::<f64>().ok().filter(|_| plain)?;
    Some(End {
        number: Measure::try_from(value).ok()?,
        is_share: scalar.core() == Core::Text,
    })
}

/// A JSON pointer.
pub(crate) struct Pointer;

impl Shape for Pointer {
    type Value = String;

    fn wanted() -> String {
        "a JSON pointer, such as /categories/performance/score".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^(/([^~/]|~[01])*)*$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        let mut escapes = text.split('~').skip(1);
        let fine = text.is_empty() || text.starts_with('/');
        if fine && escapes.all(|after| after.starts_with(['0', '1'])) {
            return Some(text.to_owned());
        }
        let message = format!("`{}` is no JSON pointer", shown(text));
        let hint = "it starts with / and names key after key, as in /totals/0/lines; \
                    in a key ~1 stands for / and ~0 for ~";
        reader.refuse_for(PATH, node.span, message, hint);
        None
    }
}

/// One line for people.
pub(crate) struct Remedy;

impl Shape for Remedy {
    type Value = String;

    fn wanted() -> String {
        "a line for people".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, &Self::wanted())?;
        if let Kind::Scalar(scalar) = &node.kind {
            reader.warn_of_comment(node, scalar);
        }
        let text = text.trim();
        let count = text.chars().count();
        if text.chars().any(char::is_control) || !(1..=MAX_REMEDY_CHARS).contains(&count) {
            let message = format!("a remedy is one line of 1 to {MAX_REMEDY_CHARS} characters");
            reader.refuse(TOO_LONG, node.span, message);
            return None;
        }
        Some(text.to_owned())
    }
}
