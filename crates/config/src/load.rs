//! What a person typed, into a specification or every problem at once.

use std::collections::BTreeMap;
use std::fmt;

use windlass_model::{EnvironmentName, OWN_NAMES, ServiceName, Spec, nearest};

use crate::assemble;
use crate::check::{check_metrics, every_environment, score};
use crate::decode::{FileDraft, WindlassFile, version_problem};
use crate::environment::{View, views};
use crate::field::{Keys, Shape};
use crate::format::Format;
use crate::parse::{line_at, parse};
use crate::problem::{
    CODES, EMPTY_VALUE, NOT_HERE, Problem, SET_TWICE, SET_UNKNOWN_SERVICE, SET_VERSION, SeenBy,
    TLS_FILES, UNKNOWN_ENVIRONMENT, UNSET_NAME, WHICH_ENVIRONMENT,
};
use crate::reader::{Reader, comment_after, listed, shown};
use crate::render::render_all;
use crate::tree::Span;

/// A file, and what was typed beside it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The whole text of the file.
    pub text: &'a str,
    /// The file's name, for messages; its ending says the [`Format`].
    pub name: &'a str,
    /// `-e`.
    pub environment: Option<&'a str>,
    /// `--set SERVICE=VERSION`, taken apart.
    pub set: &'a [(String, String)],
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The application in the environment asked for, decoded and checked.
    pub spec: Spec,
    /// Names in `run` and `env` that must come from the environment of whoever deploys, each with
    /// the first place it is used at. [`unset`] says that one has no value.
    pub foreign_names: BTreeMap<String, Span>,
    /// Where each service that speaks TLS names its files. [`unusable`] says that one can't be used.
    pub certificates: BTreeMap<ServiceName, CertificateAt>,
    /// Where each service names its program. [`not_here`] says that it can't be found.
    pub programs: BTreeMap<ServiceName, Span>,
    /// Every environment of the file, in its order.
    pub environments: Vec<EnvironmentName>,
    /// What may not be meant as it is written, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Where a service names the files of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateAt {
    /// A certificate and its key.
    Files {
        /// The certificate.
        certificate: Span,
        /// The key.
        key: Span,
    },
    /// Whom to trust when certificates are ordered.
    Ca(Span),
}

/// Nothing came out. Display is every problem on a line of its own, without the file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose fault it is.
    pub kind: RefusedKind,
    /// In the order of the file; never empty.
    pub problems: Vec<Problem>,
    /// What may not be meant as it is written, where nothing is wrong with the file itself.
    pub warnings: Vec<Problem>,
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedKind {
    /// The file's: exit code 65.
    Configuration,
    /// That of what was typed beside it: exit code 64.
    Usage,
}

impl Refused {
    /// Every problem as plain text with the lines it is about; `request` is the one refused.
    pub fn render(&self, request: &Request<'_>) -> String {
        render_all(&self.problems, request.name, request.text)
    }

    /// Whether nothing is wrong but that nobody said which of the file's environments is meant.
    pub fn lacks_an_environment(&self) -> bool {
        self.problems
            .iter()
            .all(|problem| problem.code == WHICH_ENVIRONMENT)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{} [{}]", problem.message, problem.code)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// Reads a file for one of its environments.
///
/// The whole file is read and checked, whichever environment is asked for; only when nothing is
/// wrong with it is what was typed beside it looked at.
///
/// # Errors
/// Every problem at once; one that makes the rest unreadable, such as a syntax error, alone.
pub fn load(request: &Request<'_>) -> Result<Loaded, Refused> {
    let format = Format::of(request.name);
    let parsed = parse(request.text, format)
        .map_err(|problem| refused(RefusedKind::Configuration, vec![problem]))?;
    let mut reader = Reader::new(request.text, format);
    reader.problems = parsed.problems;
    reader.warnings = parsed.warnings;
    let file = Keys::<WindlassFile>::decode(&parsed.root, &mut reader).unwrap_or_default();
    let views = views(&parsed.root, &file, &mut reader);
    every_environment(&views, &mut reader);
    for view in &views {
        check_metrics(assemble::metrics_at(&file, &view.name), view, &mut reader);
    }
    score::check(&file, &views, &mut reader);
    let Some(app) = file.app.good().filter(|_| reader.problems.is_empty()) else {
        return Err(misread(request.text, format, reader.problems));
    };
    let mut misused = Vec::new();
    let view = choose(&views, request.environment, &mut misused);
    let versions = versions(&file, request.set, &mut misused);
    match view {
        Some(view) if misused.is_empty() => Ok(Loaded {
            spec: assemble::spec(app, &file, view, &versions),
            foreign_names: assemble::foreign_names(&file, view, &reader),
            certificates: assemble::certificates(view),
            programs: assemble::programs(view),
            environments: views.iter().map(|view| view.name.clone()).collect(),
            warnings: in_order(reader.warnings),
        }),
        Some(_) | None => Err(Refused {
            warnings: in_order(reader.warnings),
            ..refused(RefusedKind::Usage, misused)
        }),
    }
}

/// Says that the file has each of these environments, and nobody has chosen one.
pub fn which_environment<'n>(names: impl IntoIterator<Item = &'n str>) -> Problem {
    let hint = format!("choose one with -e: {}", listed(names, "or"));
    Problem::nowhere(WHICH_ENVIRONMENT, "the file has several environments").hint(hint)
}

/// Says that the name used at `span` has no value in the environment of whoever deploys.
pub fn unset(name: &str, span: Span) -> Problem {
    // A longer name that only contains one of them is another name.
    let near = nearest(name, OWN_NAMES).filter(|own| name.len().abs_diff(own.len()) <= 1);
    let near = near.map_or_else(String::new, |own| format!("did you mean ${{{own}}}? Else "));
    let hint = format!("{near}set {name}, or write $${{{name}}} for the text itself");
    Problem::at(UNSET_NAME, span, format!("`{name}` is not set")).hint(hint)
}

/// Says that the file named at `span` can't be used for TLS.
pub fn unusable(span: Span, why: impl Into<String>) -> Problem {
    Problem::at(TLS_FILES, span, why)
        .hint("name PEM files that the controller may read: a certificate and its own key, or whom to trust")
}

/// Says that what `service` consists of can't be found from here. The machine that runs it may be another one.
pub fn not_here(service: &ServiceName, span: Span, why: &str) -> Problem {
    Problem::at(NOT_HERE, span, format!("{service}: {why}"))
        .hint("a deployment from this machine would be refused: mend it, unless it is there on the one that deploys")
}

/// What is wrong with a file, with the traps of its format named.
pub(crate) fn misread(text: &str, format: Format, problems: Vec<Problem>) -> Refused {
    let problems = match format {
        Format::Yaml => traps(text, problems),
        Format::Toml | Format::Json => problems,
    };
    refused(RefusedKind::Configuration, problems)
}

pub(crate) fn refused(kind: RefusedKind, problems: Vec<Problem>) -> Refused {
    Refused {
        kind,
        problems: in_order(problems),
        warnings: Vec::new(),
    }
}

/// In the order of the file, each once: an alias repeats what is wrong with its anchor.
pub(crate) fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort();
    problems.dedup();
    problems
}

