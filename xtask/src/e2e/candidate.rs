//! The candidates, and why each must go back.

/// How long an answer of a good version takes, in milliseconds.
const TAKES: u32 = 40;

/// A version that is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// One answer in a hundred is an error.
    Errors1,
    /// One in twenty.
    Errors5,
    /// One in two.
    Errors50,
    /// Answers take half as long again.
    Slow15,
    /// They take three times as long.
    Slow30,
    /// It keeps memory with each answer, up to its limit and beyond.
    Leak,
    /// It ends by itself.
    Crash,
    /// It answers nothing any more.
    Hang,
    /// It answers well and says that its database is down.
    Unwell,
    /// It is good until half of the traffic comes to it.
    Overload,
}

impl Candidate {
    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Errors1,
        Self::Errors5,
        Self::Errors50,
        Self::Slow15,
        Self::Slow30,
        Self::Leak,
        Self::Crash,
        Self::Hang,
        Self::Unwell,
        Self::Overload,
    ];

    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Errors1 => "errors-1%",
            Self::Errors5 => "errors-5%",
            Self::Errors50 => "errors-50%",
            Self::Slow15 => "slow-1.5x",
            Self::Slow30 => "slow-3x",
            Self::Leak => "leak",
            Self::Crash => "crash",
            Self::Hang => "hang",
            Self::Unwell => "unwell",
            Self::Overload => "overload",
        }
    }

    /// The options of its program, where `rate` requests come in a second.
    pub(super) fn options(self, rate: u32) -> String {
        let takes = |millis: u32| format!("--takes {millis}");
        let fault = |fault: &str| format!("{} --fault {fault}", takes(TAKES));
        match self {
            Self::Errors1 => fault("errors --fault-every 100"),
            Self::Errors5 => fault("errors --fault-every 20"),
            Self::Errors50 => fault("errors --fault-every 2"),
            Self::Slow15 => takes(TAKES * 3 / 2),
            Self::Slow30 => takes(TAKES * 3),
            Self::Leak => fault("leak"),
            Self::Crash => fault("crash --fault-every 500"),
            Self::Hang => fault("hang --fault-every 500"),
            Self::Unwell => fault("unwell"),
            // Between its share before and half of what comes.
            Self::Overload => {
                let load = rate * 7 / 20;
                fault(&format!("overload --fault-every 10 --fault-load {load}"))
            }
        }
    }

    /// What a good version's program is told.
    pub(super) fn good() -> String {
        format!("--takes {TAKES}")
    }

    /// Words of which one must stand in the reason for which it went back.
    pub(super) const fn reasons(self) -> &'static [&'static str] {
        match self {
            Self::Errors1 | Self::Errors5 | Self::Overload => &["% beside it: worse, "],
            Self::Errors50 => &["% beside it: worse, ", "were errors"],
            Self::Slow15 | Self::Slow30 => &["; slower: "],
            Self::Leak => &["memory > 95%"],
            Self::Crash => &["exit", "ended", "could not be connected to", "no instance"],
            Self::Hang => &["no answer in", "not ready", "could not be connected to"],
            Self::Unwell => &["probe database failing"],
        }
    }

    /// The only share at which it may go back, in percent, where there is one.
    pub(super) const fn only_at(self) -> Option<u64> {
        match self {
            Self::Overload => Some(50),
            Self::Errors1
            | Self::Errors5
            | Self::Errors50
            | Self::Slow15
            | Self::Slow30
            | Self::Leak
            | Self::Crash
            | Self::Hang
            | Self::Unwell => None,
        }
    }
}
