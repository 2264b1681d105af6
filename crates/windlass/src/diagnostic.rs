//! Why a command did not do what was asked, and what to do next.

use std::error::Error;

use windlass_api::{Exit, Problem};
use windlass_client::{ClientError, PathsError};

use crate::elsewhere;

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
}

impl Diagnostic {
    pub(crate) fn new(exit: Exit, summary: impl Into<String>) -> Self {
        Self {
            code: None,
            summary: summary.into(),
            detail: None,
            hint: None,
            exit,
        }
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
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A file or folder could not be used.
    pub(crate) fn io(what: impl Into<String>, why: &std::io::Error) -> Self {
        Self::new(Exit::Failed, what).detail(why.to_string())
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
        }
    }
}

impl From<PathsError> for Diagnostic {
    fn from(error: PathsError) -> Self {
        Self::from(ClientError::Paths(error))
    }
}

impl From<ClientError> for Diagnostic {
    fn from(error: ClientError) -> Self {
        let made = Self::new(error.exit(), error.to_string());
        let cause = error.source().map(chain);
        let made = match cause {
            Some(cause) => made.detail(cause),
            None => made,
        };
        match error {
            ClientError::Refused(problem) => Self::from(*problem),
            ClientError::Stopped { pid } => made.hint(format!("let it go on: kill -CONT {pid}")),
            ClientError::OtherVersion {
                theirs,
                their_api,
                our_api,
            } => made.hint(if their_api > our_api {
                format!("use the command of Windlass {theirs}")
            } else {
                "upgrade the controller: windlass serve --replace".to_owned()
            }),
            ClientError::EndedEarly { log, .. } if !log.is_empty() => {
                made.detail(format!("the end of its log:\n{log}"))
            }
            ClientError::Malformed { .. } => made.hint("this is a bug in Windlass"),
            ClientError::Silent { pid, .. } => match pid {
                Some(pid) => made.hint(format!("look at process {pid} and at controller.log")),
                None => made.hint("look at controller.log in the state directory"),
            },
            ClientError::Remote(remote) => made.hint(elsewhere::next(&remote)),
            ClientError::Paths(_)
            | ClientError::NotRunning
            | ClientError::EndedEarly { .. }
            | ClientError::Start { .. }
            | ClientError::Connect { .. }
            | ClientError::Broken { .. } => made,
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
    fn another_version_names_the_command_that_upgrades() {
        let said = Diagnostic::from(ClientError::OtherVersion {
            theirs: "0.0.9".to_owned(),
            their_api: 0,
            our_api: 1,
        });
        assert!(
            said.hint
                .is_some_and(|hint| hint.contains("serve --replace"))
        );
    }
}
