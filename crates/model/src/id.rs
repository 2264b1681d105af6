//! Ids that Windlass mints, and the numbers that fence.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text can't be an id of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    /// The prefix that was expected, such as `dep`.
    pub prefix: &'static str,
    /// The text that was offered.
    pub text: String,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not an id of the form {}_…",
            self.text, self.prefix
        )
    }
}

impl std::error::Error for InvalidId {}

/// Longest id accepted: a prefix and 128 bits in base 32, with room to spare.
const LONGEST: usize = 64;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident = $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Puts the prefix before `tail`, which the shell's id source minted.
            ///
            /// # Errors
            /// [`InvalidId`] unless `tail` is lower-case letters and digits.
            pub fn from_tail(tail: &str) -> Result<Self, InvalidId> {
                Self::parse(&format!("{}_{tail}", $prefix))
            }

            /// Reads an id, checking its prefix.
            ///
            /// # Errors
            /// [`InvalidId`] for another prefix or characters that no id has.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let fine = text.len() <= LONGEST
                    && text.strip_prefix($prefix).and_then(|t| t.strip_prefix('_')).is_some_and(
                        |tail| {
                            !tail.is_empty()
                                && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                        },
                    );
                if fine {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { prefix: $prefix, text: text.to_owned() })
                }
            }

            /// The whole id, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

// Append only, alphabetical.
id_type! {
    /// One coordinated change of services in an environment.
    DeploymentId = "dep"
}
id_type! {
    /// This installation of Windlass: outside objects carry it, and those of another are refused.
    InstallationId = "inst"
}
id_type! {
    /// One running copy of a release.
    InstanceId = "ins"
}
id_type! {
    /// A plan: the digest of everything it was computed from.
    PlanId = "plan"
}

/// A SHA-256 in lower-case hex: 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Checks 64 lower-case hex characters and keeps them.
    ///
    /// # Errors
    /// [`InvalidId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId {
                prefix: "sha256",
                text: text.to_owned(),
            })
        }
    }

    /// All 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten characters: what people see, and the default version.
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(pub $inner);

        impl $name {
            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_type! {
    /// The controller's fencing number, raised at each start.
    Epoch(u64)
}
number_type! {
    /// The place of one release of a service; counts up per service and is never used again.
    SlotId(u32)
}
number_type! {
    /// A timer of one deployment. A firing whose id is no longer waited for is stale.
    TimerId(u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!(DeploymentId::parse("dep_01k0").is_ok());
        for bad in ["ins_01k0", "dep_", "dep", "dep_01K0", "dep_../x", ""] {
            assert!(DeploymentId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_is_64_hex_characters() {
        assert_eq!(
            Digest::parse(&"ab".repeat(32)).expect("a digest").short(),
            "ababababab"
        );
        assert!(Digest::parse(&"AB".repeat(32)).is_err());
        assert!(Digest::parse("ab").is_err());
    }
}