/// Where a value of the wrong form is followed by a comment, the comment may be its lost end; where
/// one is missing, `&` may have made a name of it.
fn traps(text: &str, mut problems: Vec<Problem>) -> Vec<Problem> {
    let of_values = |code: &str| {
        let row = CODES.iter().find(|row| row.code == code);
        row.is_some_and(|row| row.seen_by == SeenBy::Schema || row.seen_by == SeenBy::Check)
    };
    for problem in &mut problems {
        let Some(span) = problem.span.filter(|_| of_values(problem.code)) else {
            continue;
        };
        let named = problem.code == EMPTY_VALUE && line_at(text, span.offset).contains('&');
        if named || comment_after(text, span) {
            let trap = if named {
                "quote a text that starts with `&`"
            } else {
                "` #` starts a comment: quote the value if that belongs to it"
            };
            problem.hint = Some(match problem.hint.take() {
                Some(hint) => format!("{hint}; {trap}"),
                None => trap.to_owned(),
            });
        }
    }
    problems
}

fn choose<'v>(
    views: &'v [View],
    wanted: Option<&str>,
    misused: &mut Vec<Problem>,
) -> Option<&'v View> {
    let names = || views.iter().map(|view| view.name.as_str());
    match (wanted, views) {
        (None, [only]) => Some(only),
        (None, _) => {
            misused.push(which_environment(names()));
            None
        }
        (Some(wanted), _) => {
            let found = views.iter().find(|view| view.name.as_str() == wanted);
            if found.is_none() {
                let message = format!("there is no environment `{}`", shown(wanted));
                let hint = match nearest(wanted, names()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the file has {}", listed(names(), "and")),
                };
                misused.push(Problem::nowhere(UNKNOWN_ENVIRONMENT, message).hint(hint));
            }
            found
        }
    }
}

fn versions(
    file: &FileDraft,
    set: &[(String, String)],
    misused: &mut Vec<Problem>,
) -> BTreeMap<ServiceName, String> {
    let services = file.services.good().map(Vec::as_slice).unwrap_or_default();
    let mut versions = BTreeMap::new();
    for (name, version) in set {
        let found = services
            .iter()
            .find(|(service, _)| service.value.as_str() == name);
        let Some((service, _)) = found else {
            let names = || services.iter().map(|(service, _)| service.value.as_str());
            let problem = Problem::nowhere(
                SET_UNKNOWN_SERVICE,
                format!("--set: there is no service `{}`", shown(name)),
            );
            misused.push(match nearest(name, names()) {
                Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
                None => problem.hint(format!("the file has {}", listed(names(), "and"))),
            });
            continue;
        };
        if let Some(problem) = version_problem(version) {
            misused.push(Problem::nowhere(
                SET_VERSION,
                format!("--set {name}: {problem}"),
            ));
        } else if versions
            .insert(service.value.clone(), version.clone())
            .is_some()
        {
            misused.push(Problem::nowhere(
                SET_TWICE,
                format!("--set names `{name}` twice"),
            ));
        }
    }
    versions
}
