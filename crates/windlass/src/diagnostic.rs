//! Why a command did not do what was asked, and what to do next.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::Serialize;
use windlass_api::{Exit, Problem};
use windlass_client::{ClientError, PathsError, Unsafe};

use crate::elsewhere;
use crate::ui::quoted;

/// What failed, what was seen, what to do next, and the exit code that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// Stable code, where there is one.
    pub(crate) code: Option<String>,
    /// What failed, in one sentence.
    pub(crate) summary: String,
    /// What was seen: lines.
    pub(crate) detail: Option<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
    /// How the command ends.
    pub(crate) exit: Exit,
    /// What is wrong with a file, one by one; the detail draws the same.
    pub(crate) problems: Box<[InFile]>,
}

/// One problem of a file, for scripts and editors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct InFile {
    pub(crate) code: &'static str,
    pub(crate) file: String,
    /// From 1; none for what stands in no file.
    pub(crate) line: Option<u32>,
    /// In characters, from 1.
    pub(crate) column: Option<u32>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(exit: Exit, summary: impl Into<String>) -> Self {
        Self {
            // Each bug is another one, and all have one page.
            code: (exit == Exit::Bug).then(|| BUG.to_owned()),
            summary: summary.into(),
            detail: None,
            hint: None,
            exit,
            problems: Box::default(),
        }
    }

    /// A person was asked and did not say yes; `left`: what was not begun.
    pub(crate) fn said_no(left: &str) -> Self {
        let said = format!("{left}: what runs goes on, and so does its traffic");
        Self::new(Exit::Refused, said).code(SAID_NO)
    }

    /// Whether nothing is wrong: a person was asked, and it is as that person wants it.
    pub(crate) fn is_as_wanted(&self) -> bool {
        self.code.as_deref() == Some(SAID_NO)
    }

    #[must_use]
    pub(crate) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub(crate) fn problems(mut self, problems: Vec<InFile>) -> Self {
        self.problems = problems.into_boxed_slice();
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same for a command that would have moved something: where a refusal leaves what runs, unless
    /// it says so.
    #[must_use]
    pub(crate) fn unchanged(mut self) -> Self {
        let refused = match self.exit {
            Exit::Usage | Exit::Configuration | Exit::Refused => true,
            // A controller that was asked and is gone may have done it.
            Exit::Unreachable
            | Exit::Done
            | Exit::Failed
            | Exit::RolledBack
            | Exit::Waiting
            | Exit::Stuck
            | Exit::Bug
            | Exit::Detached => false,
        };
        let texts = [
            Some(&self.summary),
            self.detail.as_ref(),
            self.hint.as_ref(),
        ];
        let said = |text: &String| SAID.iter().any(|said| text.contains(said));
        let is_said = texts.into_iter().flatten().any(said);
        // Of words that can't be understood nobody expects anything.
        if refused && !is_said && self.code.as_deref() != Some(TYPED) {
            self = self.and(UNCHANGED);
        }
        self
    }

    /// The same with a line more of what was seen.
    #[must_use]
    pub(crate) fn and(mut self, line: impl AsRef<str>) -> Self {
        let seen = self.detail.take().unwrap_or_default();
        let lines = [seen.trim_end(), line.as_ref()];
        let lines = lines.into_iter().filter(|line| !line.is_empty());
        self.detail = Some(lines.collect::<Vec<_>>().join("\n"));
        self
    }

    /// A file or folder could not be used: another place will do, unless it failed in the midst of it.
    pub(crate) fn io(what: impl Into<String>, why: &io::Error) -> Self {
        let exit = match why.kind() {
            ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::InvalidFilename
            | ErrorKind::ReadOnlyFilesystem => Exit::Configuration,
            _ => Exit::Failed,
        };
        Self::new(exit, what).code(FILE).detail(why.to_string())
    }

    /// The state directory can't be used as it is.
    pub(crate) fn state(exit: Exit, what: impl Into<String>, why: &io::Error) -> Self {
        Self::new(exit, what)
            .code(STATE)
            .detail(why.to_string())
            .hint(instead_of(why.kind()))
    }

    /// Something that can't happen did.
    pub(crate) fn bug(why: &dyn Error) -> Self {
        Self::new(Exit::Bug, "a bug in Windlass").detail(chain(why))
    }
}

