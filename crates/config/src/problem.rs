//! What can be wrong with a file, each with a stable code.

use crate::tree::Span;

/// One thing that is wrong, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where; none for what stands in no file.
    pub span: Option<Span>,
    /// Stable code, such as `WL0121`; one of [`CODES`].
    pub code: &'static str,
    /// What is wrong: one line, lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn at(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn nowhere(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            span: None,
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One code that a problem can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Such as `WL0121`; never given another meaning.
    pub code: &'static str,
    /// What it means, in a few words.
    pub title: &'static str,
    /// Who can see it.
    pub seen_by: SeenBy,
}

/// Who can see a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBy {
    /// Whoever reads the format: the file is no tree, or not one that may be read further.
    Parser,
    /// The JSON Schema, and so an editor, as well as the decoders.
    Schema,
    /// Only Windlass: it takes more than the shape of one value to see it.
    Check,
    /// Only Windlass, and it only says so: the file is read all the same.
    Warning,
    /// Nobody who sees only the file: it is about what was typed, or lies, beside it.
    Request,
}

macro_rules! codes {
    ($($name:ident = $code:literal $seen:ident $title:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*

        /// Every code of a configuration problem, in order.
        pub const CODES: &[Code] = &[
            $(Code { code: $code, title: $title, seen_by: SeenBy::$seen },)*
        ];
    };
}

codes! {
    TOO_LARGE = "WL0101" Parser "the file is too large";
    SYNTAX = "WL0102" Parser "the file is not YAML, TOML or JSON";
    TOO_DEEP = "WL0103" Parser "maps and lists are nested too deeply";
    TOO_MANY_NODES = "WL0104" Parser "the file has too many values";
    TOO_MUCH_ALIASED = "WL0105" Parser "the aliases write out to too much text";
    SEVERAL_DOCUMENTS = "WL0106" Parser "the file has more than one document";
    EMPTY_FILE = "WL0107" Parser "the file is empty";
    TAG = "WL0108" Parser "a YAML tag is used";
    KEY_NOT_TEXT = "WL0109" Parser "a key is not a text";
    DUPLICATE_KEY = "WL0110" Parser "a key is given twice";
    ALIAS_OF_ITSELF = "WL0111" Parser "an alias stands inside what it repeats";
    DATE = "WL0112" Parser "a date is used";
    MERGE = "WL0113" Parser "`<<` names no map";

    UNKNOWN_KEY = "WL0120" Schema "a key is unknown";
    LATER_KEY = "WL0121" Schema "a key is not in this version yet";
    MISSING_KEY = "WL0122" Schema "a key is missing";
    WRONG_KIND = "WL0123" Schema "a value is of the wrong kind";
    EMPTY_VALUE = "WL0124" Schema "a key has no value";
    NAME = "WL0125" Schema "a name is malformed";
    DURATION = "WL0126" Schema "a duration is malformed";
    NUMBER = "WL0127" Schema "a number is out of range";
    CHOICE = "WL0128" Schema "a value is none of its choices";
    SHARE = "WL0129" Schema "a share of the traffic is malformed";
    PATH = "WL0130" Schema "a path is malformed";
    ADDRESS = "WL0131" Schema "an address is malformed";
    PLACE = "WL0132" Schema "a place for a value is malformed";
    NOT_TOGETHER = "WL0133" Schema "two keys exclude each other";
    COUNT = "WL0134" Schema "a list or map has too few or too many entries";
    VARIABLE = "WL0135" Schema "the name of a variable is malformed";
    REPEATED = "WL0136" Schema "a list names something twice";
    VERSION = "WL0137" Schema "a version is malformed";
    TRIGGER = "WL0138" Schema "a trigger is malformed";
    NO_LIMIT = "WL0139" Check "a trigger is a share of a limit that is not set";
    HOST = "WL0140" Schema "a host is malformed";
    SIZE = "WL0141" Schema "a number of bytes is malformed";
    TOKEN = "WL0142" Schema "a header, a cookie or a method is malformed";

    UNCLOSED_QUOTE = "WL0150" Check "a quote in `run` is not closed";
    NO_SHELL = "WL0151" Check "`run` is written for a shell";
    CONTROL_CHARACTER = "WL0152" Check "a text holds a character that can't be passed on";
    TOO_LONG = "WL0153" Check "a text or a command is too long";
    DURATION_TOO_LONG = "WL0154" Check "a duration is too long";
    NO_TIME = "WL0155" Check "a duration must not be zero";
    ADDRESS_V6 = "WL0156" Check "an IPv6 address is malformed";
    OUTSIDE_FOLDER = "WL0157" Check "a file lies outside the folder of windlass.yaml";
    ODD_NUMBER = "WL0158" Check "a number is written in a way that readers disagree on";
    NO_PROGRAM = "WL0159" Check "a command names no program";

    UNKNOWN_NEED = "WL0160" Check "`needs` names a service that is not in the file";
    NEEDS_ITSELF = "WL0161" Check "a service needs itself";
    CYCLE = "WL0162" Check "services need each other in a circle";
    ADDRESS_TAKEN = "WL0163" Check "two services are served at the same place";
    NOT_RISING = "WL0164" Check "the shares of a canary do not rise";
    NOT_ALL = "WL0165" Check "a canary does not end at 100 %";
    NO_SPLIT = "WL0166" Check "a strategy, `sticky` or `traffic` needs `listen`";
    OVERLAP_WITH_LISTEN = "WL0167" Check "`overlap` has no meaning with `listen`";
    OVERLAP_AND_RECREATE = "WL0168" Check "`overlap: yes` and `recreate` contradict each other";
    OWN_VARIABLE = "WL0169" Check "`env` sets what Windlass sets";
    NOT_A_SERVICE = "WL0170" Check "an environment overrides a service that is not in the file";
    NEVER_READY = "WL0171" Check "a probe's answers do not fit in its time";
    NEVER_FIRES = "WL0172" Check "a share is compared with none or with all";
    WAS_IN_FILE = "WL0173" Check "`was` names a service of the file";
    WAS_TWICE = "WL0174" Check "two services were the same one";
    NOT_QUOTED = "WL0175" Check "a version or a value of `env` is not in quotes in TOML or JSON";
    SWALLOWED = "WL0176" Warning "a comment may swallow the end of a value";
    UNUSED_ANCHOR = "WL0177" Warning "a word that starts with `&` is no part of its value";
    MIXED = "WL0178" Check "services of one address differ in what must be the same for all";
    NO_VERSION = "WL0179" Check "a command has no version to bring";

    WHICH_ENVIRONMENT = "WL0180" Request "several environments and no `-e`";
    UNKNOWN_ENVIRONMENT = "WL0181" Request "`-e` names no environment of the file";
    SET_UNKNOWN_SERVICE = "WL0182" Request "`--set` names no service of the file";
    SET_VERSION = "WL0183" Request "`--set` gives no usable version";
    SET_TWICE = "WL0184" Request "`--set` names a service twice";
    MAY_RISE = "WL0185" Warning "a category of the score may come to count for nothing";
    UNSET_NAME = "WL0190" Request "a name in `run` or `env` has no value";
    TLS_FILES = "WL0191" Request "a certificate or its key can't be used";
    NOT_WATCHED = "WL0192" Warning "a trigger is not watched";
    NO_EVIDENCE = "WL0193" Check "evidence is asked for where nothing can be compared";
    TOO_SHORT = "WL0194" Check "the longest time of a step is shorter than its bake";
    NO_SCORE = "WL0195" Check "a score is asked for where nothing makes one";
    NOT_MEASURED = "WL0196" Check "a check of the score can't be measured";
    SCORE_TWICE = "WL0197" Check "`before` asks for a score twice";
    BELOW_ALONE = "WL0198" Check "`below` without a `score`";
    NO_HOST = "WL0475" Check "certificates are ordered for no host, or for one that can't be proven";
    FOR_A_SHELL = "WL0478" Warning "a word may be meant for a shell";
    NOT_HERE = "WL0479" Request "what a service consists of is not on this machine";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(CODES.iter().all(|code| {
            ["WL01", "WL04"].contains(&code.code.get(..4).unwrap_or_default())
                && code.code.len() == 6
        }));
    }
}
