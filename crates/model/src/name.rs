//! Names that people choose: applications, environments, services.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name accepted. Names become file names and host labels, which end at 63 bytes.
const LONGEST: usize = 63;

/// Why a text can't be a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName {
    /// The text that was offered.
    pub text: String,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a name: lower-case letters, digits and inner hyphens, at most {LONGEST}",
            self.text
        )
    }
}

impl std::error::Error for InvalidName {}

fn checked(text: &str) -> Result<String, InvalidName> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let ok = text.len() <= LONGEST
        && text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|c| plain(c) || c == '-');
    if ok {
        Ok(text.to_owned())
    } else {
        Err(InvalidName {
            text: text.to_owned(),
        })
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and keeps it.
            ///
            /// # Errors
            /// [`InvalidName`] unless it is lower-case letters, digits and inner hyphens, at most 63.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                checked(text).map(Self)
            }

            /// The name as written.
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
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                checked(&text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name_type! {
    /// One application: the key of a state directory's contents.
    AppName
}
name_type! {
    /// One environment of an application, such as `staging`.
    EnvironmentName
}
name_type! {
    /// One service of an application.
    ServiceName
}
name_type! {
    /// One category of the health score, such as `testing`.
    CategoryName
}
name_type! {
    /// One check of a category of the health score.
    CheckName
}

impl EnvironmentName {
    /// The environment of a file that names none.
    pub fn default_environment() -> Self {
        Self("default".to_owned())
    }
}

/// Where a service lives: nothing outside is keyed by less than this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceKey {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The service.
    pub service: ServiceName,
}

impl ServiceKey {
    /// A service of a router that runs alone, which knows of no application.
    pub fn alone(service: ServiceName) -> Self {
        Self {
            app: AppName("alone".to_owned()),
            environment: EnvironmentName::default_environment(),
            service,
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.app, self.environment, self.service)
    }
}

// As a string, so that it can be the key of a JSON map. A name holds no slash.
impl From<ServiceKey> for String {
    fn from(key: ServiceKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for ServiceKey {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        let parts: Vec<&str> = text.split('/').collect();
        let [app, environment, service] = parts[..] else {
            return Err(InvalidName { text });
        };
        Ok(Self {
            app: AppName::new(app)?,
            environment: EnvironmentName::new(environment)?,
            service: ServiceName::new(service)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lower_case_letters_digits_and_inner_hyphens() {
        for good in ["a", "api", "old-name", "v2", "0"] {
            assert!(ServiceName::new(good).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a_b",
            "a/b",
            "../x",
            "ü",
            long.as_str(),
        ] {
            assert!(ServiceName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_service_key_survives_a_json_map_key() {
        let key = ServiceKey::try_from("shop/default/api".to_owned()).expect("a key");
        let map = std::collections::BTreeMap::from([(key.clone(), 1)]);
        let text = serde_json::to_string(&map).expect("json");
        assert_eq!(text, r#"{"shop/default/api":1}"#);
        let back: std::collections::BTreeMap<ServiceKey, i32> =
            serde_json::from_str(&text).expect("a map");
        assert_eq!(back.keys().next(), Some(&key));
    }
}