/// An error and its causes, from the outside in.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl From<Problem> for Diagnostic {
    fn from(problem: Problem) -> Self {
        Self {
            code: Some(problem.code.0),
            summary: problem.title,
            detail: problem.detail,
            hint: problem.hint,
            exit: problem.exit,
            problems: Box::default(),
        }
    }
}

/// Something that can't happen did.
const BUG: &str = "WL0419";

/// A file or folder can't be used.
const FILE: &str = "WL0440";

/// What was typed can't be understood, or does not go together.
pub(crate) const TYPED: &str = "WL0434";

/// A person was asked, and said no.
const SAID_NO: &str = "WL0435";

/// What would be written is there already.
pub(crate) const TAKEN: &str = "WL0437";

/// The state directory can't be used.
const STATE: &str = "WL0412";

/// The controller could not start.
pub(crate) const NO_START: &str = "WL0413";

/// The controller does not answer.
pub(crate) const SILENT: &str = "WL0414";

/// Client and controller are of different versions.
const OTHER_VERSION: &str = "WL0369";

/// What a refusal leaves.
const UNCHANGED: &str = "nothing was changed: what runs goes on, and so does its traffic";

/// How a message says what it leaves.
const SAID: [&str; 3] = ["nothing was ", "what runs goes on", "nothing is begun"];

/// Router and services need no controller.
const GOES_ON: &str = "what runs goes on without it, and so does its traffic";

/// What to do about a state directory that can't be used for this reason.
fn instead_of(why: ErrorKind) -> &'static str {
    match why {
        ErrorKind::PermissionDenied => {
            "run it as the user whose state this is, or name another folder with --state-dir DIR"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make room, or name a folder on another disk with --state-dir DIR"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file or a link to nothing is in its place: name another folder with --state-dir DIR"
        }
        _ => "name another folder with --state-dir DIR",
    }
}

impl From<PathsError> for Diagnostic {
    fn from(error: PathsError) -> Self {
        let said = Self::new(Exit::Configuration, error.to_string()).code(STATE);
        let said = match error.source() {
            Some(why) => said.detail(chain(why)),
            None => said,
        };
        match &error {
            PathsError::Nowhere | PathsError::Absolute { .. } => {
                said.hint("name a folder with --state-dir DIR")
            }
            PathsError::TooLong { .. } => {
                said.hint("set XDG_RUNTIME_DIR or TMPDIR to a folder with a shorter name")
            }
            PathsError::Make { source, .. } => said.hint(instead_of(source.kind())),
            PathsError::NotPrivate { path, why } => said.hint(make_private(path, *why)),
        }
    }
}

fn make_private(path: &Path, why: Unsafe) -> String {
    const ANOTHER: &str = "or name another folder with --state-dir DIR";
    match why {
        Unsafe::NoFolder => format!("move it away, {ANOTHER}"),
        Unsafe::Anothers(user) => format!("run it as user {user}, {ANOTHER}"),
        Unsafe::Open(_) => format!("chmod 700 {}, {ANOTHER}", quoted(&path.to_string_lossy())),
    }
}

