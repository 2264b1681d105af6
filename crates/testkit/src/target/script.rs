//! What instances of an artefact do.

use windlass_model::{CommandState, InstanceEnd, Millis};

/// What every instance of one artefact does. Times count from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What becomes of being started.
    pub start: StartScript,
    /// How long starting takes.
    pub starts_after: Millis,
    /// When its socket listens.
    pub listens_after: Millis,
    /// When it answers its probes well; none: never.
    pub ready_after: Option<Millis>,
    /// When it stops answering well.
    pub unready: Option<Unready>,
    /// When it ends by itself, once: started again, it stays.
    pub ends: Option<End>,
    /// What its `status` says, if it is a command.
    pub status: CommandState,
    /// How long its `status` takes.
    pub status_takes: Millis,
    /// How often its `status` says nothing clear before.
    pub unclear_first: u32,
    /// How long it goes on after its stop signal; KILL comes when its stop time is over.
    pub ignores_stop_for: Millis,
}

/// What becomes of being started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartScript {
    /// It starts.
    Starts,
    /// Its address is taken so many times.
    AddressTaken(u8),
    /// It starts, but so many answers are lost: time-outs after the effect.
    AnswerLost(u8),
    /// The program can't be started.
    Rejected,
}

/// A time of bad answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unready {
    /// When it begins.
    pub after: Millis,
    /// How long it lasts; none: for good.
    pub lasts: Option<Millis>,
}

/// An end of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub after: Millis,
    /// How.
    pub end: InstanceEnd,
}

impl Default for Script {
    /// A good release: listens after 50 ms, is ready after 100 ms, ends at once when asked to.
    fn default() -> Self {
        Self {
            start: StartScript::Starts,
            starts_after: Millis::from_millis(5),
            listens_after: Millis::from_millis(50),
            ready_after: Some(Millis::from_millis(100)),
            unready: None,
            ends: None,
            status: CommandState::Live,
            status_takes: Millis::ZERO,
            unclear_first: 0,
            ignores_stop_for: Millis::from_millis(10),
        }
    }
}

/// By what name the `rollback` of a command is given a script of its own.
pub fn going_back(content: &str) -> String {
    format!("{content}, going back")
}

impl Script {
    /// A command that ends well after 300 ms.
    pub fn command() -> Self {
        Self::run(InstanceEnd::Exited(0))
    }

    /// A command that ends so after 300 ms.
    pub fn run(end: InstanceEnd) -> Self {
        let after = Millis::from_millis(300);
        Self {
            ends: Some(End { after, end }),
            ..Self::default()
        }
    }

    /// One that listens and never answers well.
    pub fn never_ready() -> Self {
        Self {
            ready_after: None,
            ..Self::default()
        }
    }

    /// One that can't be started.
    pub fn rejected() -> Self {
        Self {
            start: StartScript::Rejected,
            ..Self::default()
        }
    }

    /// One that is ready and ends by itself with status 1.
    pub fn ends_after(after: Millis) -> Self {
        let end = InstanceEnd::Exited(1);
        Self {
            ends: Some(End { after, end }),
            ..Self::default()
        }
    }

    /// One that is ready and stops answering well for good.
    pub fn unready_after(after: Millis) -> Self {
        Self {
            unready: Some(Unready { after, lasts: None }),
            ..Self::default()
        }
    }
}