impl From<ClientError> for Diagnostic {
    fn from(error: ClientError) -> Self {
        let made = Self::new(error.exit(), error.to_string());
        let made = match error.source() {
            Some(cause) => made.detail(format!("{}\n{GOES_ON}", chain(cause))),
            None => made.detail(GOES_ON),
        };
        match error {
            ClientError::Paths(why) => Self::from(why),
            ClientError::Refused(problem) => Self::from(*problem),
            ClientError::NotRunning => made
                .code(SILENT)
                .hint("other commands start one: windlass status"),
            ClientError::Stopped { pid } => made
                .code(SILENT)
                .hint(format!("let it go on: kill -CONT {pid}")),
            ClientError::OtherVersion {
                theirs,
                their_api,
                our_api,
            } => made.code(OTHER_VERSION).detail("nothing was changed").hint(
                if their_api > our_api {
                    format!("use the windlass that the controller is: Windlass {theirs}")
                } else {
                    "upgrade the controller: windlass serve --replace".to_owned()
                },
            ),
            ClientError::EndedEarly { log, .. } => {
                let made = made.code(NO_START).hint("look with: windlass doctor");
                // What it advised is advised here, for whoever typed this command.
                let log: Vec<&str> = log
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("hint: "))
                    .collect();
                if log.is_empty() {
                    return made;
                }
                let log = log.join("\n");
                made.detail(format!("the end of its log:\n{log}\n{GOES_ON}"))
            }
            ClientError::Start { .. } => made.code(NO_START).hint("look with: windlass doctor"),
            ClientError::Malformed { .. } => made.hint(
                "this is a bug in Windlass; look what became of it: windlass status, windlass list",
            ),
            ClientError::Silent { pid, .. } => made.code(SILENT).hint(match pid {
                Some(pid) => format!("look at process {pid}, and with: windlass doctor"),
                None => "look with: windlass doctor".to_owned(),
            }),
            ClientError::Connect { .. } => made.code(SILENT).hint("look with: windlass doctor"),
            ClientError::Broken { .. } => made
                .code(SILENT)
                .hint("look what became of it: windlass status, windlass list"),
            ClientError::Remote(remote) => made
                .code(elsewhere::code(&remote))
                .hint(elsewhere::next(&remote)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_controller_is_named_by_pid_and_ends_with_69() {
        let said = Diagnostic::from(ClientError::Stopped { pid: 4711 });
        assert_eq!(said.exit.code(), 69);
        assert!(said.summary.contains("4711"));
        assert_eq!(said.hint.as_deref(), Some("let it go on: kill -CONT 4711"));
    }

    #[test]
    fn a_refusal_keeps_its_code_hint_and_exit() {
        let problem = Problem::new(409, "WL0310", Exit::Refused, "held").hint("wait");
        let said = Diagnostic::from(ClientError::Refused(Box::new(problem)));
        assert_eq!(
            said,
            Diagnostic::new(Exit::Refused, "held")
                .code("WL0310")
                .hint("wait")
        );
    }

    #[test]
    fn a_refusal_says_once_what_it_leaves() {
        let detail = |said: Diagnostic| said.unchanged().detail;
        let new = |exit| Diagnostic::new(exit, "no");
        assert_eq!(detail(new(Exit::Usage)).as_deref(), Some(UNCHANGED));
        let seen = detail(new(Exit::Configuration).detail("seen\n"));
        assert_eq!(seen, Some(format!("seen\n{UNCHANGED}")));
        for said in [
            new(Exit::Refused).hint("nothing was changed; look"),
            new(Exit::Usage).code(TYPED),
            new(Exit::Stuck),
            new(Exit::Unreachable).code("WL0301"),
        ] {
            assert_eq!(detail(said.clone()), None, "{said:?}");
        }
        let silent = Diagnostic::from(ClientError::Stopped { pid: 1 });
        assert_eq!(detail(silent).as_deref(), Some(GOES_ON));
    }

    #[test]
    fn a_place_that_can_not_be_used_is_a_wrong_value_and_a_full_disk_a_failure() {
        for (kind, exit) in [
            (ErrorKind::NotFound, Exit::Configuration),
            (ErrorKind::PermissionDenied, Exit::Configuration),
            (ErrorKind::ReadOnlyFilesystem, Exit::Configuration),
            (ErrorKind::StorageFull, Exit::Failed),
            (ErrorKind::BrokenPipe, Exit::Failed),
        ] {
            assert_eq!(Diagnostic::io("x", &kind.into()).exit, exit, "{kind}");
        }
        let homeless = Diagnostic::from(ClientError::Paths(PathsError::Nowhere));
        assert_eq!(homeless.exit, Exit::Configuration);
    }

    #[test]
    fn of_two_versions_the_older_one_is_to_be_upgraded() {
        let hint = |their_api| {
            let said = Diagnostic::from(ClientError::OtherVersion {
                theirs: "0.0.9".to_owned(),
                their_api,
                our_api: 1,
            });
            said.hint.unwrap()
        };
        assert!(hint(0).contains("serve --replace"), "{}", hint(0));
        assert!(hint(2).contains("Windlass 0.0.9"), "{}", hint(2));
    }

    #[test]
    fn who_can_not_reach_the_controller_hears_that_what_runs_goes_on() {
        let said = Diagnostic::from(ClientError::EndedEarly {
            status: "exit status: 6".to_owned(),
            log: "error: the disk is full\n  hint: of another process".to_owned(),
        });
        assert_eq!(
            said.detail.as_deref(),
            Some(
                "the end of its log:\nerror: the disk is full\n\
                 what runs goes on without it, and so does its traffic"
            )
        );
        assert_eq!(said.hint.as_deref(), Some("look with: windlass doctor"));
    }
}
